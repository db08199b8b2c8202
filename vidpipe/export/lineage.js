
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 112, HEIGHT = 58, DIGITS = 16, MOST_OPEN = 8;
const KINDS = { outcome: "gate", row: "gate", media: "media", files: "media", page: "texts", captions: "texts", texts: "texts" };
const NAMES = { value: "its result", media: "the file itself", texts: "texts and captions", gate: "its verdict alone" };
const MONEY = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 6 });

function draw(tag, props = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// --- the picture: boxes, and lines by what was read

const kindOf = (parts) => ["value", "media", "texts", "gate"].find((kind) => parts.some((part) => (KINDS[part] ?? "value") === kind));

function curve(points) {
  let path = `M${points[0][0]} ${points[0][1]}`;
  for (let i = 1; i < points.length; i += 1) {
    const [x, y] = points[i - 1], [to, down] = points[i];
    path += y === down ? `H${to}` : `C${(x + to) / 2} ${y} ${(x + to) / 2} ${down} ${to} ${down}`;
  }
  return path;
}

function box({ name, at: [x, y], state, note }) {
  const words = name.split("_");
  const lines = words.length > 1 ? [words.slice(0, -1).join(" "), words[words.length - 1]] : words;
  const top = y + HEIGHT / 2 - (lines.length === 2 ? 10 : 3);
  const has = data.artifacts.some((artifact) => artifact.asset === name);
  const how = note === "stale" ? `${state}, stale` : state === "none" ? "nothing" : note.startsWith("left out") ? "left out" : state;
  const node = draw(has ? "a" : "g", { class: `box ${state}`, ...(has ? { href: `#${name}` } : {}), "data-name": name },
    draw("title", {}, note && note !== "stale" ? `${name}: ${state}, ${note}` : `${name}: ${how}`),
    draw("rect", { x, y, width: WIDTH, height: HEIGHT, rx: 8 }),
    ...lines.map((line, i) => draw("text", { x: x + WIDTH / 2, y: top + 15 * i }, line)),
    draw("text", { class: "how", x: x + WIDTH / 2, y: y + HEIGHT - 8 }, how));
  for (const [event, on] of [["mouseenter", true], ["focus", true], ["mouseleave", false], ["blur", false]]) {
    node.addEventListener(event, () => light(on ? name : null));
  }
  return node;
}

function light(name) {
  const svg = at("picture").firstChild;
  svg.classList.toggle("dim", name !== null);
  const near = new Set(data.branches.flatMap(([a, b]) => (a === name || b === name ? [a, b] : [])).concat(name));
  for (const node of svg.querySelectorAll("[data-name]")) node.classList.toggle("on", near.has(node.dataset.name));
  for (const node of svg.querySelectorAll("[data-from]")) {
    const { from, to } = node.dataset;
    const isTrack = to === undefined && data.branches.some(([a, b]) => a === from && (a === name || b === name));
    node.classList.toggle("on", from === name || to === name || isTrack);
  }
}

function showPicture() {
  const [width, height] = data.size;
  const tracks = data.tracks.map(([name, points]) => draw("path", { class: "wire", d: curve(points), "data-from": name }));
  const branches = data.branches.map(([from, to, points, parts]) => draw("path",
    { class: `wire ${kindOf(parts)}`, d: curve(points), "data-from": from, "data-to": to },
    draw("title", {}, `${to} reads ${from}: ${parts.join(", ")}`)));
  at("picture").append(draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "The line, from source to dataset" },
    ...tracks, ...branches, ...data.boxes.map(box)));
  at("legend").append(make("span", {}, "Lines show what was read:"), ...Object.entries(NAMES).map(([kind, name]) =>
    make("span", {}, draw("svg", { viewBox: "0 0 26 8" }, draw("path", { class: `wire ${kind}`, d: "M0 4H26" })), name)));
}

// --- tables and texts: everything is a text node

const short = (hex) => (/^[0-9a-f]{24,}$/.test(hex) ? make("span", { class: "hex", title: hex }, `${hex.slice(0, DIGITS)}…`) : hex);
const usd = (x) => `${MONEY.format(x)} US$`;
const spaced = (name) => name.replaceAll("_", " ");

function table(heads, rows) {
  return make("table", {}, make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, ...rows.map((cells) => make("tr", {}, ...cells.map((cell) => make("td", { dir: "auto" }, cell))))));
}

function folded(title, text, soft = "") {
  return make("details", {}, make("summary", {}, title, soft ? make("span", { class: "soft" }, ` ${soft}`) : ""), make("pre", { dir: "auto" }, text));
}

function runLink(id) {
  return data.runs ? make("a", { href: `${data.runs}${encodeURIComponent(id)}`, rel: "noopener" }, id) : id;
}

function fact([name, value]) {
  if (name === "run_id") return ["run", runLink(value)];
  if (name === "cost_usd") return ["cost", usd(Number(value))];
  if (name === "seconds") return ["took", `${value} s`];
  return [spaced(name), make("span", { class: /version|record|address|_id/.test(name) ? "hex" : null }, value)];
}

function inputTable(artifact) {
  const versions = new Map(data.artifacts.map((one) => [one.asset, (one.facts.find(([name]) => name === "data_version") ?? [])[1]]));
  const rows = artifact.inputs.map(([name, version]) => {
    const [asset, part] = name.split(".");
    const link = versions.has(asset) ? make("a", { href: `#${asset}` }, asset) : asset;
    const branch = data.branches.find(([a, b]) => a === asset && b === artifact.asset);
    const what = part ?? (branch && branch[3].length === 1 ? branch[3][0] : "");
    return [link, what, short(version)];
  });
  return table(["read", "part", "version"], rows);
}

