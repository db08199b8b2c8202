import re

import pytest
from markdown_it import MarkdownIt

from vidpipe.export.about import DatasetAbout, LeftOut
from vidpipe.export.attribution import Source
from vidpipe.export.card import card
from vidpipe.export.costs import Costs
from vidpipe.export.facts import CardFacts
from vidpipe.export.figures import figure, line_figure
from vidpipe.export.kinds import SCENES
from vidpipe.export.retrieval import kind_of
from vidpipe.export.target import DatasetKind, Media
from vidpipe_tests.export.samples import HOSTILE, row_of

MEDIA = Media("raw_videos/a/video.mp4", "0" * 64, 1)
RELEASE = "0" * 12
SEGMENTS = kind_of("segment", "ours", ("dialogue", "action_behavior"))
EPISODES = kind_of("episode", "ours", ("main_plot",))


def facts_of(*file_names: str | None, **row: object) -> CardFacts:
    facts = CardFacts()
    for i, name in enumerate(file_names):
        facts.add({**row_of(f"v{i}", MEDIA), **row}, file_name=name, n_bytes=1_000_000)
    facts.close()
    return facts


def body_of(text: str) -> str:
    return text.split("---\n", 2)[2]


def test_the_card_says_what_there_is() -> None:
    body = body_of(
        card(SCENES, DatasetAbout("Demo: scenes"), facts_of("videos/a.mp4", "videos/b.mp4"), release=RELEASE)
    )
    assert body.startswith("\n# Demo&#58; scenes\n")
    for line in ("| videos | 2 |", "| media | 2.0 MB |", "| scenes | 4 |", "| cc-by | 2 | 0 |", "| offline | 2 |"):
        assert line in body
    assert 'load_dataset("<this folder>")' in body
    assert "without_media" not in body
    titles = [line for line in body.splitlines() if line.startswith("## ")]
    assert titles == [
        *("## Columns", "## Sources and licences", "## How it was made", "## What was left out, and why"),
        *("## Limitations", "## Removal", "## Check it", "## Citation"),
    ]


@pytest.mark.parametrize("kind", [SCENES, SEGMENTS, EPISODES], ids=lambda kind: str(kind.name))
def test_each_dataset_has_its_columns_explained(kind: DatasetKind) -> None:
    body = body_of(card(kind, DatasetAbout("Demo"), facts_of("videos/a.mp4"), release=RELEASE))
    for name, info in kind.model.model_fields.items():
        assert f"| `{name}` | " in body
        assert str(info.description) in body
    assert ('load_dataset("<this folder>/data")' in body) is kind.has_shards


def test_a_dataset_on_the_hub_says_how_it_loads_from_there() -> None:
    about = DatasetAbout("Demo", repo="user/name", gate=("cc-by", "cc0"))
    body = body_of(card(SCENES, about, facts_of("videos/a.mp4", None), release=RELEASE))
    assert 'load_dataset("user/name", "without_media")' in body
    assert 'load_dataset("parquet", data_files="hf://datasets/user/name/data/*.parquet")' in body
    assert "| hours of all videos | " in body
    assert "under these licences: cc-by, cc0" in body
    assert "holds for 1 of 2 videos" in body
    assert "| cc-by | 1 | 1 |" in body
    assert "vidpipe verify hf://datasets/user/name" in body
    assert "https://huggingface.co/datasets/user/name" in body


def test_files_that_load_as_no_videos_are_named() -> None:
    some = body_of(card(SCENES, DatasetAbout("Demo"), facts_of("videos/a.mp4", "videos/b.flv"), release=RELEASE))
    assert "the 1 that are `.flv` come with their rows only from a copy of the whole folder" in some
    none = body_of(card(SCENES, DatasetAbout("Demo"), facts_of("videos/b.flv"), release=RELEASE))
    assert "metadata.jsonl, without the files" in none
    assert "knows no videos of this kind (`.flv`)" in none


@pytest.mark.parametrize("kind", [SCENES, SEGMENTS, EPISODES], ids=lambda kind: str(kind.name))
def test_what_no_model_annotated_is_not_said_to_be_annotated(kind: DatasetKind) -> None:
    bodies = [
        body_of(card(kind, DatasetAbout("Demo"), facts_of("videos/a.mp4", annotator=name), release=RELEASE))
        for name in ("offline", "gemini")
    ]
    assert ["No model annotated them" in body for body in bodies] == [True, False]
    assert ["**No model annotated this**" in body for body in bodies] == [True, False]
    assert all("answers of models, word for word. It is published" in body for body in bodies)


def test_categories_are_counted_by_who_chose_them() -> None:
    facts = facts_of("videos/a.mp4", "videos/b.mp4", categoriser="offline", annotator="gemini")
    facts.add({**row_of("w", MEDIA), "categoriser": "llm"}, file_name="videos/w.mp4")
    body = body_of(card(SCENES, DatasetAbout("Demo"), facts, release=RELEASE))
    assert "| categoriser | videos with a category |\n| --- | --- |\n| offline | 2 |\n| llm | 1 |\n" in body


