"""README.md of a dataset: the card that the Hub shows and `datasets` reads.

What belongs here: the card's text from counted facts. Not here: counting over files, writing. All text that
comes from videos, manifests and recipes is untrusted: it stays inert in YAML, in markdown and in HTML.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from vidpipe.export.about import DatasetAbout, left_out_counts, plain
from vidpipe.export.columns import features_of, schema_table
from vidpipe.export.target import DatasetKind

MAX_CELL_CHARS = 160
ACTIVE = re.compile(r"[\\`*_\[\]()#!~$]|(?<=www)\.", re.IGNORECASE)
ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", ":": "&#58;", "@": "&#64;"})
SIZE_CATEGORIES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
LOADABLE = (".mkv", ".mp4", ".avi", ".mpeg", ".mov")  # datasets 5.2: packaged_modules/videofolder
LOADING = """```python
from datasets import load_dataset

load_dataset("<this folder>")                   # videos/ and metadata.jsonl
load_dataset("<this folder>", data_dir="data")  # parquet: columns mp4 (bytes) and json (struct)
```

Open `index.html` in a browser to look around: no server is needed.
"""
OPEN_LICENCES = {"cc0": "cc0-1.0", "cc-by": "cc-by-4.0", "cc-by-sa": "cc-by-sa-4.0"}


@dataclass(slots=True)
class CardFacts:
    """What is counted over the rows while they are written.

    `n_without_cell`: videos too large for a parquet cell.
    """

    n_videos: int = 0
    duration_s: float = 0.0
    n_scenes: int = 0
    n_with_captions: int = 0
    n_without_cell: int = 0
    n_without_media: int = 0
    n_bytes: int = 0
    categories: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    annotators: Counter[str] = field(default_factory=Counter)
    suffixes: Counter[str] = field(default_factory=Counter)

    def add(self, row: Mapping[str, object], *, file_name: str | None, n_bytes: int) -> None:
        """Count one row whose video is `file_name` with `n_bytes`; None: it stands without its file."""
        self.n_videos += 1
        self.n_without_media += file_name is None
        if file_name is not None:
            self.suffixes[PurePosixPath(file_name).suffix] += 1
        self.n_bytes += n_bytes
        duration_s, content = row.get("duration_s"), row.get("content_metadata")
        self.duration_s += duration_s if isinstance(duration_s, int | float) else 0.0
        scenes = content.get("scenes") if isinstance(content, Mapping) else None
        self.n_scenes += len(scenes) if isinstance(scenes, Sequence) else 0
        self.n_with_captions += row.get("text_to_speech") is not None
        self.categories[_named(row.get("content_parent_category"))] += 1
        self.licences[_named(row.get("licence"))] += 1
        self.annotators[_named(row.get("annotator"))] += 1


def card(kind: DatasetKind, about: DatasetAbout, facts: CardFacts, *, release: str) -> str:
    """The card's markdown with its YAML front matter, by which `datasets` loads the folder of videos."""
    parts = (
        _front_matter(kind, about, facts, release),
        f"# {escaped(about.title)}\n",
        _holds(facts, release),
        LOADING if facts.n_videos else "No video has come through yet, so there is nothing to load.\n",
        _counts("Categories", facts.categories),
        _counts("Licences", facts.licences),
        _schema(kind),
        _making(about, facts),
        _missing(about),
        _limitations(facts),
    )
    return "\n".join(part for part in parts if part)


def shard_card(shards: Sequence[str], kind: DatasetKind) -> str:
    """The card of the folder `data/`, by which `datasets` loads the parquet layout; names relative to it.

    `datasets` takes one kind of files per card, so the parquet layout needs its own. The shards are named one
    by one and never by a pattern: a reader then never sees shards of two releases at once.
    """
    cells: dict[str, object] = {"name": "mp4", "dtype": "binary"}
    struct: dict[str, object] = {"name": "json", "struct": features_of(kind.model)}
    config = _config(shards, [cells, struct]) if shards else []
    return "\n".join(["---", *config, "---\n", "The same videos as parquet. The card lies one folder above.\n"])


def escaped(text: str) -> str:
    """The text as it stands, for a markdown table or heading: no markup, no link, no HTML, no line end."""
    return ACTIVE.sub(r"\\\g<0>", plain(text, limit=MAX_CELL_CHARS).translate(ENTITIES))