function promptOf(title, fingerprint) {
  if (!fingerprint) return null;
  const text = data.prompts[fingerprint]?.text ?? null;
  if (text === null) return make("p", { class: "soft" }, `${title}: ${fingerprint.slice(0, DIGITS)}…, its text is not kept`);
  return folded(title, text, `${fingerprint.slice(0, DIGITS)}…, ${many(text.length, "character")}`);
}

function callBox(call, i) {
  const cost = call.cost_usd === null ? "" : ` · ${usd(call.cost_usd)}`;
  const tokens = call.tokens.map(([name, n]) => `${n.toLocaleString("en")} ${name}`).join(", ");
  return make("details", {},
    make("summary", {}, make("b", {}, String(i + 1)), " ", make("span", { dir: "auto" }, call.title), make("span", { class: "soft" }, cost),
      call.problem ? make("span", { class: "chip damaged" }, `answer ${call.problem}`) : ""),
    facts([...call.facts.map(fact), ...(tokens ? [["tokens", tokens]] : [])]),
    promptOf("Prompt as its file has it", call.template), promptOf("Prompt as it was sent", call.prompt),
    call.remark ? folded("What it was told to put right", call.remark) : null,
    call.raw === null ? null : folded("Raw answer", call.raw, many(call.raw.length, "character")));
}

function settingsBox({ settings, settings_known: isKnown }) {
  if (!isKnown) return make("p", { class: "soft" }, "What it read of the recipe is not kept, and the recipe has changed since.");
  if (!settings.length) return make("p", { class: "soft" }, "It reads nothing of the recipe.");
  const list = facts(settings.map(([name, text]) => [make("code", {}, ...name.split(/(?<=[._])/).flatMap((part, i) => (i ? [make("wbr", {}), part] : [part]))), make("code", {}, text)]));
  list.classList.add("settings");
  return make("details", settings.length > MOST_OPEN ? {} : { open: "" },
    make("summary", {}, "Read of the recipe", make("span", { class: "soft" }, ` ${many(settings.length, "setting")}`)), list);
}

function artifactBox(artifact) {
  const chips = [make("span", { class: `chip ${artifact.outcome}` }, artifact.outcome)];
  if (artifact.reason) chips.push(make("span", { class: "soft", dir: "auto" }, artifact.reason));
  if (artifact.problem) chips.push(make("span", { class: "chip damaged" }, artifact.problem));
  if (artifact.stale) chips.push(make("span", { class: "chip stale" }, `stale: ${artifact.stale}`));
  const own = [...artifact.facts.map(fact), ...(artifact.software ? [["made by", artifact.software]] : [])];
  const accepted = artifact.accepted.map(([when, why]) => make("p", { dir: "auto" }, `accepted ${when}: ${why}`));
  const rest = artifact.n_calls - artifact.calls.length;
  return make("section", { class: "artifact", id: artifact.asset, "aria-label": artifact.asset },
    make("h2", {}, artifact.asset, ...chips),
    make("div", { class: "columns" },
      make("div", {}, facts(own), ...accepted),
      make("div", {}, artifact.inputs.length ? inputTable(artifact) : make("p", { class: "soft" }, "Reads nothing of other assets."))),
    settingsBox(artifact),
    artifact.calls.length ? make("h3", {}, many(artifact.n_calls, "call")) : null,
    ...artifact.calls.map(callBox), rest > 0 ? make("p", { class: "soft" }, `and ${rest} more`) : null);
}

// --- the whole page

function showSource() {
  const link = data.url ? make("a", { href: data.url, rel: "noopener noreferrer" }, data.url) : data.address;
  const pairs = data.source.map(([name, value]) => [spaced(name), make("span", { class: name === "sha256" ? "hex" : null }, value)]);
  at("source").append(facts([["id", data.video_id], ...(data.address ? [["from", link]] : []), ...pairs]));
}

function showPublished() {
  at("published").append(...data.may_hold.map((text) => make("p", { dir: "auto" }, text)));
  if (!data.published.length) {
    at("published").append(make("p", { class: "soft" }, "In no dataset."));
    return;
  }
  const hasSpaces = data.published.some((row) => row.space);
  const rows = data.published.map((row) => {
    const other = row.hub_release ? `release ${row.hub_release} is there` : "not on a Hub";
    const hub = row.revision ? make("span", { title: row.revision }, `${row.repo} at ${row.revision.slice(0, DIGITS)}`) : other;
    const space = row.space ? make("span", { title: row.space }, `at ${row.space.slice(0, DIGITS)}`) : "";
    const places = [linked(row.url, hub), ...(hasSpaces ? [linked(row.space_url, space)] : [])];
    return [row.name, row.row, row.file_name || "without its file", row.release, ...places, row.is_current ? "as the records are now" : "from older records"];
  });
  const heads = ["dataset", "row", "file", "release", "on the Hub", ...(hasSpaces ? ["in its Space"] : []), "made"];
  at("published").append(table(heads, rows));
}

function linked(url, what) {
  return url ? make("a", { href: url, rel: "noopener noreferrer" }, what) : what;
}

function showAll() {
  at("title").textContent = data.title;
  const n = data.artifacts.length;
  at("summary").textContent = [many(n, "artifact"), data.cost_usd ? `${usd(data.cost_usd)} of answers` : "nothing paid",
    data.published.length ? `${many(data.published.length, "published row")}` : "not published",
    data.removed ? `removed: ${data.removed}` : ""].filter(Boolean).join(" · ");
  at("problems").hidden = !data.problems.length;
  at("problems").append(...data.problems.map((problem) => make("p", { dir: "auto" }, problem)));
  showPicture();
  showSource();
  showPublished();
  at("artifacts").append(...data.artifacts.map(artifactBox));
  at("made-by").textContent = "Made by vidpipe lineage. Times are UTC.";
}

showAll();
