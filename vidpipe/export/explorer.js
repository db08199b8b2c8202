
// --- the data: an index that is read at once, details that are read when a video is opened

const PART = /^explorer\/(\d+\/)?(index-|left-out-)?\d+\.[0-9a-f]{12}\.js$/;
const asked = new Map();
let told = null;
window.part = (values) => { told = values; }; // each script of data calls it once

function load(name) {
  if (!asked.has(name)) {
    asked.set(name, new Promise((done, failed) => {
      if (!PART.test(name)) throw new Error(`${name} is no part of this page`);
      const script = make("script", { src: name });
      script.addEventListener("load", () => { script.remove(); done(told); told = null; });
      script.addEventListener("error", () => { asked.delete(name); failed(new Error(`${name} cannot be read`)); });
      document.head.append(script);
    }));
  }
  return asked.get(name);
}

const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const rows = []; // in the order of the dataset
const lost = []; // what was left out, once it was asked for
const byId = new Map();

function rowOf([id, title, line, category, series, moods, length, poster, scenes, hasMedia]) {
  const text = folded([title, id, line, category, series, ...moods].filter(Boolean).join("\n"));
  return { id, title: title || id, line, category, series, moods, length, poster, scenes, hasMedia: Boolean(hasMedia), group: null, text };
}

function lostOf([id, index]) {
  const [stage, outcome, reason] = data.left_out[index];
  return { id, title: id, line: reason, category: null, series: null, moods: [], length: null, poster: null, scenes: 0, hasMedia: false,
    group: { stage, outcome, reason }, text: folded([id, stage, outcome, reason].join("\n")) };
}

async function detailOf(row) {
  let first = 0;
  for (const [name, n] of data.details) {
    if (row.index < first + n) return (await load(name))[row.index - first];
    first += n;
  }
  throw new Error("this video has no details");
}

// --- what is wanted, as the address says it: #q=…&mood=…, or #v=<id>&t=<seconds> for one video

const FILTERS = ["q", "series", "category", "mood", "length", "outcome", "sort"];
const LENGTHS = [["under 1 min", 0, 60], ["1 to 5 min", 60, 300], ["5 to 20 min", 300, 1200], ["20 to 60 min", 1200, 3600],
  ["1 h and more", 3600, Infinity]];
const WITHOUT = "without media";
const LEFT_OUT = "left out";
const SORTS = {
  "": ["in order", null],
  title: ["by title", (a, b) => a.title.localeCompare(b.title, "en")],
  longest: ["longest first", (a, b) => (b.length ?? -1) - (a.length ?? -1)],
  shortest: ["shortest first", (a, b) => (a.length ?? Infinity) - (b.length ?? Infinity)],
  scenes: ["most scenes first", (a, b) => b.scenes - a.scenes],
};
const wanted = () => new URLSearchParams(location.hash.slice(1));
const isIn = (category, value) => category === value || Boolean(category?.startsWith(`${value} / `));
const groupName = ({ stage, outcome, reason }) => `${outcome}: ${reason || stage}`;

function address(changes, from = wanted()) {
  for (const [name, value] of Object.entries(changes)) {
    if (value) from.set(name, value);
    else from.delete(name);
  }
  return `#${from}`;
}

const isLost = (outcome) => Boolean(outcome) && outcome !== WITHOUT;

function isOutcome(row, outcome) {
  if (!outcome) return row.group === null;
  if (outcome === WITHOUT) return row.group === null && !row.hasMedia;
  if (outcome === LEFT_OUT) return row.group !== null;
  return row.group !== null && groupName(row.group) === outcome;
}

function search() {
  const want = wanted();
  const words = folded(want.get("q") ?? "").split(/\s+/).filter(Boolean);
  const [series, category, mood, outcome] = ["series", "category", "mood", "outcome"].map((name) => want.get(name));
  const length = LENGTHS.find(([name]) => name === want.get("length"));
  const found = (isLost(outcome) ? lost : rows).filter((row) => isOutcome(row, outcome)
    && words.every((word) => row.text.includes(word))
    && (!series || row.series === series) && (!category || isIn(row.category, category)) && (!mood || row.moods.includes(mood))
    && (!length || (row.length !== null && row.length >= length[1] && row.length < length[2])));
  const order = SORTS[want.get("sort") ?? ""]?.[1];
  return order ? found.sort(order) : found;
}

// --- the filters

