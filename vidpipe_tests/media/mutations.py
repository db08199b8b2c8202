"""Damaged copies of videos, the same for the same seed: what a disk, a network or an enemy makes of a file."""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

Mutation = Callable[[bytearray, Random], None]


def truncated(data: bytearray, random: Random) -> None:
    """The end is missing, at one of 20 places."""
    del data[len(data) * random.randrange(20) // 20 :]


def flipped(data: bytearray, random: Random) -> None:
    """Up to 64 bytes are others, anywhere or in the first 4 kB."""
    reach = min(len(data), random.choice((4096, len(data))))
    for _ in range(random.choice((1, 4, 16, 64))):
        data[random.randrange(reach)] ^= 1 << random.randrange(8)


def garbled(data: bytearray, random: Random) -> None:
    """A stretch holds zeros, ones or noise."""
    start = random.randrange(len(data))
    length = min(random.choice((16, 512, 8192)), len(data) - start)
    data[start : start + length] = random.choice((b"\0" * length, b"\xff" * length, random.randbytes(length)))


def shifted(data: bytearray, random: Random) -> None:
    """A stretch is missing, or stands there twice."""
    start = random.randrange(len(data))
    stretch = data[start : start + random.choice((1, 7, 188, 4096))]
    if random.random() < 0.5:
        del data[start : start + len(stretch)]
    else:
        data[start:start] = stretch


def renumbered(data: bytearray, random: Random) -> None:
    """Numbers of four bytes near the file's ends, where containers keep their tables, have extreme values."""
    for _ in range(random.choice((1, 3, 12))):
        reach = min(len(data) - 4, 65536)
        place = random.randrange(reach) if random.random() < 0.5 else len(data) - 4 - random.randrange(reach)
        number = random.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, random.randrange(2**32)))
        struct.pack_into(">I", data, place, number)


def extended(data: bytearray, random: Random) -> None:
    """Something foreign follows."""
    data += random.choice((random.randbytes(5000), bytes(data[: len(data) // 3]), b"\0" * 100_000))


def flipped_copies(path: Path, n: int) -> Iterator[Path]:
    """Copies of a file, one after the other under one name beside it, with eight bytes changed in each.

    Every second one has them in its first 3 kB.
    """
    whole, broken = path.read_bytes(), path.with_name(f"flipped{path.suffix}")
    for seed in range(n):
        random, data = Random(seed), bytearray(whole)
        for _ in range(8):
            data[random.randrange(len(data) if seed % 2 else min(3000, len(data)))] ^= random.randrange(1, 256)
        broken.write_bytes(data)
        yield broken


MUTATIONS: tuple[Mutation, ...] = (truncated, flipped, garbled, shifted, renumbered, extended)


def kinds_of(random: Random) -> list[Mutation]:
    """One to three kinds of damage."""
    return random.sample(MUTATIONS, random.choice((1, 1, 2, 3)))


def mutated(whole: bytes, seed: int) -> bytes:
    """`whole` with one to three kinds of damage; files of less than 8 bytes stay as they are."""
    random, data = Random(seed), bytearray(whole)
    for mutation in kinds_of(random):
        if len(data) >= 8:
            mutation(data, random)
    return bytes(data)
