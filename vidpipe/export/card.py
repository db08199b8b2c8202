"""README.md of a dataset: the card that the Hub shows.

What belongs here: the card's text below its front matter, from counted facts. Not here: the front matter
(`front_matter`), counting (`facts`), pictures (`figures`), files. All text that comes from videos, manifests, models
and recipes is untrusted, and stays inert (`markdown`).
"""

from collections.abc import Sequence

from vidpipe.export import attribution
from vidpipe.export.about import DatasetAbout, left_out_counts, plain
from vidpipe.export.attribution import Source
from vidpipe.export.chain import FOLDER, MADE_BY
from vidpipe.export.columns import outline_of, schema_table
from vidpipe.export.facts import CardFacts
from vidpipe.export.figures import Figure
from vidpipe.export.file_list import FILES, NAMED
from vidpipe.export.foreign import mapping
from vidpipe.export.front_matter import LOADABLE, front_matter, loads_as_videos, n_unloadable
from vidpipe.export.kind_words import words_of
from vidpipe.export.licences import licence_link
from vidpipe.export.markdown import escaped, escaped_table, link, section, table
from vidpipe.export.target import METADATA, WITHOUT_MEDIA, DatasetKind

HERE = "<this folder>"
MOST_REASONS = 100


def card(
    kind: DatasetKind,
    about: DatasetAbout,
    facts: CardFacts,
    *,
    release: str,
    figures: Sequence[Figure] = (),
    sources: Sequence[Source] = (),
) -> str:
    """The card's markdown with its front matter; `sources` are all there are, if they are few, or none."""
    parts = (
        front_matter(kind, about, facts, release=release),
        f"# {escaped(about.title)}\n",
        f"{words_of(kind.name).row}\n",
        _holds(kind, facts, release),
        _warning(facts),
        _loading(kind, about, facts),
        section("What is in it", _pictures([figure for figure in figures if not figure.is_line])),
        section("Columns", _columns(kind)),
        section("Sources and licences", _licences(kind, about, facts), _sources(facts, sources)),
        section("How it was made", *_making(kind, about, facts, figures)),
        section("What was left out, and why", _left_out(kind, about, facts)),
        section("Limitations", _limitations(kind, facts)),
        section("Removal", _removal(about)),
        section("Check it", _checking(about)),
        section("Citation", _citation(about, release)),
    )
    return "\n".join(part for part in parts if part)


def _holds(kind: DatasetKind, facts: CardFacts, release: str) -> str:
    rows = [
        ("release", f"`{release}`"),
        (kind.noun, f"{facts.n_rows:,}"),
        (f"{kind.noun} with their file", f"{facts.n_media:,}"),
        ("source videos", f"{facts.n_videos:,}" if kind.noun != "videos" else ""),
        (f"hours of {'all ' if facts.n_media < facts.n_rows else ''}{kind.noun}", f"{facts.duration_s / 3600:,.2f}"),
        ("media", _size(facts.n_bytes)),
        ("scenes", f"{facts.n_scenes:,}" if facts.n_scenes else ""),
        ("with captions", f"{facts.n_with_captions:,}" if facts.n_with_captions else ""),
        ("queries", f"{facts.queries.total():,}" if facts.queries else ""),
        (NAMED, f"`{facts.files_sha256}`" if facts.files_sha256 else ""),
    ]
    return table(("what", "how much"), [row for row in rows if row[1]])


def _warning(facts: CardFacts) -> str:
    if not _is_offline(facts):
        return ""
    return "**No model annotated this**: annotations are `offline`, what was measured and what the source says.\n"