function options(select, every, groups) {
  const option = ([value, n]) => make("option", { value }, `${value} (${n.toLocaleString("en")})`);
  const nodes = groups.flatMap(([name, pairs]) => (name ? [make("optgroup", { label: name }, ...pairs.map(option))] : pairs.map(option)));
  select.replaceChildren(make("option", { value: "" }, every), ...nodes);
  select.hidden = nodes.length === 0;
}

function counted(values) {
  const counts = new Map();
  for (const value of values) if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

function showFilters() {
  const parents = new Map();
  for (const [name, n] of counted(rows.map((row) => row.category))) {
    const parent = name.split(" / ")[0];
    parents.set(parent, [...(parents.get(parent) ?? []), [name, n]]);
  }
  const categories = [...parents].sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([parent, leaves]) => {
    const n = leaves.reduce((sum, leaf) => sum + leaf[1], 0);
    return [parent, leaves.length > 1 || leaves[0][0] === parent ? [[parent, n], ...leaves.filter((leaf) => leaf[0] !== parent)] : leaves];
  });
  const lengths = LENGTHS.map(([name, from, to]) => [name, rows.filter((row) => row.length !== null && row.length >= from && row.length < to).length]);
  const nLost = data.left_out.reduce((n, group) => n + group[3], 0);
  const groups = new Map();
  for (const [stage, outcome, reason, n] of data.left_out) {
    const name = groupName({ stage, outcome, reason });
    groups.set(name, (groups.get(name) ?? 0) + n);
  }
  options(at("series"), "All series", [["", counted(rows.map((row) => row.series)).slice(0, 500)]]);
  options(at("category"), "All categories", categories);
  options(at("mood"), "All moods", [["", counted(rows.flatMap((row) => row.moods))]]);
  options(at("length"), "Any length", [["", lengths.filter((pair) => pair[1])]]);
  options(at("outcome"), "In the dataset", [
    ["", [...(data.n_without_media ? [[WITHOUT, data.n_without_media]] : []), ...(nLost ? [[LEFT_OUT, nLost]] : [])]],
    ...(groups.size ? [["Left out, by reason", [...groups]]] : [])]);
  at("sort").replaceChildren(...Object.entries(SORTS).map(([value, [name]]) => make("option", { value }, name)));
}

// --- the grid: only what can be seen has nodes

const GAP = 14, WORDS = 80, NARROWEST = 216;
let found = [];
let places = { columns: 1, height: 300 };

// The picture of a row: a file, or one of several of a size that stand side by side in one.
function picture(poster) {
  const [path, place, n] = Array.isArray(poster) ? poster : [poster, 0, 1];
  const image = make("img", { src: media(path), alt: "", decoding: "async" });
  if (n === 1) {
    image.addEventListener("error", () => image.remove(), { once: true });
    return image;
  }
  const cell = make("span", { class: "cell" }, image);
  image.style.width = `${100 * n}%`;
  image.style.left = `${-100 * place}%`;
  image.addEventListener("load", () => { // its shape is known now: it fits the frame, which is 16 by 9
    const wide = (image.naturalWidth / n / image.naturalHeight) * 9 / 16;
    cell.style.width = `${100 * Math.min(1, wide)}%`;
    cell.style.height = `${100 * Math.min(1, 1 / wide)}%`;
  }, { once: true });
  image.addEventListener("error", () => cell.remove(), { once: true });
  return cell;
}

function tile(row, i) {
  const frame = make("span", { class: "frame" });
  if (row.poster) frame.append(picture(row.poster));
  else if (row.group) frame.append(make("b", { class: "lost" }, row.group.outcome));
  if (row.length !== null) frame.append(make("span", { class: "badge" }, clock(row.length)));
  if (!row.group && !row.hasMedia) frame.append(make("span", { class: "badge left" }, WITHOUT));
  const soft = row.group ? `${row.group.stage}: ${row.group.reason || row.group.outcome}`
    : [row.scenes ? many(row.scenes, "scene") : row.line || null, row.category?.split(" / ").at(-1), row.series, ...row.moods].filter(Boolean).join(" · ");
  const words = make("span", { class: "words" }, make("span", { class: "name", dir: "auto" }, row.title), make("span", { class: "soft", dir: "auto" }, soft));
  const inside = row.group ? make("div", { class: "tile" }, frame, words) : make("a", { class: "tile", href: address({ v: row.place }, new URLSearchParams()) }, frame, words);
  const item = make("li", { "aria-setsize": found.length, "aria-posinset": i + 1, "data-i": i }, inside);
  item.style.gridRow = String(Math.floor(i / places.columns) + 1);
  return item;
}

