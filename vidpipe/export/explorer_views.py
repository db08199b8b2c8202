"""What the explorer shows of a row: of scenes, segments and episodes alike, by the fields that the row has.

What belongs here: choosing and cutting a row's texts and times. Not here: files and the page (`explorer`). All texts
are untrusted; a row that is odd in one place is shown without that place.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vidpipe.export.along import NOTHING, Along, Item
from vidpipe.export.foreign import items, joined, mapping, mappings, number, seconds, web_address
from vidpipe.export.moods import moods_in
from vidpipe.export.pages import is_playable, shown

LONG = 4_000  # characters of a description; other texts are shorter
LINE = 160  # characters of what stands below a title in the grid; it is searched too
QUERIES = ("query", "queries", "model_response")
SOURCES = ("url", "source_url", "webpage_url")
LABELS = {
    "duration_s": "length, s",
    "duration": "length, s",
    "start_s": "begins in its video at, s",
    "end_s": "ends in its video at, s",
}
NOT_FACTS = {
    *("video_id", "file_name", "title", "youtube_title", "youtube_description", "text_to_speech", "duration_seconds"),
    *("content_fine_category", "content_parent_category", *QUERIES, *SOURCES),
    *("sha256", "licence", "annotator", "categoriser", "provenance_sha256", "row_sha256"),
}


@dataclass(frozen=True, slots=True)
class ExplorerVideo:
    """A row as the page shows it. `video` and `poster` are relative to the page; no `video`: a link to the `source`.

    `poster` is the whole of a picture, or with `cell` (place, number) one of so many that stand side by side in it.
    `lanes` are items by name in the order shown, `queries` sentences by field; `facts`, `texts`, `provenance` are
    (name, value). `row_id` is unique in the dataset.
    """

    row_id: str
    title: str
    video: str | None
    poster: str | None = None
    cell: tuple[int, int] | None = None
    source: str | None = None
    line: str = ""
    category: str | None = None
    series: str | None = None
    moods: Sequence[str] = ()
    duration_s: float | None = None
    fps: float | None = None
    lanes: Mapping[str, Sequence[Item]] = field(default_factory=dict)
    queries: Mapping[str, Sequence[str]] = field(default_factory=dict)
    facts: Sequence[tuple[str, str]] = ()
    texts: Sequence[tuple[str, str]] = ()
    provenance: Sequence[tuple[str, str]] = ()

    @property
    def is_playable(self) -> bool:
        """Whether browsers can be expected to play the file; a link is shown else."""
        return self.video is not None and is_playable(self.video)


def explorer_video(
    row: Mapping[str, object],
    *,
    file_name: str | None,
    poster: str | None = None,
    cell: tuple[int, int] | None = None,
    along: Along = NOTHING,
    row_id: str | None = None,
) -> ExplorerVideo:
    """The page's view of a row; `row_id` where the row's `video_id` is not its own alone."""
    content, queries = mapping(row.get("content_metadata")), _queries(row)
    title = _place(row, shown(row.get("youtube_title") or row.get("title") or content.get("title")))
    duration_s = number(row.get("duration_s")) or number(row.get("duration")) or number(row.get("duration_seconds"))
    beside, captions = along.lanes(), _captions(row)
    lanes = _lanes(content) | beside | ({"Captions": captions} if captions else {})
    if queries and duration_s:
        lanes["Queries"] = [Item(0.0, duration_s, next(iter(queries.values()))[0])]
    return ExplorerVideo(
        row_id=shown(row_id or row.get("video_id")),
        title=title or shown(row.get("video_id")),
        video=file_name,
        poster=poster,
        cell=cell,
        source=next(filter(None, (web_address(row.get(name)) for name in SOURCES)), None),
        line=shown(_line(row, content, queries), limit=LINE),
        category=_category(row),
        series=shown(row.get("series_name")) or None,
        moods=_moods(content),
        duration_s=duration_s,
        fps=number(content.get("fps")),
        lanes={name: lane for name, lane in lanes.items() if lane},
        queries=queries,
        facts=_facts(row),
        texts=tuple(_texts(row, content)),
        provenance=(*_provenance(row), *along.provenance()),
    )


def _moods(content: Mapping[str, object]) -> tuple[str, ...]:
    told = (mapping(scene.get("mood")).get("description") for scene in mappings(content.get("scenes")))
    return tuple(dict.fromkeys(mood for text in told for mood in moods_in(text)))


def _lanes(content: Mapping[str, object]) -> dict[str, list[Item]]:
    lanes: dict[str, list[Item]] = {"Scenes": [], "Activities": [], "Moments": []}
    for index, scene in enumerate(mappings(content.get("scenes"))):
        name = shown(scene.get("title")) or f"Scene {index + 1}"
        lanes["Scenes"] += _timed(scene.get("timestamps"), name, tuple(_more(scene)))
        for activity in mappings(scene.get("activities")):
            lanes["Activities"] += _timed(activity.get("timestamp"), shown(activity.get("description")))
        for moment in mappings(mapping(scene.get("mood")).get("keyMoments")):
            lanes["Moments"] += _moment(moment.get("timestamp"), moment.get("changeDescription"))
        for moment in mappings(scene.get("narrativeProgression")):
            lanes["Moments"] += _moment(moment.get("timestamp"), moment.get("description"))
    climax = mapping(mapping(content.get("storylines")).get("climax"))
    lanes["Moments"] += _moment(climax.get("timestamp"), climax.get("description"))
    return {name: sorted(lane, key=lambda item: (item.start_s, item.end_s)) for name, lane in lanes.items()}


def _more(scene: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """What else is told of a scene, as (name, text)."""
    props = [prop.get("name") for prop in mappings(scene.get("props"))]
    edits = [edit.get("description") for edit in mappings(scene.get("videoEditingDetails"))]
    pairs = (
        ("mood", mapping(scene.get("mood")).get("description")),
        ("cast", joined(scene.get("cast"))),
        ("props", joined(props)),
        ("editing", joined(edits)),
        ("themes", scene.get("thematicElements")),
        ("context", scene.get("contextualRelevance")),
        ("dynamism", scene.get("dynamismScore")),
        ("sound fits", scene.get("audioVisualCorrelation")),
    )
    return ((name, shown(text)) for name, text in pairs if text not in (None, ""))


def _timed(times: object, text: str, more: Sequence[tuple[str, str]] = ()) -> list[Item]:
    """The item, or nothing where its times cannot be read."""
    pair = mapping(times)
    start_s, end_s = seconds(pair.get("start_timestamp")), seconds(pair.get("end_timestamp"))
    return [] if start_s is None or end_s is None else [Item(start_s, max(start_s, end_s), text, more)]


def _moment(timecode: object, text: object) -> list[Item]:
    at_s = seconds(timecode)
    return [] if at_s is None or not text else [Item(at_s, at_s, shown(text))]


def _captions(row: Mapping[str, object]) -> list[Item]:
    found = []
    for cue in mappings(row.get("timecoded_text_to_speech")):
        pair = {"start_timestamp": cue.get("start"), "end_timestamp": cue.get("end")}
        found += _timed(pair, shown(cue.get("text")))
    return found


def _queries(row: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Sentences by field; fields without any are left out."""
    told = next((value for name in QUERIES if isinstance(value := row.get(name), Mapping)), {})
    texts = {shown(name): tuple(shown(text) for text in items(value) if text) for name, value in told.items()}
    return {name: lines for name, lines in texts.items() if lines}


