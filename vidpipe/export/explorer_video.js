
// --- one video: player, what lies along its time, what was told of it, and where all that comes from

const KINDS = { Scenes: "scene", Activities: "activity", Moments: "moment", Segments: "segment", Captions: "caption", Shots: "shot", Queries: "query" };
const SHORTEST = 0.001; // seconds; a video of which nobody said how long it is, until its player does
const media = (path) => data.media + relative(path);
let here = null; // of the open video: its player, where it stands, and how to move it

// [keys as browsers name them, keys as people read them, what they do, how]
const VIDEO_KEYS = [
  [[" ", "k"], ["Space", "k"], "play or pause", () => (here.screen?.paused ? here.screen.play().catch(() => {}) : here.screen?.pause())],
  [["ArrowLeft"], ["←"], "5 s back", () => here.to(here.now() - 5)],
  [["ArrowRight"], ["→"], "5 s on", () => here.to(here.now() + 5)],
  [["j"], ["j"], "10 s back", () => here.to(here.now() - 10)],
  [["l"], ["l"], "10 s on", () => here.to(here.now() + 10)],
  [[","], [","], "one frame back", () => here.to(here.now() - here.frameS)],
  [["."], ["."], "one frame on", () => here.to(here.now() + here.frameS)],
  [["[", "PageUp"], ["[", "PgUp"], "scene before, or what else the open list holds", () => here.to(here.starts().findLast((start) => start < here.now() - 0.01) ?? 0)],
  [["]", "PageDown"], ["]", "PgDn"], "next scene, or what else the open list holds", () => here.to(here.starts().find((start) => start > here.now() + 0.01) ?? here.now())],
  [["Home"], ["Home"], "to the start", () => here.to(0)],
  [["End"], ["End"], "to the end", () => here.to(here.duration)],
  [["m"], ["m"], "sound off or on", () => { if (here.screen) here.screen.muted = !here.screen.muted; }],
  [["c"], ["c"], "captions on or off", () => { if (here.track) here.track.mode = here.track.mode === "showing" ? "hidden" : "showing"; }],
  [["f"], ["f"], "full screen", () => (document.fullscreenElement ? document.exitFullscreen() : here.screen?.requestFullscreen().catch(() => {}))],
  [["p"], ["p"], "video before", () => { if (here.before) location.hash = here.before; }],
  [["n"], ["n"], "next video", () => { if (here.after) location.hash = here.after; }],
  [["Escape"], ["Esc"], "all videos", () => { location.hash = lastGrid || ""; }],
];

function videoKey(event) {
  if (!here && event.key !== "Escape") return;
  if (event.target.closest?.("button, a, summary") && [" ", "Enter"].includes(event.key)) return;
  if (event.target.matches?.("[role=tab]") && event.key.startsWith("Arrow")) return;
  const key = VIDEO_KEYS.find(([names]) => names.includes(event.key));
  if (!key) return;
  event.preventDefault();
  key[3]();
}