function measure() {
  const width = at("grid").clientWidth;
  const columns = Math.max(width < 480 ? 2 : 1, Math.floor((width + GAP) / (NARROWEST + GAP)));
  places = { columns, height: Math.round(((width - GAP * (columns - 1)) / columns) * 9 / 16) + WORDS + GAP };
}

function showTiles(isAnew = false) {
  if (at("overview").hidden) return;
  const grid = at("grid");
  const { columns, height } = places;
  const first = Math.max(0, Math.floor((scrollY - grid.offsetTop) / height) - 2) * columns;
  const last = Math.min(found.length, (Math.ceil((scrollY + innerHeight - grid.offsetTop) / height) + 2) * columns);
  const nodes = new Map(isAnew ? [] : [...grid.children].map((node) => [Number(node.dataset.i), node]));
  if (isAnew) grid.replaceChildren();
  for (const [i, node] of nodes) if (i < first || i >= last) node.remove();
  let before = null;
  for (let i = last - 1; i >= first; i -= 1) {
    const there = nodes.get(i);
    if (!there) grid.insertBefore(tile(found[i], i), before);
    before = there ?? (before ? before.previousSibling : grid.lastChild);
  }
}

function showGrid() {
  const want = wanted();
  for (const name of FILTERS) if (at(name).value !== (want.get(name) ?? "")) at(name).value = want.get(name) ?? "";
  found = search();
  measure();
  const grid = at("grid");
  const nRows = Math.ceil(found.length / places.columns);
  grid.style.gridTemplateColumns = `repeat(${places.columns}, minmax(0, 1fr))`;
  grid.style.gridTemplateRows = nRows ? `repeat(${nRows}, ${places.height - GAP}px)` : "";
  const isAsked = FILTERS.some((name) => name !== "sort" && want.get(name));
  const n = found.length.toLocaleString("en");
  at("found").textContent = !isAsked ? many(found.length, data.noun) : isLost(want.get("outcome")) ? `${n} left out` : `${n} of ${many(data.n_videos, data.noun)}`;
  at("clear").hidden = !isAsked;
  at("nothing").hidden = found.length > 0 || rows.length < data.n_videos;
  if (data.n_videos === 0) at("nothing").replaceChildren(`This dataset has no ${data.noun}s.`);
  showTiles(true);
}

function focusTile(i) {
  if (i < 0 || i >= found.length) return;
  const top = at("grid").offsetTop + Math.floor(i / places.columns) * places.height;
  if (top < scrollY + 80) scrollTo(0, top - 80);
  else if (top + places.height > scrollY + innerHeight) scrollTo(0, top + places.height - innerHeight);
  showTiles();
  at("grid").querySelector(`[data-i="${i}"] .tile`)?.focus({ preventScroll: true });
}

function gridKey(event) {
  const item = event.target.closest?.("li[data-i]");
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: places.columns, ArrowUp: -places.columns }[event.key];
  if (!item || !step) return;
  event.preventDefault();
  focusTile(Number(item.dataset.i) + step);
}

// --- where we are

let scrolled = 0;
let lastGrid = "";
let opened = null;

async function route() {
  const want = wanted();
  if (want.has("v")) {
    if (opened === null) scrolled = scrollY;
    opened = want.get("v");
    at("overview").hidden = true;
    at("detail").hidden = false;
    await openVideo(opened, Number(want.get("t")) || 0);
    return;
  }
  const left = opened;
  lastGrid = location.hash;
  opened = null;
  closeVideo();
  at("overview").hidden = false;
  at("detail").hidden = true;
  document.title = data.title;
  if (isLost(want.get("outcome")) && lost.length === 0) {
    for (const values of await Promise.all(data.lost.map(([name]) => load(name)))) lost.push(...values.map(lostOf));
  }
  showGrid();
  if (left !== null) {
    scrollTo(0, scrolled);
    showTiles();
    const i = found.findIndex((row) => row.place === left);
    at("grid").querySelector(`[data-i="${i}"] .tile`)?.focus({ preventScroll: true });
  }
}

async function openVideo(id, startS) {
  const row = byId.get(id);
  closeVideo();
  if (!row) {
    at("detail").replaceChildren(backLink(), make("p", { class: "note" }, rows.length < data.n_videos ? "Loading…" : "This dataset has no such video."));
    return;
  }
  const detail = await detailOf(row);
  if (opened !== id) return;
  document.title = `${row.title} · ${data.title}`;
  if (!found.includes(row)) found = rows;
  const i = found.indexOf(row);
  showVideo(row, detail, { startS, before: found[i - 1] ?? null, after: found[i + 1] ?? null });
  scrollTo(0, 0);
  at("detail").querySelector(".heading").focus({ preventScroll: true });
}

