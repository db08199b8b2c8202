"""Who made the videos, and under which licence: what a dataset says of each source.

What belongs here: one source's own words, and its line of `attribution.jsonl`. Not here: what may be published
(`licences`), the card (`card`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from vidpipe.export.foreign import web_address
from vidpipe.export.licences import OTHER, licence_id, licence_link
from vidpipe.export.markdown import escaped, link

FILE = "attribution.jsonl"
MOST_IN_CARD = 20


@dataclass(frozen=True, slots=True)
class Source:
    """Where a row's video comes from: texts as the source says them, None where it says nothing."""

    video_id: str
    title: str | None = None
    creator: str | None = None
    licence: str | None = None
    page: str | None = None


def source_of(row: Mapping[str, object]) -> Source:
    """The source of a row of any dataset; rows that name no video are told apart by series and episode."""
    named = row.get("video_id") or "/".join(str(row[name]) for name in ("series_name", "episode_id") if row.get(name))
    pages = (row.get(name) for name in ("source_url", "url"))
    return Source(
        video_id=str(named),
        title=_text(row.get("youtube_title")) or _text(row.get("title")),
        creator=_text(row.get("youtube_channel")) or _text(row.get("channel")),
        licence=_text(row.get("licence")),
        page=next((page for page in map(web_address, pages) if page), None),
    )


def source_line(source: Source) -> dict[str, str | None]:
    """The source's line of `attribution.jsonl`: its own words, and the licence by its common name."""
    licence = licence_id(source.licence)
    return {
        "video_id": source.video_id,
        "title": source.title,
        "creator": source.creator,
        "source": source.page,
        "licence": licence,
        "licence_url": licence_link(licence),
        "licence_as_stated": source.licence,
    }


def source_cells(source: Source) -> list[str]:
    """The source's cells of the card's table: title, creator, licence, source."""
    licence = licence_id(source.licence)
    told = escaped(source.licence or "") if licence == OTHER else link(licence, licence_link(licence))
    page = link("page", source.page) if source.page else "not said"
    return [escaped(source.title or source.video_id), escaped(source.creator or "not said"), told, page]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None
