
// --- numbers in words

const NONE = "–";
const share = (x) => (x === null ? NONE : `${Math.round(100 * x)} %`);
const usd = (x) => (x === null ? NONE : x === 0 ? "0" : x < 1 ? x.toPrecision(2) : x.toFixed(2));
const tokens = (t) => (t.text + t.video + t.audio + t.out ? `${(t.text + t.video + t.audio).toLocaleString("en")} + ${t.out.toLocaleString("en")}` : NONE);
const seconds = (x) => (x === null || x === 0 ? NONE : x < 10 ? x.toFixed(1) : x.toFixed(0));
const lasting = (hours) => (hours < 1 ? `${(60 * hours).toFixed(1)} minutes` : `${hours.toFixed(1)} hours`);

// --- all variants

// [heading, its meaning, text of a row, number to compare, +1 where more is better and -1 where less is]
const COLUMNS = [
  ["Videos", "with an annotation, of those tried", (w) => `${w.n_told} of ${w.n_videos}`, (w) => w.n_told, 1],
  ["Quality", "mean score of the checks", (w) => share(w.quality), (w) => w.quality, 1],
  ["Attention", "whether it looked to the end", (w) => share(w.attention), (w) => w.attention, 1],
  ["Cuts met", "share of the measured cuts that a scene boundary is moved to", (w) => share(w.cuts_met), (w) => w.cuts_met, 1],
  ["Warnings", "checks that did not pass", (w) => (w.n_told ? String(w.n_warnings) : NONE), (w) => (w.n_told ? w.n_warnings : null), -1],
  ["Tokens", "in + out", (w) => tokens(w.tokens), () => null, 0],
  ["Seconds", "of answers, per video", (w) => seconds(w.seconds), (w) => w.seconds, -1],
  ["US$", "of all answers, whenever they were paid", (w) => usd(w.cost_usd), () => null, 0],
  ["paid now", "US$ that this try added", (w) => usd(w.paid_usd), () => null, 0],
  ["US$/hour", "per hour of video", (w) => usd(w.usd_per_hour), (w) => w.usd_per_hour, -1],
  ["all videos", "projected: US$ for all that the project would annotate", (w) => usd(w.projected_usd), () => null, 0],
];

function best(rows, value, sign) {
  const known = rows.map(value).filter((x) => x !== null);
  if (!sign || new Set(known).size < 2) return null;
  return sign > 0 ? Math.max(...known) : Math.min(...known);
}

function showWays() {
  const head = make("tr", {}, make("th", { scope: "col" }, "Variant"),
    ...COLUMNS.map(([name, meaning]) => make("th", { scope: "col", title: meaning }, name)));
  const rows = data.ways.map((way) => {
    const words = [...way.changes, way.models.length ? `answered: ${way.models.join(", ")}` : null].filter(Boolean);
    const first = make("td", { dir: "auto" }, make("b", {}, way.name), ...words.map((text) => make("span", { class: "soft", dir: "auto" }, text)));
    const cells = COLUMNS.map(([, , text, value, sign]) => {
      const top = best(data.ways, value, sign);
      return make("td", { class: top !== null && value(way) === top ? "best" : null }, text(way));
    });
    return make("tr", {}, first, ...cells);
  });
  at("ways").append(make("thead", {}, head), make("tbody", {}, ...rows));
}

// --- one video

function outcome(take) {
  if (take.outcome === "ok") return [share(take.quality), ""];
  return [take.reason ? `${take.outcome}: ${take.reason}` : take.outcome, "bad"];
}

function cuts(take) {
  const found = take.alignment;
  if (!found) return NONE;
  if (found.misfit) return "does not fit";
  const n = found.n_cuts_matched + found.n_cuts_missed;
  return n ? `${found.n_cuts_matched} of ${n}` : "no cuts";
}

function takeTable(video) {
  const names = ["Variant", "Quality", "Cuts met", "Moved, s", "Drift, s", "Warnings", "Tokens", "Seconds", "US$"];
  const rows = video.takes.map((take, i) => {
    const [text, kind] = outcome(take);
    const moved = ["max_move_s", "drift_s"].map((key) => (take.alignment ? take.alignment[key].toFixed(2) : NONE));
    const cells = [text, cuts(take), ...moved,
      take.told ? String(take.warnings.length) : NONE, tokens(take.tokens), seconds(take.seconds), usd(take.cost_usd)];
    return make("tr", {}, make("td", { dir: "auto" }, data.ways[i].name),
      ...cells.map((cell, j) => make("td", { class: j === 0 && kind ? kind : null, dir: "auto" }, cell)));
  });
  return make("div", { class: "wide" }, make("table", {},
    make("thead", {}, make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, name)))), make("tbody", {}, ...rows)));
}

const timed = (scenes) => scenes.filter((scene) => scene.start_s !== null && scene.end_s !== null);