def test_an_empty_dataset_has_nothing_to_load() -> None:
    body = body_of(card(SCENES, DatasetAbout("Demo"), CardFacts(), release=RELEASE))
    assert "nothing to load" in body
    assert "load_dataset" not in body
    assert "No video was left out." in body


def test_what_was_left_out_is_counted_by_reason() -> None:
    left_out = [LeftOut("raw_videos", "unusable", "empty file", f"v{i}") for i in range(3)]
    text = card(SCENES, DatasetAbout("Demo", left_out=left_out), facts_of("videos/a.mp4"), release=RELEASE)
    assert "| raw\\_videos | unusable | empty file | 3 |" in text


def test_many_reasons_are_counted_together() -> None:
    left_out = [LeftOut("raw_videos", "unusable", f"reason {i}", f"v{i}") for i in range(1000)]
    body = body_of(card(SCENES, DatasetAbout("Demo", left_out=left_out), facts_of("videos/a.mp4"), release=RELEASE))
    assert "other reasons | 900 |" in body


def test_pictures_are_shown_from_beside_the_card() -> None:
    about, line = DatasetAbout("Demo"), line_figure({"catalogue": (), "raw_videos": ("catalogue",)}, n_lost={})
    assert line is not None
    pictures = [figure("moods", "Moods", [("calm", 2)]), line]
    body = body_of(card(SCENES, about, facts_of("videos/a.mp4"), release=RELEASE, figures=pictures))
    html = MarkdownIt("commonmark").render(body)
    assert f'<img src="{pictures[0].name}" alt="Moods: calm: 2" />' in html
    assert f'<img src="{line.name}" alt="The line: catalogue, raw_videos" />' in html


def test_how_it_was_made_is_told() -> None:
    about = DatasetAbout(
        "Demo",
        made_by={"vidpipe": "1.2"},
        making={"prompts": {"annotation": {"template": "ab" * 32, "text": "secret of nobody"}}},
        costs=Costs({"video_annotations": 1.5}, (1.5,)),
    )
    told = [{"name": "video_annotations.model", "version": "gemini-x"}]
    body = body_of(card(SCENES, about, facts_of("videos/a.mp4", provenance=told), release=RELEASE))
    for line in (
        f"| annotation | {'ab' * 32} |",
        "| video\\_annotations | 1.5000 |",
        "| video\\_annotations&#58; gemini-x | 1 |",
        "| vidpipe | 1.2 |",
    ):
        assert line in body
    assert "secret" not in body


def test_few_sources_stand_in_the_card_and_many_in_their_file() -> None:
    facts = facts_of("videos/a.mp4", "videos/b.mp4")
    sources = [Source("a", "A", "Ann", "CC BY 4.0", "https://a.example/"), Source("b")]
    few = body_of(card(SCENES, DatasetAbout("Demo"), facts, release=RELEASE, sources=sources))
    assert "| A | Ann | [cc-by-4.0](https://creativecommons.org/licenses/by/4.0/) | [page](https://a.example/) |" in few
    assert "| b | not said | unknown | not said |" in few
    many = body_of(card(SCENES, DatasetAbout("Demo"), facts, release=RELEASE))
    assert "who made it |" not in many
    assert "(attribution.jsonl)" in many


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_inert_everywhere_in_the_card(text: str) -> None:
    about = DatasetAbout(
        text, {text: text}, {"prompts": {text: {"template": text}}}, [LeftOut(text, text, text, text)], gate=(text,)
    )
    told = [{"name": f"{text}.model", "version": text}]
    by = {"annotator": text, "categoriser": text}
    facts = facts_of("videos/a.mp4", None, content_parent_category=text, licence=text, provenance=told, **by)
    picture = figure("categories", "Categories", [(text, 1)])
    source = Source(text, text, text, text, "https://a.example/)")
    body = body_of(card(SCENES, about, facts, release=RELEASE, figures=[picture], sources=[source, source]))
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(body)
    tags = set(re.findall(r"<([a-z0-9]+)", html))
    own_tags = {"h1", "h2", "p", "code", "pre", "ul", "li", "a", "img", "details", "summary"}
    assert tags <= own_tags | {"table", "thead", "tbody", "tr", "th", "td"}
    links = set(re.findall(r'(?:href|src)="([^"]*)"', html))
    own = {"attribution.jsonl", "provenance/made_by.json", picture.name, "https://a.example/%29"}
    assert links <= own | {"https://creativecommons.org/licenses/by/4.0/"}
    assert not re.search("[\0\x07\u202e\udcff]", body)
    rows = [line for line in body.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} <= {3, 4, 5}
