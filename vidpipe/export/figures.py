"""The pictures of a card: bars of what was counted, and the line that the rows came through, as SVG.

What belongs here: drawing, without any library and without a script inside. Not here: counting (`facts`), the card. The
same values give the same bytes, by which a picture is named. A white ground is drawn, since pages may be dark.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from vidpipe.export.about import plain
from vidpipe.export.facts import NO_MOOD, CardFacts, Histogram

MAX_BARS = 12
COST_EDGES_USD = (1e-9, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)
FOLDER = "figures"
_WIDTH, _LEFT, _RIGHT, _ROW, _TOP = 390, 138, 56, 20, 34
_BAR, _EDGE, _TEXT, _FAINT, _LOSS = "#1f6f8b", "#8a9aa5", "#222222", "#eef3f5", "#a03a2c"
_MAX_LABEL_CHARS, _MAX_TITLE_CHARS = 20, 50
_BOX_WIDTH, _BOX_HEIGHT, _COLUMN, _LAYER = 178, 36, 206, 66


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture: its name below the dataset's folder, what it shows in words, its bytes."""

    name: str
    alt: str
    content: bytes
    is_line: bool = False


def figures(facts: CardFacts, *, noun: str, costs_usd: Sequence[float] = ()) -> list[Figure]:
    """The pictures of what was counted; what was never seen, or always the same nothing, has none."""
    told = [
        ("durations", f"How long the {noun} are", _binned(facts.durations_s, _clock)),
        ("categories", "Categories", facts.categories.largest(MAX_BARS)),
        ("series", "Series", facts.series.largest(MAX_BARS)),
        ("per-video", f"{noun.capitalize()} per video", _whole(facts.rows_of_video)),
        ("scenes", "Scenes per video", _whole(facts.scenes)),
        ("moods", "Moods of scenes", facts.moods.largest(MAX_BARS)),
        ("queries", "Queries by kind", facts.queries.largest(MAX_BARS)),
        ("attention", "Attention score of annotations", _binned(facts.attention, end="1")),
        ("costs", "Cost of a video, US$", _costs(costs_usd)),
    ]
    says_nothing = {
        "per-video": facts.n_rows == facts.n_videos,
        "series": len(facts.series) == 1,
        "categories": set(facts.categories) == {"unknown"},
        "moods": set(facts.moods) == {NO_MOOD},
    }
    shown = [one for one in told if one[2] and not says_nothing.get(one[0])]
    beside = [max(len(bars) for _, _, bars in shown[i - i % 2 : i - i % 2 + 2]) for i in range(len(shown))]
    return [figure(name, title, bars, n_rows=n) for (name, title, bars), n in zip(shown, beside, strict=True)]


def figure(name: str, title: str, bars: Sequence[tuple[str, int]], *, n_rows: int = 0) -> Figure:
    """Horizontal bars with their labels and counts, in room for `n_rows` at least: two stand side by side."""
    title, height = plain(title, limit=_MAX_TITLE_CHARS), _TOP + _ROW * max(len(bars), n_rows) + 10
    most = max((count for _, count in bars), default=0) or 1
    parts = [
        _head(_WIDTH, height, title),
        f'<text x="12" y="21" font-size="14" font-weight="bold">{escape(title)}</text>',
    ]
    for i, (label, count) in enumerate(bars):
        y, width = _TOP + _ROW * i, (_WIDTH - _LEFT - _RIGHT) * count / most
        told = plain(label, limit=_MAX_LABEL_CHARS)
        parts += [
            f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(told)}</text>',
            f'<rect x="{_LEFT}" y="{y + 2}" width="{width:.1f}" height="14" rx="2" fill="{_BAR}"/>',
            f'<text x="{_LEFT + width + 6:.1f}" y="{y + 13}">{count:,}</text>',
        ]
    alt = f"{title}: " + "; ".join(f"{label}: {count}" for label, count in bars)
    return _named(name, alt, parts)


