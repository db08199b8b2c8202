"""The ratios of a media benchmark as a picture: one line per task and peer, dots per file, on a logarithmic scale."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

_LEFT, _RIGHT, _ROW, _TOP, _WIDTH = 330, 30, 24, 46, 980
_OURS, _AIM, _GRID, _TEXT = "#1f6f8b", "#c0392b", "#dddddd", "#222222"


def as_svg(rows: Sequence[Mapping[str, Any]], *, title: str) -> str:
    """An SVG of the rows of a JSON document that have a ratio: wall and CPU per file, the wall's median, the aim."""
    lines: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["ratio"] is not None and "n_files" not in row:
            lines.setdefault((row["task"], row["peer_name"]), []).append(row)
    ratios = [row[name] for found in lines.values() for row in found for name in ("ratio", "ratio_cpu")] or [1.0]
    low, high = math.floor(math.log10(min(*ratios, 0.5))), math.ceil(math.log10(max(*ratios, 10.0)))
    height = _TOP + _ROW * len(lines) + 40

    def at(ratio: float) -> float:
        share = (math.log10(ratio) - low) / (high - low)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" font-family="sans-serif" '
        f'font-size="12" fill="{_TEXT}"><rect width="100%" height="100%" fill="white"/>',
        f'<text x="10" y="18" font-size="14">{escape(title)}</text>',
    ]
    for power in range(low, high + 1):
        x, label = at(10.0**power), f"{10.0**power:g}"
        colour = _TEXT if power == 0 else _GRID
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 8}" y2="{height - 32}" stroke="{colour}"/>')
        parts.append(f'<text x="{x:.1f}" y="{_TOP - 12}" text-anchor="middle">{label}</text>')
    for number, ((task, peer), found) in enumerate(lines.items()):
        parts += _line(f"{task} : {peer}", found, y=_TOP + _ROW * number + 12, at=at)
    told = "ratio = the peer's seconds / ours; file: filled by wall, open by CPU; bar: median by wall; red: aim"
    parts.append(f'<text x="10" y="{height - 10}">{escape(told)}</text></svg>')
    return "\n".join(parts) + "\n"


def _line(name: str, rows: Sequence[Mapping[str, Any]], *, y: float, at: Any) -> list[str]:
    ratios = sorted(row["ratio"] for row in rows)
    middle = at((ratios[(len(ratios) - 1) // 2] + ratios[len(ratios) // 2]) / 2)
    parts = [f'<text x="{_LEFT - 12}" y="{y + 4}" text-anchor="end">{escape(name)}</text>']
    aim = re.search(r">= ([\d.]+)", rows[0]["aim"] or "")
    if aim is not None:
        x = at(float(aim[1]))
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 10}" y2="{y + 10}" stroke="{_AIM}" stroke-width="2"/>')
    parts.append(f'<rect x="{middle - 2:.1f}" y="{y - 8}" width="4" height="16" fill="{_OURS}"/>')
    parts += [f'<circle cx="{at(r):.1f}" cy="{y - 3}" r="3.5" fill="{_OURS}" fill-opacity="0.55"/>' for r in ratios]
    of_cpu = [row["ratio_cpu"] for row in rows]
    return parts + [f'<circle cx="{at(r):.1f}" cy="{y + 5}" r="3" fill="none" stroke="{_OURS}"/>' for r in of_cpu]
