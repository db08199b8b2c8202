"""Which videos are looked at, where there are too many for that; and what is made of what manifests claim."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from vidpipe.cli.left_to_ask import Some
from vidpipe_tests.clips import make_clip
from vidpipe_tests.commands import call


@given(st.integers(0, 3000), st.integers(1, 100))
def test_some_videos_stand_for_all(n: int, most: int) -> None:
    names = [f"v{i}" for i in range(n)]
    some = Some.of(names, most)
    assert len(some.names) == len(set(some.names)) == min(n, most)
    assert set(some.names) <= set(names)
    assert round(len(some.names) * some.weight, 6) == n
    assert n > most or list(some.names) == names


def test_they_are_spread_evenly() -> None:
    assert Some.of("abcdefgh", 4).names == ("a", "c", "e", "g")


def test_durations_that_cannot_be_are_not_counted_with(tmp_path: Path) -> None:
    make_clip(tmp_path / "a.mp4", [(8, 1)], fps=10, size=(96, 64))
    (tmp_path / "b.mp4").write_bytes(b"no video")
    rows = (
        "id,path,duration_s\nlong,a.mp4,900000000\nshort,a.mp4,0.0000001\nheader,a.mp4,\nbroken,b.mp4,\ngone,c.mp4,60\n"
    )
    (tmp_path / "list.csv").write_text(rows)
    env = {"GEMINI_API_KEY": "key"}
    done = call("init", str(tmp_path / "p"), "--source", str(tmp_path / "list.csv"), env=env)
    assert "gemini-3.8-flash annotates, for at most 5.00 US$" in done.stdout
    done = call("estimate", "--json", "-C", str(tmp_path / "p"))
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    # Six hours in parts of half an hour; the broken one has the mean; one is gone; and a canary.
    assert told["calls"] == 13 + 1 + 1 + 5 + 1
    assert "1 of unknown duration" in " ".join(told["assumptions"])
    assert told["seconds"] > 0
