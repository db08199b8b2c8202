
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const PAGE = 300;

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

// --- all videos

function tile(video, index) {
  const frame = make("span", { class: "frame" }, video.poster ? "" : "no picture");
  if (video.poster) frame.append(make("img", { src: relative(video.poster), alt: "", loading: "lazy", decoding: "async" }));
  if (video.duration_s !== null) frame.append(make("span", { class: "length" }, clock(video.duration_s)));
  const soft = [many(video.scenes.length, "scene"), video.category].filter(Boolean).join(" · ");
  const words = make("span", { class: "words" }, make("span", { class: "name", dir: "auto" }, video.title),
    make("span", { class: "soft", dir: "auto" }, soft));
  return make("li", {}, make("a", { class: "tile", href: `#video-${index}` }, frame, words));
}

let waiting = [];
function showMore() {
  at("grid").append(...waiting.splice(0, PAGE).map(([video, i]) => tile(video, i)));
}

function showGrid() {
  const wanted = at("filter").value.trim().toLowerCase();
  const text = (video) => `${video.title}\n${video.video_id}\n${video.category ?? ""}`.toLowerCase();
  waiting = data.videos.flatMap((video, i) => (text(video).includes(wanted) ? [[video, i]] : []));
  at("shown").textContent = wanted ? `${waiting.length} of ${many(data.videos.length, "video")}` : "";
  at("grid").replaceChildren();
  showMore();
}

new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting)) showMore();
}, { rootMargin: "800px" }).observe(at("more"));

function showLeftOut() {
  at("left-out").hidden = data.left_out.length === 0;
  for (const group of data.left_out) {
    const ids = make("ul", { class: "ids" }, ...group.ids.map((id) => make("li", { dir: "auto" }, id)));
    if (group.n > group.ids.length) ids.append(make("li", {}, `and ${group.n - group.ids.length} more`));
    at("reasons").append(make("details", {},
      make("summary", {}, make("b", {}, String(group.n)), `${group.stage}: ${group.outcome}, ${group.reason}`), ids));
  }
}

// --- one video

function lane(name, blocks) {
  return make("div", { class: "lane", "data-name": name }, make("div", { class: "clip" }, ...blocks));
}

function block(kind, index, [start, end, title], duration) {
  const node = make("span", { class: `block ${kind}${index % 2 ? " odd" : ""}` });
  node.style.left = `${(100 * start) / duration}%`;
  node.style.width = `${(100 * Math.max(0, end - start)) / duration}%`;
  node.title = `${kind} ${index + 1}, ${clock(start, 2)}–${clock(end, 2)}${title ? `: ${title}` : ""}`;
  return node;
}

