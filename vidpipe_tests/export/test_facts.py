import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.export.facts import MANY, MAX_NAMES, CardFacts, Histogram, Tally
from vidpipe.export.target import Media
from vidpipe_tests.export.samples import HOSTILE, row_of

MEDIA = Media("raw_videos/a/video.mp4", "0" * 64, 1)


def segments(video_id: str, n: int) -> list[dict[str, object]]:
    return [
        {
            "video_id": video_id,
            "segment_index": i,
            "start_s": 55.0 * i,
            "end_s": 55.0 * i + 60,
            "duration": 60.0,
            "licence": "cc-by",
            "query": {"dialogue": ["a", "b", "c"], "action_behavior": ["a", "b", "c"]},
        }
        for i in range(n)
    ]


def test_scenes_are_counted() -> None:
    facts = CardFacts()
    facts.add(row_of("a", MEDIA), file_name="videos/a.MP4", n_bytes=5)
    facts.add({**row_of("b", MEDIA), "licence": None}, file_name=None)
    facts.close()
    assert (facts.n_rows, facts.n_media, facts.n_videos, facts.n_bytes, facts.n_scenes) == (2, 1, 2, 5, 4)
    assert facts.licences == {"cc-by": 1}
    assert facts.licences_without_media == {"unknown": 1}
    assert facts.suffixes == {".mp4": 1}
    assert facts.moods == {"none told": 4}
    assert facts.duration_s == 4.0
    assert sum(facts.attention.counts) == 0  # what no model wrote says nothing of a model's attention


def test_a_video_is_counted_once_however_many_rows_it_has() -> None:
    facts = CardFacts()
    sources = [facts.add(row, file_name="x.mp4", n_bytes=1) for v, n in (("a", 3), ("b", 1)) for row in segments(v, n)]
    facts.close()
    assert [source and source.video_id for source in sources] == ["a", None, None, "b"]
    assert (facts.n_rows, facts.n_videos, facts.licences["cc-by"]) == (4, 2, 2)
    assert facts.queries == {"dialogue": 12, "action_behavior": 12}
    assert facts.rows_of_video.bins() == [(1, 2, 1), (2, 3, 0), (3, 5, 1)]
    assert facts.durations_s.bins() == [(60, 120, 4)]


def test_models_are_counted_as_they_named_themselves() -> None:
    facts = CardFacts()
    told = [{"name": "video_annotations.model", "version": "gemini-x"}, {"name": "vidpipe", "version": "1"}]
    facts.add({**row_of("a", MEDIA), "annotator": "gemini", "provenance": told}, file_name="a.mp4", n_bytes=1)
    assert facts.models == {"video_annotations: gemini-x": 1}
    assert sum(facts.attention.counts) == 1


@pytest.mark.parametrize(
    ("told", "moods"),
    [
        ("Happy", {"happy"}),
        ("calm, CURIOUS!", {"calm", "curious"}),
        ("tense", {"in other words"}),
        (" ", {"none told"}),
    ],
)
def test_moods_are_those_that_were_asked_for(told: str, moods: set[str]) -> None:
    facts = CardFacts()
    content = {"scenes": [{"mood": {"description": told}}]}
    facts.add({"video_id": "a", "content_metadata": content}, file_name="a.mp4", n_bytes=1)
    assert set(facts.moods) == moods


def test_names_are_told_apart_as_far_as_memory_goes() -> None:
    tally = Tally()
    for i in range(3 * MAX_NAMES):
        tally.note(f"name {i}")
    tally.note("name 1")
    assert len(tally) == MAX_NAMES + 1
    assert tally[MANY] == 2 * MAX_NAMES
    assert tally["name 1"] == 2
    assert tally.largest(1) == [("name 1", 2), (MANY, 3 * MAX_NAMES - 1)]
    assert tally.largest()[-1] == (MANY, 2 * MAX_NAMES)


@given(st.lists(st.floats(-10, 1e6)))
def test_a_histogram_loses_nothing(values: list[float]) -> None:
    histogram = Histogram((0, 1, 10, 100))
    for value in values:
        histogram.note(value)
    bins = histogram.bins()
    assert sum(n for _, _, n in bins) == len(values)
    assert not bins or (bins[0][2] and bins[-1][2])


@settings(max_examples=30)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "video_id",
                "duration_s",
                "content_metadata",
                "query",
                "provenance",
                "annotator",
                "categoriser",
                "licence",
                "series_name",
                "start_s",
                "end_s",
            ]
        ),
        st.recursive(
            st.none() | st.floats() | st.text() | st.integers(),
            lambda inner: (
                st.lists(inner) | st.dictionaries(st.sampled_from(["scenes", "mood", "description", "name"]), inner)
            ),
            max_leaves=6,
        ),
    )
)
def test_any_row_is_counted(row: dict[str, object]) -> None:
    facts = CardFacts()
    facts.add(row, file_name=None)
    facts.close()
    assert facts.n_rows == 1


def test_memory_does_not_grow_with_the_rows() -> None:
    facts = CardFacts()
    rows = [
        {**row_of(f"v{i}", MEDIA), "youtube_title": HOSTILE[i % len(HOSTILE)] * 9, "series_name": "s"}
        for i in range(50)
    ]
    for row in rows:
        facts.add(row, file_name="a.mp4", n_bytes=1)
    tracemalloc.start()
    for i in range(20):
        for row in rows:
            facts.add({**row, "video_id": f"{row['video_id']}{i}"}, file_name="a.mp4", n_bytes=1)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 100_000
