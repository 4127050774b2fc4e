"""One effect: its intent is in the journal before it, lock and deadline are tested right before it.

The doctor and the audit look at many things and wait for mails; a rotation, and an incident above all, does not wait
for them.  So each login and test mail of theirs is an effect of its own: lock, nothing has moved since the look,
intent, lock and deadline tested, effect, record.  In between anybody may rotate, and what comes in later is about the
key that was used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from rotator.core.brief_lock import BriefLock, Held, Writes
from rotator.core.errors import LockHeld, Overtaken, StopError
from rotator.core.facts import Facts
from rotator.core.history.events import Event, LoggedIn, LoginIntended
from rotator.core.history.moved import moved
from rotator.core.policy import REQUEST_DEADLINE_S
from rotator.core.ports import Deadline


def intend(journal: Writes, intent: Event, monotonic: Callable[[], float]) -> Deadline:
    """Journal the intent, then test lock and deadline: what follows is the effect and nothing else.

    Raises LockHeld, JournalError, or StopError if this process was paused for too long in between.
    """
    deadline = Deadline.after(REQUEST_DEADLINE_S, monotonic)
    journal.append(intent)
    journal.check_lock()
    if deadline.over:
        raise StopError(
            "this process was paused between intent and effect; nothing was sent",
            why="after a pause the world may be another one",
            fix="run the same command again",
            id="paused",
        )
    return deadline


@dataclass(frozen=True, slots=True)
class Login:
    """What is about to log in: a key ("" = whichever the place holds) at an endpoint, or a place with a test mail."""

    key: str
    endpoint: str
    consumer: str = ""


class Attempt:
    """One effect in hand.  `at`: AWS's time of its intent; `deadline`: no request of it lives longer."""

    def __init__(self, hold: _Hold, before: Facts, login: Login, at: int, deadline: Deadline) -> None:
        """Use `attempt`."""
        self.at, self.deadline = at, deadline
        self._hold, self._before, self._login = hold, before, login

    def let_go(self) -> None:
        """Only waiting is left: others may have the lock."""
        self._hold.end()

    def accepted(self) -> None:
        """The login was accepted and moved the key's last-used: written down with the time of the attempt.

        If a rotation has had the journal since it was let go, the intent alone tells of it.  Raises JournalError.
        """
        if not self._login.key:
            return
        event = LoggedIn(self.at, self._login.key, self._login.endpoint)
        if self._hold.held is not None:
            self._hold.held.append(event)
            return
        with suppress(LockHeld), self._hold.lock.held() as held:
            if not moved(self._before, held.facts(), self._login.consumer):
                held.append(event)


class _Hold:
    """One holding of the lock, which may end before its block does."""

    def __init__(self, lock: BriefLock, held: Held, stack: ExitStack) -> None:
        self.lock, self._stack = lock, stack
        self.held: Held | None = held

    def end(self) -> None:
        self.held = None
        self._stack.close()


@contextmanager
def attempt(
    lock: BriefLock, before: Facts, login: Login, now: Callable[[], int], monotonic: Callable[[], float]
) -> Iterator[Attempt]:
    """One login or test mail that was decided on by `before`; inside the block it is made.

    Raises LockHeld if a rotation is at work, Overtaken if one was since, StopError, JournalError, SealError.
    """
    with ExitStack() as stack:
        held = stack.enter_context(lock.held())
        if why := moved(before, held.facts(), login.consumer):
            raise Overtaken(f"{why}; nothing was sent")
        at = now()
        intent = LoginIntended(at, login.key, login.endpoint, at + REQUEST_DEADLINE_S, login.consumer)
        deadline = intend(held, intent, monotonic)
        yield Attempt(_Hold(lock, held, stack), before, login, at, deadline)
