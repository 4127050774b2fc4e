"""Places to send through beside which nobody rotates, unless a test says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rotator.audit.targets import Sends, Target
from rotator.core.facts import Facts
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.effect import Attempt, Login, attempt
from tests.core.telling import T, adopted

SENDER = "news@queenofsandiego.com"


class Journal:
    """One user's, in memory and always free: a `BriefLock`, and what it holds."""

    def __init__(self) -> None:
        self._events: list[ev.Event] = [adopted()]

    @contextmanager
    def held(self) -> Iterator[Journal]:
        """Whoever comes gets it."""
        yield self

    def events(self) -> tuple[ev.Event, ...]:
        """All until now."""
        return tuple(self._events)

    def facts(self) -> Facts:
        """What they add up to."""
        return fold(self._events)

    def append(self, event: ev.Event) -> None:
        """Keep one."""
        self._events.append(event)

    def check_lock(self) -> None:
        """Nobody takes it away."""


def target(
    consumer: Sends,
    key: str = "",
    entered: Callable[[], AbstractContextManager[Attempt]] | None = None,
    moved: Callable[[], str] = lambda: "",
) -> Target:
    """A place of the user "u"; `entered` stands for `Target.attempt`."""
    journal, name = Journal(), consumer.traits.name
    facts, login = journal.facts(), Login(key, consumer.traits.endpoint, name)
    free = entered or (lambda: attempt(journal, facts, login, lambda: T, time.monotonic))
    return Target("u", consumer, SENDER, f"token-{name}", key, threading.Event(), free, moved)