function timeLine(video, duration, seek) {
  const head = make("span", { class: "head" });
  const line = make("div", { class: "time-line", role: "slider", tabindex: "0", "aria-label": "Time",
    "aria-valuemin": "0", "aria-valuemax": String(duration) },
    lane("Scenes", video.scenes.map((scene, i) => block("scene", i, scene, duration))),
    lane("Shots", video.shots.map((shot, i) => block("shot", i, shot, duration))),
    make("div", { class: "track" }, head));
  const track = line.querySelector(".track");
  line.addEventListener("click", (event) => {
    const box = track.getBoundingClientRect();
    seek(duration * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
  });
  const starts = () => video.scenes.map((scene) => scene[0]);
  line.addEventListener("keydown", (event) => {
    const now = Number(line.getAttribute("aria-valuenow"));
    const to = {
      ArrowRight: () => now + 5, ArrowLeft: () => now - 5, Home: () => 0, End: () => duration,
      PageDown: () => starts().find((start) => start > now + 0.01) ?? now,
      PageUp: () => starts().findLast((start) => start < now - 0.01) ?? 0,
    }[event.key];
    if (!to) return;
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

function player(video) {
  const link = make("a", { href: relative(video.video), target: "_blank", rel: "noopener" }, "open the file");
  if (!video.is_playable) return [null, make("p", { class: "note" }, "Browsers do not play this kind of file: ", link)];
  const poster = video.poster ? relative(video.poster) : null;
  const screen = make("video", { controls: "", preload: "metadata", playsinline: "", src: relative(video.video), poster });
  const box = make("div", {}, screen);
  screen.addEventListener("error", () => box.replaceChildren(
    make("p", { class: "note" }, "This browser cannot play this file: ", link)), { once: true });
  return [screen, box];
}

function sceneList(video, seek) {
  const items = video.scenes.map(([start, , title], i) => {
    const button = make("button", { type: "button" }, make("time", {}, clock(start, 2)),
      make("span", { dir: "auto" }, title || `Scene ${i + 1}`));
    button.addEventListener("click", () => seek(start));
    return make("li", {}, button);
  });
  return make("ol", { class: "scenes", "aria-label": "Scenes" }, ...items);
}

function facts(pairs) {
  return make("dl", {}, ...pairs.flatMap(([name, value]) => [make("dt", { dir: "auto" }, name), make("dd", { dir: "auto" }, value)]));
}

function showVideo(video) {
  const ends = [...video.shots, ...video.scenes].map((span) => span[1]);
  const duration = Math.max(video.duration_s ?? 0, ends.reduce((a, b) => Math.max(a, b), 0), 0.001);
  const [screen, box] = player(video);
  let show = () => {};
  const mark = (now) => {
    show(now);
    video.scenes.forEach(([start, end], i) => {
      const button = list.children[i].firstChild;
      if (now >= start - 0.001 && now < (video.scenes[i + 1]?.[0] ?? end + 1)) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    });
  };
  const seek = (seconds) => {
    if (screen) screen.currentTime = seconds;
    mark(seconds);
  };
  const list = sceneList(video, seek);
  const [line, showAt] = timeLine(video, duration, seek);
  show = showAt;
  screen?.addEventListener("timeupdate", () => mark(screen.currentTime));
  const left = make("div", {}, box, line, make("div", { class: "scale" }, make("span", {}, "0:00"), make("span", {}, clock(duration))),
    make("h2", {}, "Facts"), facts([["id", video.video_id], ["category", video.category ?? "unknown"],
      ...video.facts, ["scenes, shots", `${video.scenes.length}, ${video.shots.length}`]]),
    ...(video.provenance.length ? [make("h2", {}, "Made from"), facts(video.provenance)] : []));
  const right = make("div", {}, video.scenes.length ? list : make("p", { class: "soft" }, "No scenes."));
  at("detail").replaceChildren(make("a", { class: "back", href: "#" }, "← All videos"),
    make("h2", { class: "heading", dir: "auto", tabindex: "-1" }, video.title), make("div", { class: "two" }, left, right));
}

// --- where we are: #video-<index>, or all of them

let scrolled = 0;
let opened = null;
function route() {
  const match = /^#video-(\d+)$/.exec(location.hash);
  const video = match ? data.videos[Number(match[1])] : undefined;
  if (video && opened === null) scrolled = window.scrollY;
  at("overview").hidden = Boolean(video);
  at("detail").hidden = !video;
  if (video) {
    opened = match[1];
    showVideo(video);
    window.scrollTo(0, 0);
    at("detail").querySelector(".heading").focus();
    return;
  }
  at("detail").replaceChildren();
  if (opened !== null) {
    window.scrollTo(0, scrolled);
    at("grid").querySelector(`a[href="#video-${opened}"]`)?.focus({ preventScroll: true });
    opened = null;
  }
}

const scenes = data.videos.reduce((n, video) => n + video.scenes.length, 0);
const hours = data.videos.reduce((n, video) => n + (video.duration_s ?? 0), 0) / 3600;
const lost = data.left_out.reduce((n, group) => n + group.n, 0);
at("title").textContent = data.title;
at("summary").textContent = [many(data.videos.length, "video"), `${hours.toFixed(2)} hours`, many(scenes, "scene"),
  `${lost.toLocaleString("en")} left out`].join(" · ");
at("made-by").textContent = data.made_by.length
  ? `Made by ${data.made_by.map(([name, version]) => `${name} ${version}`).join(" · ")}` : "";
at("filter").addEventListener("input", showGrid);
window.addEventListener("hashchange", route);
window.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && opened !== null) location.hash = "";
});
showGrid();
showLeftOut();
route();
