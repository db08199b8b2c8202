"""Where the stages of a line lie in a picture: left to right, each right of all that it reads, lines between them.

What belongs here: numbers in pixels, the same for the same graph. Not here: what a stage is called or how it came out,
nor drawing (`lineage.js`). A stage that is read far to the right has one track there, along which all that read it
branch off: a line for each would hide the boxes.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

BOX_WIDTH, BOX_HEIGHT, GAP, COLUMN = 112, 58, 22, 146
TRACK_HEIGHT, MARGIN = 6, 14
_SWEEPS, _MOVES = 12, 24

Node = tuple[str, int]
"""A box (its column is its own) or the track of one in a column further right."""


@dataclass(frozen=True, slots=True)
class Picture:
    """`boxes`: left upper corner by name. `tracks`: points of the line to the right of a box, by name, if it has any.

    `branches`: for each edge (source, target), the points from its source's box or track to its target.
    """

    width: int
    height: int
    boxes: Mapping[str, tuple[int, int]]
    tracks: Mapping[str, Sequence[tuple[int, int]]]
    branches: Mapping[tuple[str, str], Sequence[tuple[int, int]]]


def picture_of(names: Sequence[str], edges: Sequence[tuple[str, str]], late: Collection[str] = ()) -> Picture:
    """The picture of a graph without cycles; `names` come in an order in which no edge goes back.

    Those in `late` lie as far right as they can: ends that belong together.
    """
    layers = _Layers(names, edges, late)
    for _ in range(_SWEEPS):
        layers.sort(up=True)
        layers.sort(up=False)
    layers.place()
    return layers.picture()


@dataclass
class _Layers:
    names: Sequence[str]
    edges: Sequence[tuple[str, str]]
    late: Collection[str]
    column: dict[str, int] = field(init=False)
    layers: list[list[Node]] = field(init=False)
    left: dict[Node, list[Node]] = field(init=False)
    right: dict[Node, list[Node]] = field(init=False)
    y: dict[Node, float] = field(init=False)

    def __post_init__(self) -> None:
        self.column = {}
        for name in self.names:
            self.column[name] = max((self.column[a] + 1 for a, b in self.edges if b == name), default=0)
        last = max(self.column.values(), default=0)
        for name in reversed(self.names):
            if name in self.late:
                self.column[name] = min((self.column[b] - 1 for a, b in self.edges if a == name), default=last)
        self.left, self.right = defaultdict(list), defaultdict(list)
        nodes: dict[Node, None] = {(name, self.column[name]): None for name in self.names}
        for source, target in self.edges:
            for at in range(self.column[source], self.column[target] - 1):
                nodes[source, at + 1] = None
                self._join((source, at), (source, at + 1))
            self._join((source, self.column[target] - 1), (target, self.column[target]))
        self.layers = [[] for _ in range(max(self.column.values(), default=-1) + 1)]
        for node in nodes:
            self.layers[node[1]].append(node)

    def _join(self, a: Node, b: Node) -> None:
        if b not in self.right[a]:
            self.right[a].append(b)
            self.left[b].append(a)

    def is_box(self, node: Node) -> bool:
        return self.column[node[0]] == node[1]

    def sort(self, *, up: bool) -> None:
        """Put each column in the order of the mean places of what its nodes are joined with."""
        beside = self.right if up else self.left
        for layer in reversed(self.layers) if up else self.layers:
            place = {node: i for other in self.layers for i, node in enumerate(other)}
            mean = {
                node: sum(place[n] for n in beside[node]) / len(beside[node]) if beside[node] else place[node]
                for node in layer
            }
            layer.sort(key=lambda node: (mean[node], not self.is_box(node)))

    def place(self) -> None:
        """Give each node its height: as near to what it is joined with as those above and below it let it be."""
        self.y = {}
        for layer in self.layers:
            at = 0.0
            for node in layer:
                at += self._size(node) / 2
                self.y[node] = at
                at += self._size(node) / 2 + GAP
        for i in range(_MOVES):
            for layer in self.layers if i % 2 else reversed(self.layers):
                self._settle(layer)

    def _settle(self, layer: Sequence[Node]) -> None:
        wanted = []
        for node in layer:
            beside = [*self.left[node], *self.right[node]]
            wanted.append(sum(self.y[n] for n in beside) / len(beside) if beside else self.y[node])
        blocks: list[tuple[float, list[int]]] = []  # places of neighbours that touch are moved together
        offsets = self._offsets(layer)
        for i, want in enumerate(wanted):
            top, members = want - offsets[i], [i]
            while blocks and blocks[-1][0] >= top:
                before, others = blocks.pop()
                top = (before * len(others) + top * len(members)) / (len(others) + len(members))
                members = others + members
            blocks.append((top, members))
        for top, members in blocks:
            for i in members:
                self.y[layer[i]] = top + offsets[i]

    def _offsets(self, layer: Sequence[Node]) -> list[float]:
        """Where each node's middle would be, were the column packed from 0 on."""
        found, at = [], 0.0
        for node in layer:
            found.append(at + self._size(node) / 2)
            at += self._size(node) + GAP
        return found

    def _size(self, node: Node) -> int:
        return BOX_HEIGHT if self.is_box(node) else TRACK_HEIGHT

    def picture(self) -> Picture:
        """Everything in whole pixels, from the left upper corner on."""
        top = min((self.y[n] - self._size(n) / 2 for n in self.y), default=0.0) - MARGIN
        bottom = max((self.y[n] + self._size(n) / 2 for n in self.y), default=0.0) + MARGIN
        y = {node: round(value - top) for node, value in self.y.items()}
        boxes = {name: (MARGIN + COLUMN * at, y[name, at] - BOX_HEIGHT // 2) for name, at in self.column.items()}
        width = 2 * MARGIN + COLUMN * max(len(self.layers) - 1, 0) + BOX_WIDTH
        return Picture(width, round(bottom - top), boxes, self._tracks(y), self._branches(y))

    def _tracks(self, y: Mapping[Node, int]) -> dict[str, list[tuple[int, int]]]:
        found = {}
        for name, at in self.column.items():
            last = max((column for other, column in y if other == name), default=at)
            if last > at:
                points = [(MARGIN + COLUMN * at + BOX_WIDTH, y[name, at])]
                for column in range(at + 1, last + 1):
                    points += [(MARGIN + COLUMN * column + dx, y[name, column]) for dx in (0, BOX_WIDTH)]
                found[name] = points
        return found

    def _branches(self, y: Mapping[Node, int]) -> dict[tuple[str, str], list[tuple[int, int]]]:
        found = {}
        for source, target in self.edges:
            at = self.column[target]
            start = (MARGIN + COLUMN * (at - 1) + BOX_WIDTH, y[source, at - 1])
            found[source, target] = [start, (MARGIN + COLUMN * at, y[target, at])]
        return found
