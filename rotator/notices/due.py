"""Which notices are due: a pure decision from what is so now and what was said before.

Level-triggered like the rotation: nothing is queued.  As long as something is so and was not said, it is due; a process
that was killed between sending and recording says it again under the same id.  Each channel has a past of its own, so
that one that fails does not make the others repeat themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rotator.core.evidence import unattested
from rotator.core.facts import ConsumerFacts
from rotator.core.history.events import Event, NoticeSent, Outcome, RunFinished
from rotator.core.notice import NoticeKind, Turn
from rotator.core.policy import DAY_S, Traits
from rotator.core.situation import Situation
from rotator.core.times import id_stamp

LONGEST_CAUSE = 200  # characters; the whole id is the value of a header, and SES takes 995
DIGEST = 16
DUE_SOON_S = 14 * DAY_S  # before the rotation begins, but never more than a quarter of a key's life


@dataclass(frozen=True, slots=True)
class Due:
    """One notice to be sent; `subject` is the consumer, run, outcome or cause it is about, `times` counts reminders."""

    kind: NoticeKind
    id: str
    subject: str = ""
    times: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """What was said on one channel: every id; and of what is not mended yet, cause -> when it was first said."""

    ids: frozenset[str] = frozenset()
    failing: Mapping[str, int] = field(default_factory=dict)
    episode: int = 0  # how often something failed and was mended before

    @classmethod
    def on(cls, channel: str, events: Iterable[Event]) -> Said:
        """The past of one channel."""
        ids, failing, episode = set(), dict[str, int](), 0
        for one in events:
            if not isinstance(one, NoticeSent) or one.channel != channel:
                continue
            ids.add(one.id)
            if one.kind == NoticeKind.RECOVERED:
                failing, episode = {}, episode + 1
            elif one.kind == NoticeKind.FAILED:
                failing.setdefault(_cause_in(one.id), one.at)
        return cls(frozenset(ids), failing, episode)


def due(
    s: Situation, turn: Turn | None, events: Sequence[Event], said: Said, remind_s: int, *, timed: bool = True
) -> tuple[Due, ...]:
    """The notices that are due now, the most urgent first.  `turn` None: this process did not go on with the run.

    `timed` False: the time is not known for sure, so nothing is told because it has passed.
    """
    wanted = (
        *(_failures(s, turn, said, remind_s) if turn is not None else ()),
        *(_by_the_clock(s, remind_s) if timed else ()),
        *_done(events),
    )
    return tuple(one for one in wanted if one.id not in said.ids)


def _by_the_clock(s: Situation, remind_s: int) -> Iterator[Due]:
    """What is due because time has passed.  A wrong time would say it too early, and the right one never again."""
    yield from _of_age(s)
    yield from _waiting(s, remind_s)
    yield from _soon(s)


def _failures(s: Situation, turn: Turn, said: Said, remind_s: int) -> Iterator[Due]:
    """What keeps the run from going on, again as a reminder; and once that it is over."""
    user, cause = s.policy.user, _short(turn.cause)
    if cause:
        times = max(0, s.now - said.failing[cause]) // remind_s if cause in said.failing else 0
        yield Due(NoticeKind.FAILED, f"failed/{user}/{said.episode}/{cause}/{times}", turn.cause, times)
    elif said.failing:
        yield Due(NoticeKind.RECOVERED, f"recovered/{user}/{said.episode}")


def _short(cause: str) -> str:
    """The cause as an id holds it: itself, or its beginning and a digest if it names many consumers.

    Journals and receivers know these ids, so neither the limit nor the form ever changes.
    """
    if len(cause) <= LONGEST_CAUSE:
        return cause
    digest = hashlib.sha256(cause.encode()).hexdigest()[:DIGEST]
    return f"{cause[: LONGEST_CAUSE - 1 - DIGEST]}-{digest}"


def _cause_in(failed_id: str) -> str:
    return failed_id.split("/")[3]


def _of_age(s: Situation) -> Iterator[Due]:
    run = s.facts.run
    if s.overdue:
        key = s.listed[run.old if run else s.facts.current]
        yield Due(NoticeKind.OVERDUE, f"overdue/{s.policy.user}/{id_stamp(key.created)}", key.id)
    if run is not None and s.open_too_long:
        yield Due(NoticeKind.OPEN_TOO_LONG, f"open-too-long/{run.id}", run.id)


def _waiting(s: Situation, remind_s: int) -> Iterator[Due]:
    if s.facts.run is None or s.new.compromised:
        return
    for traits, known in s.consumers:
        if not waits_for_a_person(s, traits, known):
            continue
        times = max(0, s.now - known.push_at) // remind_s
        notice = f"waiting/{s.facts.run.id}/{traits.name}/{id_stamp(known.push_at)}/{times}"
        yield Due(NoticeKind.WAITING, notice, traits.name, times)


def waits_for_a_person(s: Situation, traits: Traits, known: ConsumerFacts) -> bool:
    """Whether the run's new credential lies ready for this consumer, and nobody said that it is there."""
    told = known.pushed == s.run.new and known.push_outcome == Outcome.WAITING
    return told and unattested(traits, known)


def _soon(s: Situation) -> Iterator[Due]:
    key = s.listed.get(s.facts.current)
    if s.facts.run is not None or key is None or not key.active:
        return
    begins = key.created + s.policy.rotate_at_s
    if begins - min(DUE_SOON_S, s.policy.rotate_at_s // 4) <= s.now < begins:
        yield Due(NoticeKind.DUE_SOON, f"due-soon/{s.policy.user}/{id_stamp(key.created)}", key.id)


def _done(events: Sequence[Event]) -> Iterator[Due]:
    """The newest run that is over; older ones that nobody heard of are history."""
    newest = next((one for one in reversed(events) if isinstance(one, RunFinished)), None)
    if newest is not None:
        yield Due(NoticeKind.DONE, f"done/{newest.run}", newest.outcome)