def _front_matter(kind: DatasetKind, about: DatasetAbout, facts: CardFacts, release: str) -> str:
    licences = {OPEN_LICENCES.get(name, "other") for name in facts.licences}
    size = next((name for end, name in SIZE_CATEGORIES if facts.n_videos < end), "n>1M")
    lines = [
        "---",
        f"pretty_name: {_yaml(plain(about.title, limit=MAX_CELL_CHARS))}",
        f"license: {licences.pop() if len(licences) == 1 else 'other'}",
        "task_categories: [video-classification, video-text-to-text]",
        "tags: [video, scenes, vidpipe]",
        f"size_categories: [{_yaml(size)}]",
    ]
    return "\n".join([*lines, *_folder_config(kind, facts, release), "---\n"])


def _folder_config(kind: DatasetKind, facts: CardFacts, release: str) -> list[str]:
    """How the folder of videos loads: as a plain table where `datasets` takes no file for a video.

    `datasets` caches a local folder by what its card says, not by its files: the release must stand in what it hashes,
    or it goes on giving the rows of an older release, or of another project (tried with 5.2).
    """
    if facts.n_videos == facts.n_without_media:
        return []
    is_folder = any(facts.suffixes[suffix] for suffix in LOADABLE)
    name, dtype = ("video", "video") if is_folder else ("file_name", "string")
    paths = ["videos/**", "metadata.jsonl"] if is_folder else ["metadata.jsonl"]
    return [
        *_config(paths, [{"name": name, "dtype": dtype}, *features_of(kind.model)]),
        f"  description: {_yaml(f'release {release}')}",
    ]


def _config(paths: Sequence[str], features: Sequence[Mapping[str, object]]) -> list[str]:
    files = [f"    - {_yaml(path)}" for path in paths]
    types = [f"  - {_yaml(feature)}" for feature in features]
    head = ["configs:", "- config_name: default", "  data_files:", "  - split: train", "    path:"]
    return [*head, *files, "dataset_info:", "- config_name: default", "  features:", *types]


def _yaml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)  # JSON is YAML


def _holds(facts: CardFacts, release: str) -> str:
    return (
        f"Release `{release}`: {facts.n_videos} videos, {facts.duration_s / 3600:.2f} hours, "
        f"{facts.n_scenes} scenes, {facts.n_bytes / 1e6:.1f} MB; {facts.n_with_captions} with captions.\n"
    )


def _counts(title: str, counts: Counter[str]) -> str:
    rows = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return _table(title, (title[:-3] + "y" if title.endswith("ies") else title[:-1], "videos"), rows)


def _schema(kind: DatasetKind) -> str:
    rows = [("file_name", "string", "the video, relative to metadata.jsonl"), *schema_table(kind.model)]
    return _table("Columns", ("name", "type", "meaning"), [(f"`{a}`", b, c) for a, b, c in rows], trusted=True)


def _making(about: DatasetAbout, facts: CardFacts) -> str:
    rows = [
        *sorted(about.made_by.items()),
        *((f"annotator {name}", n) for name, n in sorted(facts.annotators.items())),
    ]
    return (
        "## How it was made\n\nRaw videos were probed, filtered and categorised, cut into shots by one pass "
        "over their pixels, annotated scene by scene, and the scenes' times aligned to the cuts' frames. "
        "Each row's `provenance` names what it was made from.\n\n" + _table("", ("what", "version or videos"), rows)
    )


def _missing(about: DatasetAbout) -> str:
    if not about.left_out:
        return "## What was left out\n\nNothing.\n"
    return _table("What was left out", ("stage", "outcome", "reason", "videos"), left_out_counts(about.left_out))


def _limitations(facts: CardFacts) -> str:
    lines = [
        "Counts, titles and categories of the source are as old as its catalogue; what nobody knew is null.",
        "Annotations of a model can be wrong; those of the annotator `offline` hold only what was measured.",
        "Times are seconds since the start of the file as a player shows them.",
    ]
    if facts.n_without_cell:
        lines.append(f"{facts.n_without_cell} videos are too large for a parquet cell; there `mp4` is null.")
    return "## Limitations\n\n" + "".join(f"- {line}\n" for line in lines)


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]], *, trusted: bool = False) -> str:
    if not rows:
        return ""
    lines = [f"## {title}\n"] if title else []
    lines += [_line(head), _line(["---"] * len(head))]
    lines += [_line([str(cell) if trusted else escaped(str(cell)) for cell in row]) for row in rows]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _named(value: object) -> str:
    return str(value) if value not in (None, "") else "unknown"
