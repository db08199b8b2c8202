
const PAGE = 300;

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

function sceneList(video, seek) {
  const items = video.scenes.map(([start, , title], i) => {
    const button = make("button", { type: "button" }, make("time", {}, clock(start, 2)),
      make("span", { dir: "auto" }, title || `Scene ${i + 1}`));
    button.addEventListener("click", () => seek(start));
    return make("li", {}, button);
  });
  return make("ol", { class: "scenes", "aria-label": "Scenes" }, ...items);
}

function showVideo(video) {
  const ends = [...video.shots, ...video.scenes].map((span) => span[1]);
  const duration = Math.max(video.duration_s ?? 0, ends.reduce((a, b) => Math.max(a, b), 0), 0.001);
  const poster = video.poster ? relative(video.poster) : null;
  const [screen, box] = player(relative(video.video), poster, video.is_playable);
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
  const lanes = [lane("Scenes", video.scenes.map((scene, i) => block("scene", i, scene, duration))),
    lane("Shots", video.shots.map((shot, i) => block("shot", i, shot, duration)))];
  const [line, showAt] = timeLine(lanes, video.scenes.map((scene) => scene[0]), duration, seek);
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