def _loading(kind: DatasetKind, about: DatasetAbout, facts: CardFacts) -> str:
    if not facts.n_rows:
        return "No video has come through yet, so there is nothing to load.\n"
    where = f'"{about.repo or HERE}"'
    calls = []
    if facts.n_media:
        what = f"the files in videos/ with {METADATA}" if loads_as_videos(facts) else f"{METADATA}, without the files"
        calls.append((f"load_dataset({where})", what))
    if facts.n_media < facts.n_rows:
        name = ', "without_media"' if facts.n_media else ""
        calls.append((f"load_dataset({where}{name})", f"{WITHOUT_MEDIA}: rows whose file is not published"))
    if kind.has_shards:
        shards = (
            f'"parquet", data_files="hf://datasets/{about.repo}/data/*.parquet"' if about.repo else f'"{HERE}/data"'
        )
        calls.append((f"load_dataset({shards})", "parquet: mp4 (bytes) and json (struct)"))
    width = max(len(call) for call, _ in calls)
    lines = [f"{call:<{width}}  # {what}" for call, what in calls]
    return (
        "\n".join(["```python", "from datasets import load_dataset", "", *lines, "```", ""])
        + _unloadable(facts)
        + "\nOpen `index.html` in a browser to look around: no server is needed. `croissant.json` tells machines what "
        "is here (MLCommons Croissant 1.0), `CHANGELOG.md` how releases differ.\n"
    )


def _unloadable(facts: CardFacts) -> str:
    """Which files `datasets` does not know as videos, and where they are then."""
    kinds = ", ".join(f"`{suffix}`" for suffix in sorted(facts.suffixes) if suffix not in LOADABLE)
    n = n_unloadable(facts)
    if not n:
        return ""
    if not loads_as_videos(facts):
        return (
            f"\n`datasets` knows no videos of this kind ({kinds}): `file_name` says where each lies in this folder.\n"
        )
    return (
        f"\n`datasets` does not download files of every kind: the {n:,} that are {kinds} come with their rows only "
        "from a copy of the whole folder.\n"
    )


def _pictures(figures: Sequence[Figure]) -> str:
    return "\n".join(f"![{escaped(figure.alt)}]({figure.name})" for figure in figures) + "\n" if figures else ""


def _columns(kind: DatasetKind) -> str:
    rows = [("file_name", "string", "the file, relative to metadata.jsonl"), *schema_table(kind.model)]
    told = table(("name", "type", "meaning"), [(f"`{name}`", dtype, meaning) for name, dtype, meaning in rows])
    head = "<details><summary>What the columns hold that are more than a value</summary>\n"
    return "\n".join([told, head, "```", *outline_of(kind.model), "```", "\n</details>\n"])


def _licences(kind: DatasetKind, about: DatasetAbout, facts: CardFacts) -> str:
    names = sorted({*facts.licences, *facts.licences_without_media})
    rows = [
        [link(name, licence_link(name)), f"{facts.licences[name]:,}", f"{facts.licences_without_media[name]:,}"]
        for name in names
    ]
    told = table(("licence", "videos with their file", "videos without"), rows)
    if about.gate is None:
        return told
    allowed = ", ".join(map(escaped, about.gate)) or "none"
    return (
        f"Files are published under these licences: {allowed}. Of a video under another licence, or one of which "
        f"nothing is known (`unknown`) or understood (`other`), there is its row with a link to its page, and no file; "
        f"that holds for {facts.n_rows - facts.n_media:,} of {facts.n_rows:,} {kind.noun}.\n\n{told}"
    )


def _sources(facts: CardFacts, sources: Sequence[Source]) -> str:
    if not facts.n_videos:
        return ""
    told = (
        f"\nWho made each video, its title, licence and page stand in [{attribution.FILE}]({attribution.FILE}), one "
        "line for each. Who uses a video names them. The rights to the videos are their makers'.\n"
    )
    if not sources or len(sources) < facts.n_videos:
        return told
    head = ("title", "who made it", "licence", "source")
    return f"{told}\n{table(head, [attribution.source_cells(source) for source in sources])}"


