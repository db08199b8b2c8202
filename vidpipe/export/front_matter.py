"""The YAML at the head of a dataset's card, by which `datasets` and the Hub load and list it.

What belongs here: configs and columns as both read them (tried with datasets 5.2), names of the Hub's lists. Not here:
the text below it (`card`). Values are written as JSON, which is YAML: nothing that others wrote has a meaning in it.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from vidpipe.export.about import DatasetAbout, plain
from vidpipe.export.columns import features_of
from vidpipe.export.facts import CardFacts
from vidpipe.export.kind_words import words_of
from vidpipe.export.licences import hub_licence
from vidpipe.export.markdown import MAX_CELL_CHARS
from vidpipe.export.target import METADATA, WITHOUT_MEDIA, DatasetKind

SIZE_CATEGORIES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
LOADABLE = (".mkv", ".mp4", ".avi", ".mpeg", ".mov")  # datasets 5.2: packaged_modules/videofolder
_WITHOUT = "without_media"
# Languages of two letters (ISO 639-1): the Hub refuses others than real ones.
_LANGUAGES = re.compile(
    "a[abefkmnrsvyz]|b[aegimnors]|c[aehorsuvy]|d[aevz]|e[elnostu]|f[afijory]|g[adlnuv]|h[aeiortuyz]|i[adegikostu]|j[av]|"
    "k[agijklmnorsuvwy]|l[abgintouv]|m[ghiklnrsty]|n[abdeglnorvy]|o[cjmrs]|p[ailst]|qu|r[mnouw]|s[acdegiklmnoqrstuvw]|"
    "t[aeghiklnorstwy]|u[gkrz]|v[eio]|w[ao]|xh|y[io]|z[ahu]"
)


def front_matter(kind: DatasetKind, about: DatasetAbout, facts: CardFacts, *, release: str) -> str:
    """The front matter with its two lines of dashes."""
    size = next((name for end, name in SIZE_CATEGORIES if facts.n_rows < end), "n>1M")
    words = words_of(kind.name)
    lines = [
        "---",
        f"pretty_name: {_yaml(plain(about.title, limit=MAX_CELL_CHARS))}",
        f"license: {_yaml(_licences(facts))}",
        f"task_categories: {_yaml(list(words.tasks))}",
        f"tags: {_yaml(['video', *words.tags, 'vidpipe'])}",
        f"size_categories: [{_yaml(size)}]",
        *([f"language: {_yaml(languages)}"] if (languages := _languages(facts)) else []),
        'annotations_creators: ["machine-generated"]',
    ]
    return "\n".join([*lines, *configs(kind, facts, release), "---\n"])


def shard_card(shards: Sequence[str], kind: DatasetKind) -> str:
    """The card of the folder `data/`, by which `datasets` loads the parquet layout; names relative to it.

    `datasets` takes one kind of files per card, so the parquet layout needs its own. The shards are named one by one
    and never by a pattern: a reader then never sees shards of two releases at once.
    """
    lines = ["---"]
    if shards:
        cells: dict[str, object] = {"name": "mp4", "dtype": "binary"}
        struct: dict[str, object] = {"name": "json", "struct": features_of(kind.model)}
        lines += [
            "configs:",
            *_config("default", shards),
            "dataset_info:",
            '- config_name: "default"',
            *_features([cells, struct]),
        ]
    return "\n".join([*lines, "---\n", "The same rows as parquet. The card lies one folder above.\n"])


def loads_as_videos(facts: CardFacts) -> bool:
    """Whether `datasets` finds a file for a video in the folder; it is a plain table else."""
    return any(facts.suffixes[suffix] for suffix in LOADABLE)


def n_unloadable(facts: CardFacts) -> int:
    """How many files are of a kind that `datasets` takes for no video."""
    return facts.suffixes.total() - sum(facts.suffixes[suffix] for suffix in LOADABLE)


def _languages(facts: CardFacts) -> list[str]:
    """The languages that sources say, as the Hub names them; `pt-BR` is `pt`."""
    codes = {name.partition("-")[0].lower() for name in facts.languages}
    return sorted(code for code in codes if _LANGUAGES.fullmatch(code))


def _licences(facts: CardFacts) -> str | list[str]:
    """The Hub's names of the licences of what is published here."""
    found = sorted({hub_licence(name) for name in (facts.licences or facts.licences_without_media)})
    return found[0] if len(found) == 1 else found or "other"


def configs(kind: DatasetKind, facts: CardFacts, release: str) -> list[str]:
    """How the folder loads: with its files, and, as a config of its own, the rows that stand without theirs.

    All configs of a card are read by the builder of the first, which is chosen by the suffix that most of its files
    have: no others than loadable ones are named there, or a folder of many .flv is read as sound. Where it is the one
    of folders, rows without a file have an empty `file_name`, since it refuses null and none (tried). Features bind
    only as a config's own; those of `dataset_info`, which others read, are replaced by what the first rows hold.
    `datasets` caches a local folder by what its card says, not by its files: the release must stand in what it hashes,
    or it goes on giving the rows of an older release, or of another project (all tried with 5.2).
    """
    is_folder, n_without = loads_as_videos(facts), facts.n_rows - facts.n_media
    found: list[tuple[str, list[str], list[str]]] = []
    if facts.n_media:
        videos = [f"videos/**/*{suffix}" for suffix in LOADABLE if facts.suffixes[suffix]]
        found.append(("default", [*videos, METADATA], []))
    if n_without:
        options = [f"  metadata_filenames: [{_yaml(WITHOUT_MEDIA)}]"] if is_folder else []
        found.append((_WITHOUT if found else "default", [WITHOUT_MEDIA], options))
    if not found:
        return []
    file = {"name": "video", "dtype": "video"} if is_folder else {"name": "file_name", "dtype": "string"}
    features = _features([file, *features_of(kind.model)])
    lines = ["configs:"]
    for name, paths, options in found:
        lines += [*_config(name, paths), *options, *features]
    lines += ["dataset_info:"]
    for name, _, _ in found:
        lines += [f"- config_name: {_yaml(name)}", *features, f"  description: {_yaml(f'release {release}')}"]
    return lines


def _config(name: str, paths: Iterable[str]) -> list[str]:
    files = [f"    - {_yaml(path)}" for path in paths]
    return [f"- config_name: {_yaml(name)}", "  data_files:", "  - split: train", "    path:", *files]


def _features(features: Iterable[Mapping[str, object]]) -> list[str]:
    return ["  features:", *(f"  - {_yaml(feature)}" for feature in features)]


def _yaml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