def _line(row: Mapping[str, object], content: Mapping[str, object], queries: Mapping[str, Sequence[str]]) -> object:
    first = next((lines[0] for lines in queries.values()), None)
    return first or content.get("description") or row.get("youtube_description")


def _place(row: Mapping[str, object], title: str) -> str:
    """The title, or else the place in the series; of a segment with its number."""
    names = [title] if title else [shown(row.get(name)) for name in ("series_name", "episode_id")]
    index = row.get("segment_index")
    parts = names if index is None else [f"Segment {shown(index)}", *names]
    return " · ".join(part for part in parts if part)


def _category(row: Mapping[str, object]) -> str | None:
    parts = [row.get("content_parent_category"), row.get("content_fine_category")]
    return " / ".join(shown(part) for part in parts if part) or None


def _facts(row: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """Whatever single values or lists of words the row has and no other place shows."""
    words = {name: joined(value) if isinstance(value, list | tuple) else value for name, value in row.items()}
    return tuple(
        (LABELS.get(name) or shown(name.removeprefix("youtube_").replace("_", " ")), shown(value))
        for name, value in words.items()
        if name not in NOT_FACTS and isinstance(value, str | int | float) and value != ""
    )


def _texts(row: Mapping[str, object], content: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Longer texts, as (name, text)."""
    people = [(one.get("name"), one.get("description")) for one in mappings(content.get("characterList"))]
    trims = [edit.get("description") for edit in mappings(content.get("trimmingSuggestions"))]
    pairs = [("told", content.get("description")), ("at the source", row.get("youtube_description"))]
    pairs += [("story", mapping(content.get("storylines")).get("description"))]
    pairs += [("character", ": ".join(str(part) for part in one if part)) for one in people]
    pairs += [("question", f"{one.get('question')} — {one.get('answer')}") for one in mappings(content.get("qAndA"))]
    pairs += [("could be cut", text) for text in trims]
    return ((name, shown(text, limit=LONG)) for name, text in pairs if text)


def _provenance(row: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name in ("licence", "sha256", "annotator", "categoriser"):
        if row.get(name) is not None:
            yield name, shown(row[name])
    for one in mappings(row.get("provenance")):
        yield shown(one.get("name")), shown(one.get("version"))
    for name in ("provenance_sha256", "row_sha256"):
        if row.get(name) is not None:
            yield name, shown(row[name])