function lanesOf(video, duration) {
  const lanes = [lane("Measured shots", video.shots.map((shot, i) => block("shot", i, shot, duration)))];
  video.takes.forEach((take, i) => {
    const scenes = timed(take.told?.scenes ?? []);
    lanes.push(lane(data.ways[i].name, scenes.map((s, j) => block("scene", j, [s.start_s, s.end_s, s.title], duration))));
    const acts = scenes.flatMap((scene) => scene.activities).filter(([start, end]) => start !== null && end !== null);
    if (acts.length) {
      const thin = lane("activities", acts.map((activity, j) => block("activity", j, activity, duration)));
      thin.classList.add("thin");
      lanes.push(thin);
    }
  });
  return lanes;
}

function sceneItem(scene, i, seek) {
  const button = make("button", { type: "button" }, make("time", {}, scene.start_s === null ? "?" : clock(scene.start_s, 2)),
    make("span", { dir: "auto" }, scene.title || `Scene ${i + 1}`));
  if (scene.start_s !== null) button.addEventListener("click", () => seek(scene.start_s));
  const acts = scene.activities.map(([start, , text]) => make("p", { dir: "auto" }, `${start === null ? "" : `${clock(start)} `}${text}`));
  const rest = scene.facts.map(([name, text]) => make("p", { dir: "auto" }, `${name}: ${text}`));
  return make("li", {}, button, make("div", {}, ...acts, ...rest));
}

function column(take, name, seek) {
  const box = make("section", { class: "take" }, make("h3", { dir: "auto" }, name));
  const [text, kind] = outcome(take);
  if (kind) box.append(make("p", { class: kind, dir: "auto" }, text));
  const remarks = [...take.warnings.map((w) => `${w.check}: ${w.detail}`), ...take.faults];
  if (take.alignment?.misfit) remarks.push(`does not fit the video: ${take.alignment.misfit}`);
  if (remarks.length) box.append(make("ul", { class: "warnings" }, ...remarks.map((line) => make("li", { dir: "auto" }, line))));
  if (!take.told) return [box, () => {}];
  if (take.told.title) box.append(make("p", { dir: "auto" }, make("b", {}, take.told.title)));
  if (take.told.description) box.append(make("p", { dir: "auto" }, take.told.description));
  const items = take.told.scenes.map((scene, i) => sceneItem(scene, i, seek));
  box.append(items.length ? make("ol", { class: "scenes", "aria-label": `Scenes of ${name}` }, ...items) : make("p", { class: "soft" }, "No scenes."));
  if (take.told.n_scenes > items.length) box.append(make("p", { class: "soft" }, `and ${take.told.n_scenes - items.length} more`));
  if (take.told.facts.length) box.append(make("details", {}, make("summary", {}, "Characters, story, questions"), facts(take.told.facts)));
  const mark = (now) => take.told.scenes.forEach((scene, i) => {
    const isNow = scene.start_s !== null && now >= scene.start_s - 0.001 && now < (scene.end_s ?? scene.start_s + 0.5);
    if (isNow) items[i].firstChild.setAttribute("aria-current", "true");
    else items[i].firstChild.removeAttribute("aria-current");
  });
  return [box, mark];
}

function showVideo(video) {
  const duration = Math.max(video.duration_s, 0.001);
  const [screen, box] = video.href ? player(video.href, null, video.is_playable)
    : [null, make("p", { class: "note" }, "The file is not where this page can show it.")];
  const marks = [];
  const mark = (now) => marks.forEach((one) => one(now));
  const seek = (to) => {
    if (screen) screen.currentTime = to;
    mark(to);
  };
  const starts = [...new Set(video.takes.flatMap((take) => timed(take.told?.scenes ?? []).map((scene) => scene.start_s)))].sort((a, b) => a - b);
  const [line, show] = timeLine(lanesOf(video, duration), () => starts, duration, seek);
  const columns = video.takes.map((take, i) => column(take, data.ways[i].name, seek));
  marks.push(show, ...columns.map(([, one]) => one));
  screen?.addEventListener("timeupdate", () => mark(screen.currentTime));
  return make("section", { class: "video", "aria-label": video.title },
    make("h2", { class: "heading", dir: "auto" }, video.title),
    make("p", { class: "soft", dir: "auto" }, `${video.video_id} · ${clock(duration, 1)} · ${many(video.shots.length, "shot")}`),
    make("div", { class: "two" }, box, takeTable(video)), line,
    make("div", { class: "scale" }, make("span", {}, "0:00"), make("span", {}, clock(duration))),
    make("div", { class: "takes" }, ...columns.map(([node]) => node)));
}

at("title").textContent = data.title;
at("summary").textContent = `${many(data.videos.length, "video")} · ${many(data.ways.length, "variant")}`;
at("note").textContent = data.n_all
  ? `All videos: ${data.n_all.toLocaleString("en")} of ${lasting(data.hours_all)}, at each variant's own price per hour. Best values in green; what is kept is never paid again.`
  : "Best values in green; what is kept is never paid again.";
at("made-by").textContent = data.made_by.length
  ? `Made by ${data.made_by.map(([name, version]) => `${name} ${version}`).join(" · ")}` : "";
showWays();
at("videos").append(...data.videos.map(showVideo));