const backLink = () => make("a", { class: "back", href: lastGrid || "#" }, `← All ${data.noun}s`);

// --- keys

const KEYS = {
  "All videos": [[["/"], "search"], [["←", "→", "↑", "↓"], "go from video to video"], [["Enter"], "open"]],
  "One video": VIDEO_KEYS.map(([, keys, what]) => [keys, what]),
  Everywhere: [[["?"], "this help"]],
};

function showHelp() {
  if (at("help").open) return;
  const lists = Object.entries(KEYS).map(([name, keys]) => make("section", {}, make("h3", {}, name), make("dl", {},
    ...keys.flatMap(([names, what]) => [make("dt", {}, ...names.map((key) => make("kbd", {}, key))), make("dd", {}, what)]))));
  const button = make("button", { type: "button" }, "Close");
  button.addEventListener("click", () => at("help").close());
  at("help").replaceChildren(make("h2", { id: "help-title" }, "Keyboard"), make("div", { class: "key-lists" }, ...lists), button);
  at("help").showModal();
}

function onKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || at("help").open) return;
  if (event.target.matches?.("input, select, textarea")) {
    if (event.key === "ArrowDown" && event.target === at("q")) {
      event.preventDefault();
      focusTile(0);
    }
    return;
  }
  if (event.key === "?") showHelp();
  else if (opened !== null) videoKey(event);
  else if (event.key === "/") {
    event.preventDefault();
    at("q").focus();
    at("q").select();
  } else gridKey(event);
}

// --- begin

function begin() {
  const nLost = data.left_out.reduce((n, group) => n + group[3], 0);
  const hours = data.duration_s / 3600;
  const lasting = hours < 1 ? `${(60 * hours).toFixed(hours < 0.1 ? 1 : 0)} minutes` : `${hours.toFixed(1)} hours`;
  at("title").textContent = data.title;
  at("summary").replaceChildren([many(data.n_videos, data.noun), lasting, data.n_scenes ? many(data.n_scenes, "scene") : null,
    data.n_without_media ? `${data.n_without_media.toLocaleString("en")} without media` : null].filter(Boolean).join(" · "));
  if (nLost) at("summary").append(" · ", make("a", { href: address({ outcome: LEFT_OUT }, new URLSearchParams()) }, `${nLost.toLocaleString("en")} left out`));
  at("made-by").textContent = data.made_by.length
    ? `Made by ${data.made_by.map(([name, version]) => `${name} ${version}`).join(" · ")}` : "";
  at("q").addEventListener("input", () => {
    history.replaceState(null, "", address({ q: at("q").value }));
    lastGrid = location.hash;
    scrollTo(0, 0);
    showGrid();
  });
  for (const name of FILTERS.slice(1)) at(name).addEventListener("change", () => { location.hash = address({ [name]: at(name).value }); });
  for (const id of ["clear", "all"]) at(id).addEventListener("click", () => { location.hash = ""; at("q").focus(); });
  at("keys").addEventListener("click", showHelp);
  addEventListener("hashchange", () => route().catch(sayWhy));
  addEventListener("keydown", onKey);
  addEventListener("scroll", () => showTiles(), { passive: true });
  addEventListener("resize", () => { if (opened === null) showGrid(); });
}

function sayWhy(error) {
  const words = `${error.message}. Is the folder complete?`;
  if (opened !== null) at("detail").replaceChildren(backLink(), make("p", { class: "note" }, words));
  at("nothing").hidden = false;
  at("nothing").textContent = words;
}

async function readIndex() {
  for (const [name] of data.index) {
    for (const values of await load(name)) {
      const row = rowOf(values);
      row.index = rows.length;
      row.place = byId.has(row.id) ? `${row.id} ~${row.index}` : row.id; // ids that differ in what cannot be seen
      rows.push(row);
      byId.set(row.place, row);
    }
    asked.delete(name);
    if (opened === null) showGrid();
  }
  showFilters();
  await route();
  document.body.dataset.state = "ready";
  performance.mark("ready");
}

begin();
for (const [name] of data.index) load(name).catch(() => {});
route().then(readIndex).catch(sayWhy);
