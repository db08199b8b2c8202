from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.annotation.told import MOODS
from vidpipe.export.along import Along, Item, Segment, Segments
from vidpipe.export.explorer import Explorer
from vidpipe.export.explorer_views import ExplorerVideo, explorer_video
from vidpipe.export.finevideo import FineVideoRecord
from vidpipe.export.target import Media
from vidpipe_tests.export.samples import HOSTILE, row_of

FIELDS = [*FineVideoRecord.model_fields, "query", "segment_index", "title", "duration", "url", "scenes", "mood"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(FIELDS) | st.text(), inner),
    max_leaves=10,
)
MEDIA = Media("raw_videos/a/video.mp4", "0" * 64, 1)


def view(**changes: object) -> ExplorerVideo:
    return explorer_video({**row_of("a", MEDIA), **changes}, file_name="videos/a.mp4", along=Along([(0.0, 1.0)]))


def scenes(*told: Mapping[str, object]) -> dict[str, Any]:
    return {"content_metadata": {"scenes": list(told)}}


def test_a_video_of_scenes_is_shown_with_all_that_lies_along_it() -> None:
    video = view()
    assert (video.row_id, video.title, video.category, video.duration_s) == ("a", "Title of a", "Sports / Hiking", 2.0)
    assert list(video.lanes) == ["Scenes", "Captions", "Shots"]
    first, second = video.lanes["Scenes"]
    assert (first.start_s, first.end_s, first.text) == (0.0, 0.96, "Opening")
    assert (second.text, dict(second.more)) == ("Scene 2", {"cast": "1", "dynamism": "0.5"})
    assert video.lanes["Shots"] == [Item(0.0, 1.0)]
    assert dict(video.provenance)["sha256"] == "0" * 64


def test_activities_and_moments_have_lanes_of_their_own() -> None:
    span = {"start_timestamp": "00:00:00.500", "end_timestamp": "00:00:01.000"}
    mood = {"description": "Happy", "keyMoments": [{"timestamp": "00:00:01.000", "changeDescription": "a turn"}]}
    video = view(**scenes({"activities": [{"description": "runs", "timestamp": span}], "mood": mood}))
    assert video.lanes["Activities"] == [Item(0.5, 1.0, "runs")]
    assert video.lanes["Moments"] == [Item(1.0, 1.0, "a turn")]
    assert video.moods == ("happy",)


def test_a_video_has_each_of_its_moods_once() -> None:
    told = [{"mood": {"description": mood}} for mood in (*MOODS, *MOODS)]
    assert view(**scenes(*told)).moods == tuple(map(str.lower, MOODS))


@pytest.mark.parametrize("name", ["query", "queries", "model_response"])
def test_queries_are_shown_in_each_of_the_published_shapes(name: str) -> None:
    told = {"main_plot": ["a robbery", "two friends"], "empty": [], "odd": "no list"}
    row = {"series_name": "Séries", "episode_id": "03", "segment_index": 7, "duration": 60.0, name: told}
    video = explorer_video(row, file_name="videos/x.mp4", row_id="x #7")
    assert (video.row_id, video.title, video.series) == ("x #7", "Segment 7 · Séries · 03", "Séries")
    assert video.queries == {"main_plot": ("a robbery", "two friends")}
    assert video.line == "a robbery"
    assert video.lanes["Queries"] == [Item(0.0, 60.0, "a robbery")]


def test_captions_that_are_not_in_a_row_are_shown_along_it() -> None:
    video = explorer_video({"video_id": "a"}, file_name=None, along=Along((), [(0.5, 1.0, "hello")]))
    assert video.lanes == {"Captions": [Item(0.5, 1.0, "hello")]}


def test_segments_cut_from_a_row_have_a_lane_with_their_queries_and_where_they_come_from() -> None:
    queries = {"dialogue": ["one", "two \u202e"], "<b>": ["three"]}
    found = Segments([Segment(0.0, 60.0, queries), Segment(55.0, 90.0)], [("segment_clips", "v1")])
    video = explorer_video({"video_id": "a"}, file_name=None, along=Along(segments=found))
    told = (("dialogue", "one"), ("dialogue", "two"), ("<b>", "three"))
    assert video.lanes == {"Segments": [Item(0.0, 60.0, "one", told), Item(55.0, 90.0)]}
    assert video.provenance == (("segment_clips, of its segments", "v1"),)


def test_a_segment_is_told_from_the_others_of_its_video() -> None:
    video = explorer_video({"title": "A film", "segment_index": 0, "video_id": "a"}, file_name=None)
    assert video.title == "Segment 0 · A film"


def test_titles_cannot_turn_the_text_beside_them_round() -> None:
    assert view(youtube_title="\u202eevil\u2066 one\ntwo").title == "evil one two"


@pytest.mark.parametrize("stamp", [None, "", "soon", "1:2", "00:00:61", 3])
def test_a_scene_without_a_readable_time_is_not_on_the_time_line(stamp: object) -> None:
    times = {"start_timestamp": stamp, "end_timestamp": "00:00:70"}
    lanes = view(**scenes({"timestamps": times}, {"timestamps": None})).lanes
    assert all(item.start_s <= item.end_s for item in lanes.get("Scenes", ()))


@pytest.mark.parametrize("content", [None, 3, [], {"scenes": 3}, {"scenes": [None, 3]}, {"scenes": [{"mood": 3}]}])
def test_a_row_with_strange_content_is_shown_without_it(content: object) -> None:
    assert view(content_metadata=content).title == "Title of a"


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_whatever_a_row_holds_it_is_shown(row: dict[str, object]) -> None:
    Explorer(lambda _name, _data: None).add(explorer_video(row, file_name=None))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_one_plain_line(text: str) -> None:
    video = view(youtube_title=text, youtube_description=text, source_url=text, **scenes({"title": text}))
    assert video.source is None
    assert "\n" not in f"{video.title}{video.line}{video.texts}"


def test_a_row_without_media_has_a_link_to_its_source() -> None:
    row = {**row_of("a", MEDIA), "source_url": "https://example.org/a"}
    video = explorer_video(row, file_name=None)
    assert (video.video, video.source, video.is_playable) == (None, "https://example.org/a", False)


def test_a_file_that_browsers_do_not_play_is_linked() -> None:
    assert not ExplorerVideo("a", "a", "videos/a.avi").is_playable
    assert ExplorerVideo("a", "a", "videos/a.webm").is_playable


def test_what_no_other_place_shows_is_a_fact() -> None:
    facts = dict(view(youtube_tags=["a", "b"], youtube_channel=None).facts)
    assert (facts["tags"], facts["view count"], facts["resolution"]) == ("a, b", "7", "64x48")
    assert not {"title", "channel", "video id", "sha256", "licence"} & facts.keys()