def line_figure(line: Mapping[str, Sequence[str]], *, n_lost: Mapping[str, int]) -> Figure | None:
    """The stages that rows came through, each below those that it follows, and how many videos ended at it.

    `line` gives each stage, in the line's order, what it follows. None without stages.
    """
    layers: dict[str, int] = {}
    for stage, after in line.items():
        layers[stage] = 1 + max((layers[name] for name in after if name in layers), default=-1)
    if not layers:
        return None
    rows: dict[int, list[str]] = {}
    for stage, layer in layers.items():
        rows.setdefault(layer, []).append(stage)
    n_columns = max(map(len, rows.values()))
    width, height = _COLUMN * n_columns + 60, _LAYER * len(rows) + 10
    places = {
        stage: (width / 2 + (i - (len(stages) - 1) / 2) * _COLUMN, 14 + _LAYER * layer)
        for layer, stages in rows.items()
        for i, stage in enumerate(stages)
    }
    parts = [_head(width, height, "The line")]
    parts += [_edge(places[name], places[stage]) for stage in places for name in line[stage] if name in places]
    parts += [_box(stage, places[stage], n_lost.get(stage, 0)) for stage in places]
    return replace(_named("line", "The line: " + ", ".join(places), parts), is_line=True)


def _box(stage: str, at: tuple[float, float], n_lost: int) -> str:
    x, y = at[0] - _BOX_WIDTH / 2, at[1]
    told = f'<tspan fill="{_LOSS}"> −{n_lost:,}</tspan>' if n_lost else ""
    return (
        f'<rect x="{x:.1f}" y="{y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="6" fill="{_FAINT}" '
        f'stroke="{_BAR}"/><text x="{at[0]:.1f}" y="{y + 22}" text-anchor="middle">{escape(stage)}{told}</text>'
    )


def _edge(start: tuple[float, float], end: tuple[float, float]) -> str:
    """A curve from one box to another below it; around the boxes between them, where they stand in one column."""
    (x0, y0), (x1, y1) = (start[0], start[1] + _BOX_HEIGHT), end
    away = _BOX_WIDTH * 0.76 if x0 == x1 and y1 - start[1] > _LAYER else 0
    middle = (y0 + y1) / 2
    curve = f"C {x0 + away:.1f} {middle:.1f}, {x1 + away:.1f} {middle:.1f}, {x1:.1f} {y1 - 5:.1f}"
    tip = f"M {x1 - 4:.1f} {y1 - 7:.1f} L {x1:.1f} {y1:.1f} L {x1 + 4:.1f} {y1 - 7:.1f} Z"
    return f'<path d="M {x0:.1f} {y0:.1f} {curve}" fill="none" stroke="{_EDGE}"/><path d="{tip}" fill="{_EDGE}"/>'


def _head(width: float, height: float, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} '
        f'{height:g}" font-family="sans-serif" font-size="12" fill="{_TEXT}" role="img"><title>{escape(title)}</title>'
        '<rect width="100%" height="100%" rx="6" fill="white"/>'
    )


def _named(name: str, alt: str, parts: Sequence[str]) -> Figure:
    content = "\n".join([*parts, "</svg>\n"]).encode()
    return Figure(f"{FOLDER}/{name}.{hashlib.sha256(content).hexdigest()[:12]}.svg", alt, content)


def _costs(costs_usd: Sequence[float]) -> list[tuple[str, int]]:
    """Videos by cost: those that cost nothing have a bin of their own; no bins where no video cost anything."""
    found = Histogram((0.0, *COST_EDGES_USD))
    for cost_usd in costs_usd if any(costs_usd) else ():
        found.note(cost_usd)
    names = {0.0: "nothing", COST_EDGES_USD[0]: f"under {COST_EDGES_USD[1]:g}"}
    return [(names.get(bar[0], label), bar[2]) for bar, (label, _) in zip(found.bins(), _binned(found), strict=True)]


def _binned(
    histogram: Histogram, told: Callable[[float], str] = "{:g}".format, *, end: str = ""
) -> list[tuple[str, int]]:
    """Each bin by its two edges; `end` is the last one's upper edge."""
    return [(f"{told(low)} – {end if high is None else told(high)}".rstrip(), n) for low, high, n in histogram.bins()]


def _whole(histogram: Histogram) -> list[tuple[str, int]]:
    """As `_binned`, of whole numbers: the last number of a bin instead of the next bin's first."""
    found = []
    for low, high, n in histogram.bins():
        last = f" – {high - 1:g}" if high is not None and high - 1 > low else "" if high is not None else " –"
        found.append((f"{low:g}{last}", n))
    return found


def _clock(time_s: float) -> str:
    if time_s < 60:
        return f"{time_s:g} s"
    return f"{time_s / 60:g} min" if time_s < 3600 else f"{time_s / 3600:g} h"
