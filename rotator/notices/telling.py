"""Send what is due, channel by channel, and record each in the journal right after it went out.

Nothing here changes what the program decides or how it exits: a channel that fails is recorded, told in the next
`status`, and tried again by the next process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from rotator.core.history.events import Event, NoticeFailed, NoticeSent
from rotator.core.notice import Notice, Notifier, Turn, failing
from rotator.core.policy import REQUEST_DEADLINE_S
from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.core.situation import Situation
from rotator.notices.due import Said, due
from rotator.notices.wording import worded


class Diary(Protocol):
    """The part of the journal that is needed here; `append` is durable when it returns."""

    def events(self) -> Sequence[Event]:
        """All events of this user, oldest first."""
        ...

    def append(self, event: Event) -> None:
        """Commit one event."""
        ...

    def head(self) -> tuple[int, str]:
        """Number and MAC of the newest event."""
        ...


@dataclass(frozen=True, slots=True)
class Teller:
    """The configured channels, and how often people are reminded."""

    notifiers: Sequence[Notifier]
    remind_s: int
    monotonic: Callable[[], float] = time.monotonic

    def tell(self, s: Situation, turn: Turn | None, diary: Diary, *, timed: bool = True) -> list[str]:
        """Send and record what is due; returns a warning a channel that failed.  Raises JournalError, LockHeld.

        `timed` as in `due`.
        """
        return [warning for one in self.notifiers for warning in self._on(one, s, turn, diary, timed)]

    def has_news(self, s: Situation, turn: Turn | None, diary: Diary) -> bool:
        """Whether anything would be told if the time that is in `s` is the right one."""
        events = diary.events()
        return any(due(s, turn, events, Said.on(one.channel, events), self.remind_s) for one in self.notifiers)

    def _on(self, notifier: Notifier, s: Situation, turn: Turn | None, diary: Diary, timed: bool) -> Iterator[str]:
        said = Said.on(notifier.channel, diary.events())
        for one in due(s, turn, diary.events(), said, self.remind_s, timed=timed):
            notice = worded(one, s, turn, diary.head())
            answer = notifier.send(notice, Deadline.after(REQUEST_DEADLINE_S, self.monotonic))
            if not isinstance(answer, Acknowledged):
                why = _why(answer)
                _record_failure(NoticeFailed(s.now, one.id, one.kind, notifier.channel, why), diary)
                yield f"the notice {one.id} could not be sent by {notifier.channel}: {why}"
                return  # the rest of this channel would wait as long
            diary.append(NoticeSent(s.now, notice.id, notice.kind, notifier.channel))


def send_everywhere(notice: Notice, notifiers: Sequence[Notifier]) -> tuple[bool, list[str]]:
    """A notice of no run, on every channel: whether one took it, and a warning for each that did not."""
    warnings = []
    for one in notifiers:
        answer = one.send(notice, Deadline.after(REQUEST_DEADLINE_S))
        if not isinstance(answer, Acknowledged):
            warnings.append(f"the notice {notice.id} could not be sent by {one.channel}: {_why(answer)}")
    return len(warnings) < len(notifiers), warnings


def _why(answer: Refused | Unknown) -> str:
    fix = answer.fix if isinstance(answer, Refused) else ""
    return "; ".join(filter(None, (answer.detail, fix)))


def _record_failure(event: NoticeFailed, diary: Diary) -> None:
    """Once for as long as it is the same: a channel that is down for a month is one event, not thirty."""
    before = failing(diary.events()).get(event.channel)
    if before is None or (before.id, before.detail) != (event.id, event.detail):
        diary.append(event)
