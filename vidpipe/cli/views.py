"""What a model is shown of each video, and how many bytes of it travel: as made, or as it is likely to be made.

Reads no store and asks nobody; what is known of a video is `vidpipe.cli.video_facts`'.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from vidpipe.annotation.shown import SOURCE, expected_bytes, made_by, page_value, proxy_settings
from vidpipe.corpus.youtube import watch_page
from vidpipe.recipe.line import STAGES
from vidpipe.recipe.model_sections import Annotation
from vidpipe.records import Record

_AS_SOURCE: Mapping[str, Any] = {"kind": SOURCE, "made_by": SOURCE}


@dataclass(frozen=True, slots=True)
class Seen:
    """One video as far as it is known here: `n_bytes` of its file, `url` by its row, its record of what is shown."""

    duration_s: float
    n_bytes: int
    has_audio: bool
    url: str | None
    record: Record | None


class Views:
    """What is shown of some videos under a recipe."""

    def __init__(self, recipe: Annotation, videos: Mapping[str, Seen]) -> None:
        self._recipe, self._videos = recipe, videos
        self._settings = proxy_settings(recipe)
        self._made_by = made_by(self._settings, STAGES["annotation_proxy"].version)

    @property
    def n_expected(self) -> int:
        """Of how many videos proxies are likely to be made that are not made yet."""
        return sum(self.value(name)["kind"] == "proxy" and self._made(name) is None for name in self._videos)

    @cached_property
    def bytes_per_s(self) -> float | None:
        """The mean size of a second of the proxies that are made; None where there are none."""
        made = [(n, self._videos[name].duration_s) for name in self._videos if (n := self._n_proxy_bytes(name))]
        return sum(n for n, _ in made) / sum(seconds for _, seconds in made) if made else None

    def value(self, name: str) -> Mapping[str, Any]:
        """The value of the record that tells what is shown, or what is likely to stand there of kind and maker."""
        made, one = self._made(name), self._videos[name]
        if made is not None:
            return made.value
        page = watch_page(one.url) if self._recipe.by_url else None
        if page is not None:
            return page_value(page)
        likely = self._recipe.proxy and (self._settings.burns_time or self._expected(one) < one.n_bytes)
        return self._proxy if likely else _AS_SOURCE

    def n_bytes(self, name: str) -> int:
        """How many bytes of a video travel."""
        kind, one = self.value(name)["kind"], self._videos[name]
        if kind == "page":
            return 0
        return one.n_bytes if kind == SOURCE else self._n_proxy_bytes(name) or self._expected(one)

    @property
    def _proxy(self) -> Mapping[str, Any]:
        return {"kind": "proxy", "made_by": self._made_by, "burn_time": self._settings.burns_time}

    def _made(self, name: str) -> Record | None:
        """The record that stands; None where other settings made it."""
        record = self._videos[name].record
        if record is None or not self._recipe.shows_views:
            return None
        kind = record.value["kind"]
        is_as_wanted = {"proxy": record.value["made_by"] == self._made_by, "page": self._recipe.by_url}
        is_as_wanted[SOURCE] = not self._settings.burns_time
        return record if is_as_wanted[kind] else None

    def _n_proxy_bytes(self, name: str) -> int | None:
        made = self._made(name)
        return sum(made.where["bytes"].values()) if made is not None and made.value["kind"] == "proxy" else None

    def _expected(self, one: Seen) -> int:
        if self.bytes_per_s is not None:
            return round(one.duration_s * self.bytes_per_s)
        return expected_bytes(self._settings, one.duration_s, has_audio=one.has_audio)
