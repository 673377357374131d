"""A small cache for results that are dear to compute, with a cap on memory."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """Anything that knows how many bytes it holds."""

    @property
    def nbytes(self) -> int:
        """Bytes held in memory."""
        ...


Value = TypeVar("Value", bound=Sized)


class MemoryCache(Generic[Value]):
    """Least recently used values up to `max_bytes` in all. Safe to use from several threads."""

    def __init__(self, max_bytes: int) -> None:
        """Start empty."""
        self._max_bytes = max_bytes
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = threading.Lock()
        self.computed = 0  # how often a value had to be made

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of that key, made if it is not there. Two threads may make the same value at once."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            self.computed += 1
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > 1 and sum(kept.nbytes for kept in self._values.values()) > self._max_bytes:
                self._values.popitem(last=False)
        return value
