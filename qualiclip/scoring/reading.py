"""Reading many pictures: decoded ahead of their use, in order, in bounded memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from torch import Tensor

from qualiclip.errors import InputError

Source = TypeVar("Source")

PIXELS_AHEAD = 8 * 2**20  # pixels that may wait decoded: 12 bytes each
MOST_AHEAD = 32
WORKERS = 2


@dataclass(frozen=True)
class Decoded(Generic[Source]):
    """A source with its image (3, H, W), or with the reason why there is none."""

    source: Source
    image: Tensor | None
    error: str = ""


def _decode(read: Callable[[Source], Tensor], source: Source) -> Decoded[Source]:
    try:
        return Decoded(source, read(source))
    except InputError as error:
        return Decoded(source, None, str(error))


def decoded(read: Callable[[Source], Tensor], sources: Iterable[Source]) -> Iterator[Decoded[Source]]:
    """Sources in their order, read by threads ahead of their use; as far ahead as pictures like the last allow."""
    waiting: deque[Future[Decoded[Source]]] = deque()
    left = iter(sources)
    ahead = 1
    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            while True:
                waiting.extend(
                    pool.submit(_decode, read, source) for source in islice(left, max(0, 1 + ahead - len(waiting)))
                )
                if not waiting:
                    return
                item = waiting.popleft().result()
                if item.image is not None:
                    ahead = max(1, min(MOST_AHEAD, PIXELS_AHEAD // item.image[0].numel()))
                yield item
        finally:  # also when the caller stops early
            for future in waiting:
                future.cancel()
