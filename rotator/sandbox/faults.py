"""Faults by name and count: everything that can be made to go wrong in the sandbox, in one table."""

from __future__ import annotations

import threading

# name -> what happens the next N times the matching call arrives.  One line each; the command line
# refuses any other name and prints this table.
KNOWN: dict[str, str] = {}


def declare(name: str, effect: str) -> str:
    """Add a fault to the table and return its name, so that a module declares what it can do."""
    KNOWN[name] = effect
    return name


class UnknownFault(ValueError):
    """A fault name that nothing in the sandbox implements."""


class Faults:
    """How often each named fault is still to happen.  Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: dict[str, int] = {}

    def arm(self, name: str, times: int = 1) -> None:
        """Make `name` happen the next `times` times; 0 disarms it.  Raises UnknownFault."""
        if name not in KNOWN:
            raise UnknownFault(f"unknown fault {name!r}; known: {', '.join(sorted(KNOWN))}")
        with self._lock:
            self._left[name] = times

    def take(self, name: str) -> bool:
        """Whether `name` happens now; counts it down.  Raises UnknownFault."""
        if name not in KNOWN:
            raise UnknownFault(name)
        with self._lock:
            left = self._left.get(name, 0)
            if left > 0:
                self._left[name] = left - 1
            return left > 0

    def armed(self) -> dict[str, int]:
        """What is still to come."""
        with self._lock:
            return {name: left for name, left in self._left.items() if left}
