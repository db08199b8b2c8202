"""H.264's units and parameter sets: read as encoders write them, refused when they are anything else."""

from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.media.avcc import AvcC, avcc_of, read_avcc
from vidpipe.media.nal_units import (
    IDR,
    SLICE,
    BadUnitsError,
    has_idr,
    join_units,
    kind,
    split_annexb,
    split_units,
    unit_kinds,
)
from vidpipe.media.parameter_sets import read_pps_id, read_sps
from vidpipe_tests.clips import make_clip

units = st.lists(st.binary(max_size=20).map(lambda body: bytes([0x65]) + body + b"\x80"), min_size=1, max_size=5)


@given(units)
def test_units_survive_a_packet(wanted: list[bytes]) -> None:
    data = join_units(wanted)
    assert split_units(data) == wanted
    assert unit_kinds(data) == {IDR}
    assert has_idr(data, 4)


@given(units.map(lambda some: [unit.replace(b"\0", b"\1") for unit in some]))
def test_units_survive_a_byte_stream(wanted: list[bytes]) -> None:
    data = b"".join(b"\0\0\0\1" + unit for unit in wanted)
    assert list(split_annexb(data)) == wanted
    assert has_idr(data, 0)


@given(units, st.integers(1, 40))
def test_a_packet_that_ends_early_is_refused(wanted: list[bytes], n_lost: int) -> None:
    data = join_units(wanted)
    whole = {len(join_units(wanted[:n])) for n in range(1, len(wanted))}
    if n_lost < len(data) and len(data) - n_lost not in whole:
        with pytest.raises(BadUnitsError):
            unit_kinds(data[:-n_lost])


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (unit_kinds, read_avcc, avcc_of, read_sps, read_pps_id):
        try:
            read(data)
        except BadUnitsError:
            continue
    has_idr(data, 2)


@pytest.mark.parametrize(
    ("profile", "pix_fmt", "found"),
    [
        ("baseline", "yuv420p", (66, 1, 8)),
        ("main", "yuv420p", (77, 1, 8)),
        ("high", "yuv420p", (100, 1, 8)),
        ("high422", "yuv422p", (122, 2, 8)),
        ("high10", "yuv420p10le", (110, 1, 10)),
    ],
)
def test_parameter_sets_say_what_the_encoder_was_told(
    profile: str, pix_fmt: str, found: tuple[int, int, int], tmp_path: Path
) -> None:
    options = {"preset": "medium", "profile": profile, "x264-params": "sps-id=7"}
    truth = make_clip(tmp_path / "a.mp4", [(0.2, 1)], size=(64, 48), pix_fmt=pix_fmt, options=options, sound=False)
    with av.open(str(truth.path)) as container:
        data = container.streams.video[0].codec_context.extradata or b""
    record = read_avcc(data)
    said = read_sps(record.sps[0])
    assert (said.profile, said.chroma, said.depth) == found
    assert (said.id, read_pps_id(record.pps[0])) == (7, 7)
    assert said.is_progressive
    if found == (100, 1, 8):
        assert record.to_bytes() == data


def test_interlaced_video_says_so(tmp_path: Path) -> None:
    options = {"x264-params": "interlaced=1"}
    truth = make_clip(tmp_path / "a.mp4", [(0.2, 1)], size=(64, 64), options=options, sound=False)
    with av.open(str(truth.path)) as container:
        record = read_avcc(container.streams.video[0].codec_context.extradata or b"")
    assert not read_sps(record.sps[0]).is_progressive


def test_joined_records_have_all_sets_and_the_higher_level() -> None:
    one, other = AvcC(100, 0, 30, (b"\x67one",), (b"\x68a",)), AvcC(100, 0, 31, (b"\x67two",), (b"\x68b",))
    joined = one.joined(other)
    assert (joined.sps, joined.pps, joined.level) == ((b"\x67one", b"\x67two"), (b"\x68a", b"\x68b"), 31)
    assert read_avcc(joined.to_bytes()) == joined


def test_kinds_are_the_low_five_bits() -> None:
    assert kind(b"\x65") == IDR
    assert kind(b"\x41") == SLICE
