"""Where stages lie in a picture of their line: right of what they read, apart from each other, always the same."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from vidpipe.export.line_picture import BOX_HEIGHT, BOX_WIDTH, picture_of

NAMES = [f"s{i}" for i in range(9)]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, str]]]:
    """Stages in an order in which no edge goes back."""
    names = NAMES[: draw(st.integers(0, len(NAMES)))]
    return names, [pair for pair in combinations(names, 2) if draw(st.booleans())]


@given(graphs())
def test_boxes_lie_apart_inside_the_picture_and_right_of_what_they_read(
    graph: tuple[list[str], list[tuple[str, str]]],
) -> None:
    names, edges = graph
    found = picture_of(names, edges)
    assert list(found.boxes) == names
    for x, y in found.boxes.values():
        assert 0 <= x <= found.width - BOX_WIDTH
        assert 0 <= y <= found.height - BOX_HEIGHT
    for (ax, ay), (bx, by) in combinations(found.boxes.values(), 2):
        assert abs(ax - bx) >= BOX_WIDTH or abs(ay - by) >= BOX_HEIGHT
    for source, target in edges:
        assert found.boxes[source][0] + BOX_WIDTH < found.boxes[target][0]
        assert found.branches[source, target][-1][0] == found.boxes[target][0]
    assert found == picture_of(names, edges)


@given(graphs())
def test_an_edge_begins_at_its_box_or_at_its_track(graph: tuple[list[str], list[tuple[str, str]]]) -> None:
    found = picture_of(*graph)
    for (source, _), (start, _) in found.branches.items():
        x, y = found.boxes[source]
        assert start == (x + BOX_WIDTH, y + BOX_HEIGHT // 2) or start in found.tracks[source]
