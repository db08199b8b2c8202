"""Writing captions: the one form in which the store holds them, WebVTT. Reading any form: `captions`."""

from collections.abc import Iterable
from fractions import Fraction

from vidpipe.corpus.captions import Cue


def as_webvtt(cues: Iterable[Cue]) -> bytes:
    """The cues as a WebVTT file, in the given order; reading it back gives the same texts and milliseconds."""
    blocks = ["WEBVTT"]
    for cue in cues:
        text = cue.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        lines = "\n".join(line for line in text.splitlines() if line.strip())
        if lines:
            blocks.append(f"{_stamp(cue.start_s)} --> {_stamp(cue.end_s)}\n{lines}")
    return ("\n\n".join(blocks) + "\n").encode("utf-8", "replace")


def text_cue(text: str, duration_s: float) -> tuple[Cue, ...]:
    """Captions without times as one cue over the whole video."""
    return (Cue(Fraction(0), Fraction(str(duration_s)), text),)


def _stamp(time_s: Fraction) -> str:
    ms = round(time_s * 1000)
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{ms:03d}"
