
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);

// Every text becomes a text node and every attribute is set by name: nothing is ever parsed as HTML.
function make(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

function clock(seconds, digits = 0) {
  const unit = 10 ** digits;
  const total = Math.floor(Math.max(0, seconds) * unit + 1e-6) / unit;
  const pad = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(total / 3600), minutes = Math.floor(total / 60) % 60;
  const rest = (total % 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return (hours ? `${hours}:${pad(minutes)}` : `${minutes}`) + `:${rest}`;
}

const relative = (path) => path.split("/").map(encodeURIComponent).join("/");
const many = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

// --- a player and what lies along its time

function lane(name, blocks) {
  return make("div", { class: "lane", "data-name": name }, make("div", { class: "clip" }, ...blocks));
}

const numberOf = (kind, index) => (kind === "segment" ? index : index + 1); // as rows count them

function block(kind, index, [start, end, title], duration) {
  const node = make("span", { class: `block ${kind}${index % 2 ? " odd" : ""}` });
  node.style.left = `${(100 * start) / duration}%`;
  node.style.width = `${(100 * Math.max(0, end - start)) / duration}%`;
  const span = end > start ? `${clock(start, 2)}–${clock(end, 2)}` : clock(start, 2);
  node.title = `${kind} ${numberOf(kind, index)}, ${span}${title ? `: ${title}` : ""}`;
  return node;
}

// Lanes above one another with one playhead. Keys step through what `starts` gives, in seconds; returns it and what moves the playhead.
function timeLine(lanes, starts, duration, seek) {
  const head = make("span", { class: "head" });
  const hover = make("span", { class: "hover", hidden: "" });
  const line = make("div", { class: "time-line", role: "slider", tabindex: "0", "aria-label": "Time",
    "aria-valuemin": "0", "aria-valuemax": String(duration) },
    ...lanes, make("div", { class: "track" }, head, hover));
  const track = line.querySelector(".track");
  const timeAt = (event) => {
    const box = track.getBoundingClientRect();
    return duration * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  line.addEventListener("click", (event) => seek(timeAt(event)));
  line.addEventListener("pointermove", (event) => {
    hover.hidden = false;
    hover.style.left = `${(100 * timeAt(event)) / duration}%`;
    hover.textContent = clock(timeAt(event), 1);
    if (event.buttons === 1) seek(timeAt(event));
  });
  line.addEventListener("pointerleave", () => { hover.hidden = true; });
  line.addEventListener("keydown", (event) => {
    const now = Number(line.getAttribute("aria-valuenow"));
    const to = {
      ArrowRight: () => now + 5, ArrowLeft: () => now - 5, Home: () => 0, End: () => duration,
      PageDown: () => starts().find((start) => start > now + 0.01) ?? now,
      PageUp: () => starts().findLast((start) => start < now - 0.01) ?? 0,
    }[event.key];
    if (!to || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    seek(Math.min(duration, Math.max(0, to())));
  });
  const show = (seconds) => {
    head.style.left = `${(100 * Math.min(seconds, duration)) / duration}%`;
    line.setAttribute("aria-valuenow", seconds.toFixed(3));
    line.setAttribute("aria-valuetext", clock(seconds, 2));
  };
  show(0);
  return [line, show];
}

// The player and the box that holds it; no player where browsers cannot be expected to play the file.
function player(source, poster, isPlayable) {
  const link = make("a", { href: source, target: "_blank", rel: "noopener" }, "open the file");
  if (!isPlayable) return [null, make("p", { class: "note" }, "Browsers do not play this kind of file: ", link)];
  const screen = make("video", { controls: "", preload: "metadata", playsinline: "", src: source, poster });
  const box = make("div", { class: "screen" }, screen);
  screen.addEventListener("error", () => box.replaceChildren(
    make("p", { class: "note" }, "This browser cannot play this file: ", link)), { once: true });
  return [screen, box];
}

function facts(pairs) {
  return make("dl", {}, ...pairs.flatMap(([name, value]) => [make("dt", { dir: "auto" }, name), make("dd", { dir: "auto" }, value)]));
}
