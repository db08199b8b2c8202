from xml.etree import ElementTree as ET

import pytest

from vidpipe.export.facts import CardFacts
from vidpipe.export.figures import Figure, figure, figures, line_figure
from vidpipe.export.target import Media
from vidpipe.recipe.line import LINE
from vidpipe_tests.export.samples import HOSTILE, row_of

SVG = "{http://www.w3.org/2000/svg}"
MEDIA = Media("raw_videos/a/video.mp4", "0" * 64, 1)


def words_in(picture: Figure) -> list[str]:
    root = ET.fromstring(picture.content)
    assert {node.tag.removeprefix(SVG) for node in root.iter()} <= {"svg", "title", "rect", "text", "tspan", "path"}
    assert not [name for node in root.iter() for name in node.attrib if name.startswith("on") or "href" in name]
    return ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]


def drawn(*, noun: str = "videos", costs_usd: tuple[float, ...] = (), **row: object) -> dict[str, Figure]:
    facts = CardFacts()
    for video_id in ("a", "b"):
        facts.add({**row_of(video_id, MEDIA), **row}, file_name="a.mp4", n_bytes=1)
    facts.close()
    return {one.name.split("/")[1].split(".")[0]: one for one in figures(facts, noun=noun, costs_usd=costs_usd)}


def test_what_was_counted_is_drawn() -> None:
    found = drawn(costs_usd=(0.0, 0.004), annotator="gemini")
    assert set(found) == {"durations", "categories", "scenes", "attention", "costs"}
    assert words_in(found["durations"]) == ["How long the videos are", "0 s – 5 s", "2"]
    assert words_in(found["scenes"]) == ["Scenes per video", "2", "2"]
    assert words_in(found["costs"])[1:3] == ["nothing", "1"]


def test_what_was_not_seen_is_not_drawn() -> None:
    assert set(drawn(costs_usd=(0.0, 0.0), content_metadata=None)) == {"durations", "categories"}


def test_a_picture_is_named_by_what_it_shows() -> None:
    one, same, other = (figure("moods", "Moods", [("calm", n)]) for n in (1, 1, 2))
    assert one == same
    assert one.name != other.name
    assert one.name.startswith("figures/moods.")
    assert one.alt == "Moods: calm: 1"


@pytest.mark.parametrize("text", HOSTILE)
def test_labels_stay_words(text: str) -> None:
    words = words_in(figure("categories", text, [(text, 1), ("b", 0)]))
    assert words[-1] == "0"
    assert len(words) == 5


def test_the_line_is_drawn_with_its_losses() -> None:
    picture = line_figure({stage.name: stage.after for stage in LINE}, n_lost={"raw_videos": 1200})
    assert picture is not None
    assert picture.is_line
    words = words_in(picture)
    assert "raw_videos −1,200" in words
    assert {word.split(" ")[0] for word in words} == {stage.name for stage in LINE}
    assert line_figure({}, n_lost={}) is None
