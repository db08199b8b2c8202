"""What the environment says of services reaches those who ask them."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vidpipe.asking.services import asker_for
from vidpipe.opening import open_project, open_services
from vidpipe_tests.asking.oracle import MEDIA, PURPOSE, Client, Oracle, question


@pytest.mark.parametrize(
    ("variable", "value", "n_a_minute"),
    [("REQUESTS", "3", 3), ("TOKENS", str(5 * (MEDIA.video + MEDIA.audio) // 2), 2)],
)
def test_what_a_service_gets_in_a_minute_is_bounded_by_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, n_a_minute: int
) -> None:
    now, waited = [datetime(2026, 11, 21, tzinfo=UTC)], [0.0]

    def pause(_event: threading.Event, seconds: float) -> None:
        waited[0] += seconds
        now[0] += timedelta(seconds=seconds)

    (tmp_path / "recipe.yaml").write_text("")
    monkeypatch.setenv(f"VIDPIPE_{variable}_PER_MINUTE", value)
    with Oracle() as oracle:
        service = replace(open_services(tmp_path)["llm"], answerer=Client(oracle.url))
        asker = replace(asker_for(open_project(tmp_path), service), clock=lambda: now[0], pause=pause)
        for n in range(2 * n_a_minute + 1):
            asker.ask(question(n), PURPOSE, MEDIA)
    assert 119 < waited[0] < 121


def test_no_variable_bounds_nothing_in_a_minute(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("")
    service = open_services(tmp_path)["gemini"]
    assert asker_for(open_project(tmp_path), service).terms.limits.per_minute == (None, None)