def _making(kind: DatasetKind, about: DatasetAbout, facts: CardFacts, figures: Sequence[Figure]) -> list[str]:
    words = words_of(kind.name)
    return [
        f"{words.making_offline if _is_offline(facts) else words.making}\n",
        _pictures([figure for figure in figures if figure.is_line]),
        "Red: so many videos ended there.\n" if about.left_out and any(figure.is_line for figure in figures) else "",
        f"Settings, prompts and versions of all stages stand in [{MADE_BY}]({MADE_BY}). Beside it `{FOLDER}/` holds, "
        "for each video in the dataset, all that it was made from: records, captions as they were read, and the "
        "answers of models, word for word. It is published with the rest.\n",
        escaped_table(("annotator", kind.noun), facts.annotators.largest()),
        escaped_table(("categoriser", "videos with a category"), facts.categorisers.largest()),
        escaped_table(("model, as it named itself", "videos"), facts.models.largest()),
        escaped_table(("prompt", "sha256 of its text"), _prompts(about)),
        escaped_table(("stage", "cost in US$"), [(name, f"{usd:.4f}") for name, usd in about.costs.by_stage.items()]),
        escaped_table(("software", "version"), sorted(about.made_by.items())),
    ]


def _is_offline(facts: CardFacts) -> bool:
    """Whether no model annotated any of it."""
    return set(facts.annotators) == {"offline"}


def _prompts(about: DatasetAbout) -> list[tuple[str, str]]:
    prompts = mapping(about.making.get("prompts"))
    return [(name, str(mapping(prompt).get("template") or "")) for name, prompt in sorted(prompts.items())]


def _left_out(kind: DatasetKind, about: DatasetAbout, facts: CardFacts) -> str:
    counts: list[tuple[object, ...]] = [*left_out_counts(about.left_out)]
    if len(counts) > MOST_REASONS:
        rest = sum(n for *_, n in left_out_counts(about.left_out)[MOST_REASONS:])
        counts = [*counts[:MOST_REASONS], ("", "", "other reasons", rest)]
    told = escaped_table(("stage", "outcome", "reason", "videos"), counts)
    n_without = facts.n_rows - facts.n_media
    without = f"{n_without:,} {kind.noun} stand in `{WITHOUT_MEDIA}` without their file.\n" if n_without else ""
    return "\n".join(part for part in (told or "No video was left out.\n", without) if part)


def _limitations(kind: DatasetKind, facts: CardFacts) -> str:
    lines = [
        *words_of(kind.name).limitations,
        "Counts, titles and categories of the source are as old as its catalogue; what nobody knew is null.",
        "Times are seconds since the start of the file as a player shows them.",
        "Videos show people, and say what their makers say: nobody asked those who are seen, or judged what is said.",
    ]
    if facts.n_without_cell:
        lines.append(f"{facts.n_without_cell} videos are too large for a parquet cell; there `mp4` is null.")
    return "".join(f"- {line}\n" for line in lines)


def _removal(about: DatasetAbout) -> str:
    where = "a discussion in the Community tab of this repository" if about.repo else "a word to whoever gave it to you"
    return (
        f"Who owns a video, or is seen in one, can have it removed: {where} with its `video_id` is enough; no reason "
        "is asked for. It is then taken out of the sources, and the next release has neither its file nor its rows, "
        "pictures, texts and records, nor have the other datasets made from it. `CHANGELOG.md` counts it among the "
        "removed. Older releases hold what they held until they are deleted: please work with the newest.\n"
    )


def _checking(about: DatasetAbout) -> str:
    where = f"hf://datasets/{about.repo}" if about.repo else HERE
    return (
        f"Each row ends with `row_sha256`, of itself, and `provenance_sha256`, of its video's line in `{FOLDER}/`, "
        "where the records and the answers of models stand that it was made from, word for word. "
        f"`sha256sum -c {FILES}`, in the dataset's folder, finds every other file that was altered.\n\n"
        f"```sh\nvidpipe verify {where}\n```\n"
    )


def _citation(about: DatasetAbout, release: str) -> str:
    title = "".join(c for c in plain(about.title, limit=80) if c.isalnum() or c in " .,:-")
    lines = [f"  title = {{{title}}}", f"  note = {{Release {release}, made with vidpipe}}"]
    if about.repo:
        lines.append(f"  howpublished = {{https://huggingface.co/datasets/{about.repo}}}")
    body = ",\n".join(lines)
    return f"```bibtex\n@misc{{vidpipe-{release},\n{body}\n}}\n```\n\nCite the makers of the videos that you show.\n"


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:,.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:,.1f} MB"