// Captions as the player shows them, or null. What a cue says is marked-up text: here it is text alone.
function captionTrack(screen, items) {
  if (!screen || !items?.length || !window.VTTCue) return null;
  const track = screen.addTextTrack("captions", "Captions");
  for (const [start, end, text] of items) {
    if (end > start) track.addCue(new VTTCue(start, end, text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")));
  }
  track.mode = "hidden";
  return track;
}

function closeVideo() {
  here?.screen?.pause();
  here = null;
  at("detail").replaceChildren();
}

const SCORES = ["dynamism", "sound fits"];

function queryGroups(queries) {
  return queries.map(([name, lines]) => make("section", {}, make("h3", { dir: "auto" }, name.replaceAll("_", " ")),
    make("ul", {}, ...lines.map((line) => make("li", { dir: "auto" }, line)))));
}

// What more is told of an item, folded up; of a segment that is its queries.
function moreOf(told, kind) {
  const more = told.filter(([name]) => !SCORES.includes(name));
  if (!more.length) return null;
  const fold = (words, ...nodes) => make("details", { class: "more" }, make("summary", {}, words), ...nodes);
  if (kind !== "segment") return fold(more.map((pair) => pair[0]).join(", "), facts(more));
  const fields = new Map();
  for (const [name, line] of more) fields.set(name, [...(fields.get(name) ?? []), line]);
  return fold(more.length === 1 ? "1 query" : `${more.length} queries`, make("div", { class: "told" }, ...queryGroups([...fields])));
}

function itemNode([start, end, text, told = []], i, kind, seek) {
  const scores = told.filter(([name]) => SCORES.includes(name)).map(([name, value]) => `${name} ${Number(value).toFixed(2)}`);
  const isSegment = kind === "segment";
  const lasting = [`${(end - start).toFixed(1)} s`, ...(isSegment && text ? [text] : scores)].join(" · ");
  const below = isSegment || kind === "scene" || kind === "shot" ? make("span", { class: isSegment ? "soft one-line" : "soft" }, lasting) : null;
  const called = `${kind[0].toUpperCase()}${kind.slice(1)} ${numberOf(kind, i)}`;
  const button = make("button", { type: "button" }, make("time", {}, clock(start, kind === "shot" ? 2 : 1)),
    make("span", { dir: "auto" }, isSegment ? called : text || called, below));
  button.addEventListener("click", () => seek(start));
  return make("li", {}, button, moreOf(told, kind));
}

// A list whose items are put in the page by and by, and marked while their time is played; of a segment that is, the
// queries are unfolded.
function itemList(name, items, nAll, seek) {
  const kind = KINDS[name] ?? "scene";
  const list = make("ol", { class: "scenes", "aria-label": name });
  const add = (n) => list.append(...items.slice(list.children.length, list.children.length + n).map((item, i) => itemNode(item, list.children.length + i, kind, seek)));
  const fill = (i) => { while (list.children.length <= i && list.children.length < items.length) add(200); };
  add(200);
  list.addEventListener("scroll", () => { if (list.scrollTop + 2 * list.clientHeight > list.scrollHeight) add(200); });
  const rest = nAll > items.length ? make("p", { class: "soft" }, `and ${(nAll - items.length).toLocaleString("en")} more`) : null;
  const unfold = (i, isOpen) => list.children[i]?.querySelector("details")?.toggleAttribute("open", isOpen);
  const scrollTo = (node) => {
    const top = node.offsetTop;
    if (top < list.scrollTop || top + node.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = top - (kind === "segment" ? 0 : list.clientHeight / 3);
  };
  let marked = new Set();
  let chosen; // the one that is shown
  const mark = (now) => {
    const isNow = ([start, end]) => now >= start - 0.001 && now < Math.max(end, start + (kind === "moment" ? 1 : 0.04)) - 0.001;
    const next = new Set(items.flatMap((item, i) => (isNow(item) ? [i] : [])));
    for (const i of marked) if (!next.has(i)) list.children[i]?.firstChild.removeAttribute("aria-current");
    for (const i of next) {
      fill(i);
      list.children[i].firstChild.setAttribute("aria-current", "true");
    }
    marked = next;
    const i = kind === "segment" ? [...next].at(-1) : [...next][0]; // segments overlap: the one that has just begun
    if (i === chosen) return;
    if (kind === "segment") {
      unfold(chosen, false);
      unfold(i, true);
    }
    chosen = i;
    if (i !== undefined) scrollTo(list.children[i]);
  };
  return [make("div", {}, list, rest), mark];
}

function queryList(queries) {
  return [make("div", { class: "queries scenes" }, ...queryGroups(queries)), () => {}];
}

// Lists under tabs, one of them shown: the node, what shows the list of a name, and what gives the name of the shown one.
function tabs(lists) {
  const bar = make("div", { class: "tabs", role: "tablist", "aria-label": "Along the video" });
  const panels = lists.map(([name, n, [node]], i) => {
    const button = make("button", { type: "button", role: "tab", id: `tab-${i}`, "aria-controls": `panel-${i}` }, name, make("span", { class: "soft" }, ` ${n.toLocaleString("en")}`));
    bar.append(button);
    return make("div", { role: "tabpanel", id: `panel-${i}`, "aria-labelledby": `tab-${i}` }, node);
  });
  let shownI = 0;
  const show = (wantedI) => {
    shownI = wantedI;
    panels.forEach((panel, i) => {
      panel.hidden = i !== wantedI;
      bar.children[i].setAttribute("aria-selected", String(i === wantedI));
      bar.children[i].tabIndex = i === wantedI ? 0 : -1;
    });
  };
  [...bar.children].forEach((button, i) => button.addEventListener("click", () => show(i)));
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const i = ([...bar.children].indexOf(document.activeElement) + step + panels.length) % panels.length;
    show(i);
    bar.children[i].focus();
  });
  show(0);
  const showNamed = (name) => {
    const i = lists.findIndex((one) => one[0] === name);
    if (i >= 0) show(i);
  };
  return [make("div", { class: "side" }, bar, ...panels), showNamed, () => lists[shownI][0]];
}

function webAddress(text) {
  try {
    const url = new URL(text);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function screenOf(row, detail) {
  const poster = typeof row.poster === "string" ? media(row.poster) : null; // a player cannot show one of several
  if (detail.video) return player(media(detail.video), poster, detail.is_playable);
  const url = detail.source ? webAddress(detail.source) : null;
  const link = url ? make("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, new URL(url).hostname) : null;
  const words = make("p", {}, "The media of this video are not in the dataset. ", ...(link ? ["It can be seen at ", link, "."] : ["Its source has no page."]));
  return [null, make("div", { class: "screen none" }, poster ? make("img", { src: poster, alt: "" }) : null, words)];
}

function chips(row, detail) {
  const licence = detail.provenance.find((pair) => pair[0] === "licence")?.[1];
  const chip = (name, value) => make("a", { class: "chip", href: address({ [name]: value }, new URLSearchParams()), dir: "auto" }, value);
  const nodes = [row.series ? chip("series", row.series) : null, row.category ? chip("category", row.category) : null, ...row.moods.map((mood) => chip("mood", mood)),
    licence ? make("span", { class: "chip fixed", dir: "auto" }, licence) : null].filter(Boolean);
  return nodes.length ? make("p", { class: "chips" }, ...nodes) : null;
}

function textList(texts) {
  return texts.map(([name, text]) => make("div", { class: "text" }, make("h3", { dir: "auto" }, name), make("p", { dir: "auto" }, text)));
}

function panel(title, ...children) {
  return children.length ? make("section", { class: "panel" }, make("h2", {}, title), ...children) : null;
}

function step(row, words, kind) {
  const href = row ? address({ v: row.place }, new URLSearchParams()) : null;
  return [row ? make("a", { class: kind, href }, words) : null, href];
}

function showVideo(row, detail, { startS, before, after }) {
  const ends = detail.lanes.flatMap(([, , items]) => items.map((item) => item[1]));
  const duration = ends.reduce((a, b) => Math.max(a, b), Math.max(row.length ?? 0, SHORTEST));
  const [screen, box] = screenOf(row, detail);
  const marks = [];
  let now = 0;
  const mark = (seconds) => {
    now = seconds;
    marks.forEach((one) => one(seconds));
  };
  const to = (seconds) => {
    const inside = Math.min(duration, Math.max(0, seconds));
    if (screen) screen.currentTime = inside;
    mark(inside);
  };
  const steps = new Map(detail.lanes.filter(([name]) => name !== "Queries").map(([name, , items]) => [name, [...new Set(items.map((item) => item[0]))].sort((a, b) => a - b)]));
  const starts = () => steps.get(shownName()) ?? steps.get("Scenes") ?? steps.get("Shots") ?? [];
  const [[earlier, beforeHref], [later, afterHref]] = [step(before, "← Before", "step"), step(after, "Next →", "step")];
  const track = captionTrack(screen, detail.lanes.find(([name]) => name === "Captions")?.[2]);
  here = { screen, track, duration, starts, to, now: () => now, frameS: 1 / (detail.fps || 25), before: beforeHref, after: afterHref };
  const lanes = detail.lanes.map(([name, , items]) => lane(name, items.map((item, i) => block(KINDS[name] ?? "scene", i, item, duration))));
  const [line, show] = timeLine(lanes.length ? lanes : [lane("", [])], starts, duration, to);
  const lists = detail.lanes.filter(([name]) => name !== "Queries").map(([name, n, items]) => [name, n, itemList(name, items, n, to)]);
  if (detail.queries.length) lists.unshift(["Queries", detail.queries.reduce((n, pair) => n + pair[1].length, 0), queryList(detail.queries)]);
  const [right, showNamed, shownName] = lists.length ? tabs(lists) : [make("p", { class: "soft" }, "Nothing is told along this video."), () => {}, () => null];
  line.addEventListener("click", (event) => { if (event.target.matches(".block")) showNamed(event.target.closest(".lane").dataset.name); });
  marks.push(show, ...lists.map(([, , [, one]]) => one));
  screen?.addEventListener("timeupdate", () => mark(screen.currentTime));
  screen?.addEventListener("loadedmetadata", () => {
    if (duration <= SHORTEST && screen.duration > SHORTEST) showVideo({ ...row, length: screen.duration }, detail, { startS, before, after });
    else if (startS) to(startS);
  }, { once: true });
  const hint = make("p", { class: "hint soft" }, ...[["Space", "plays"], ["← →", "5 s"], ["[ ]", "through the list"], [", .", "frames"], ["?", "all keys"]]
    .flatMap(([key, what]) => [make("kbd", {}, key), ` ${what}  `]));
  const scale = make("div", { class: "scale" }, make("span", {}, "0:00"), make("span", {}, clock(duration, 1)));
  const left = make("div", {}, box, ...(screen || lanes.length ? [line, scale, hint] : []));
  const source = detail.source ? webAddress(detail.source) : null;
  const origin = source ? [make("p", {}, make("a", { href: source, target: "_blank", rel: "noopener noreferrer nofollow", dir: "ltr" }, source))] : [];
  at("detail").replaceChildren(make("nav", { class: "steps", "aria-label": "Videos" }, backLink(), make("span", {}), earlier, later),
    make("h2", { class: "heading", dir: "auto", tabindex: "-1" }, row.title), chips(row, detail) ?? "",
    make("div", { class: "two" }, left, right),
    make("div", { class: "panels" }, panel("What is told", ...textList(detail.texts)) ?? "",
      panel("Facts", facts([["id", row.id], ...detail.facts])) ?? "",
      panel("Provenance", ...origin, make("div", { class: "hashes" }, facts(detail.provenance))) ?? ""));
  mark(startS);
}
