"""What of the machine one video may ask for. How a video is read belongs to the other modules."""

from dataclasses import dataclass

from vidpipe.media.hardware import Hardware


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds beyond which a video is refused with LimitExceededError, before the memory is spent.

    `max_pixels` is width x height of the picture as coded (8K UHD and a tenth), `max_duration_s` the last
    frame's time in seconds, `max_frames` the number of frames (14 hours at 100 a second; 64 bytes of signals
    each). `hardware` decodes where the machine has it, else the processor does.

    Raises:
        ValueError: a bound is not positive.
    """

    max_pixels: int = 7680 * 4320 * 11 // 10
    max_duration_s: float = 4 * 3600.0
    max_frames: int = 5_000_000
    hardware: Hardware | None = None

    def __post_init__(self) -> None:
        if min(self.max_pixels, self.max_duration_s, self.max_frames) <= 0:
            raise ValueError(f"need positive limits, got {self}")
