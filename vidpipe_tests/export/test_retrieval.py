import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.annotation.queries import queries_form
from vidpipe.export.columns import features_of, schema_table, struct_of
from vidpipe.export.retrieval import kind_of, place_in_order
from vidpipe.recipe.query_section import EDITIONS

SEGMENT = EDITIONS["published"]["segment"]


def test_rows_are_sorted_by_series_numeric_episode_and_video_and_what_is_no_number_comes_after() -> None:
    places = [
        ("A", "2", "v"),
        ("A", "10", "v"),
        ("A", "10", "w"),
        ("A", "10.5", "v"),
        ("A", "011", "v"),
        ("A", "OVA", "v"),
        ("A", "S01E01", "v"),
        ("A", "\u0661", "v"),  # a digit, though none of ours
        ("A", None, "v"),
        ("B", "1", "v"),
        (None, "1", "v"),
        (None, None, "a"),
    ]
    shuffled = places[::-1]
    assert sorted(shuffled, key=lambda place: place_in_order(*place)) == places


@given(st.lists(st.tuples(st.none() | st.text(), st.none() | st.text(), st.text()), unique=True))
def test_any_names_can_be_sorted_in_one_way(places: list[tuple[str | None, str | None, str]]) -> None:
    assert len({place_in_order(*place) for place in places}) == len(places)
    ordered = sorted(places, key=lambda place: place_in_order(*place))
    ordered.reverse()
    assert sorted(ordered, key=lambda place: place_in_order(*place)) == ordered[::-1]


def test_columns_have_types_that_no_row_changes() -> None:
    kind = kind_of("segment", "ours", SEGMENT)
    query = next(field for field in struct_of(kind.model).fields if field.name == "query")
    assert query.dtype == pl.Struct([pl.Field(name, pl.List(pl.String())) for name in SEGMENT])
    told = next(feature for feature in features_of(kind.model) if feature["name"] == "query")
    assert told["struct"] == [{"name": name, "list": "string"} for name in SEGMENT]
    assert all(meaning for _, _, meaning in schema_table(kind.model))


def test_the_published_layout_names_files_as_published() -> None:
    assert not kind_of("segment", "takalawang", SEGMENT).has_digests
    assert kind_of("segment", "ours", SEGMENT).has_digests


def test_fields_of_ones_own_may_be_called_as_methods_are() -> None:
    fields = ("json", "copy", "model_dump_it", "schema", "model_year")
    model = kind_of("episode", "ours", fields).model
    row = dict.fromkeys(model.model_fields) | {"video_id": "v", "provenance": []}
    told = {name: ["one", "two", "three"] for name in fields}
    assert model.model_validate({**row, "query": told}).model_dump(mode="json")["query"] == told
    asked = queries_form(fields).model_validate({"request_id": "r", **told})
    assert asked.model_dump(exclude={"request_id"}) == told
