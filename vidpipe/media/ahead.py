"""Work that runs ahead in a thread of its own while the caller is at what came before.

Here belongs handing over from one thread to another. What is worked on belongs to those who ask for it.
"""

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, Queue
from threading import Event
from typing import TypeVar

_Item = TypeVar("_Item")
_DRAIN_S = 0.05


def ahead(items: Iterable[_Item], *, most: int) -> Generator[_Item]:
    """The same items in the same order, up to `most` of them made in another thread before they are asked for.

    What making them raises is raised here in its turn. When the caller leaves, the other thread has ended.
    """
    queue: Queue[_Item | None] = Queue(most)
    has_left = Event()

    def make() -> None:
        try:
            for item in items:
                if has_left.is_set():
                    return
                queue.put(item)
        finally:
            queue.put(None)

    with ThreadPoolExecutor(1) as executor:
        made = executor.submit(make)
        try:
            while (item := queue.get()) is not None:
                yield item
            made.result()
        finally:
            has_left.set()
            while not made.done():
                with suppress(Empty):
                    queue.get(timeout=_DRAIN_S)
