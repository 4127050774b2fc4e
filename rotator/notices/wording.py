"""Notices in words: what is so, what to do, whether mail flows, and the journal's head: so it is noted outside too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rotator.core.access_keys import mask
from rotator.core.notice import Notice, NoticeKind, Turn, subject_line
from rotator.core.policy import DAY_S
from rotator.core.situation import Situation
from rotator.core.times import when
from rotator.notices.due import Due, waits_for_a_person

NOTHING_TO_DO = "nothing to do"


@dataclass(frozen=True, slots=True)
class Words:
    """What one notice says: a few words for the subject, sentences, what to do, and which page has more."""

    few: str
    lines: tuple[str, ...]
    next: str
    page: str = ""


def worded(due: Due, s: Situation, turn: Turn | None, head: tuple[int, str]) -> Notice:
    """The notice as it is sent.  `head` is (number, MAC) of the journal's newest event."""
    words = _words(due, s, turn or Turn(""))
    subject = subject_line(f"{s.policy.user}: {words.few}")
    return Notice(due.id, due.kind, subject, "\n".join(_text(due, s, turn, head, words)) + "\n")


def _text(due: Due, s: Situation, turn: Turn | None, head: tuple[int, str], words: Words) -> Iterator[str]:
    yield from words.lines
    yield ""
    yield f"Next: {words.next}"
    if words.page:
        yield f"See:  {words.page}"
    if turn is not None and turn.flow:
        yield turn.flow
    yield ""
    run = f", run {s.facts.run.id}" if s.facts.run else ""
    yield f"User {s.policy.user} of account {s.policy.account}{run}; AWS's time is {when(s.now)}."
    yield f"Journal: {head[0]} events, head {head[1]}"
    yield f"Notice: {due.id}"


def _words(due: Due, s: Situation, turn: Turn) -> Words:
    match due.kind:
        case NoticeKind.FAILED:
            return _failed(due, s, turn)
        case NoticeKind.RECOVERED:
            return Words("works again", ("What was reported as failing works again.",), NOTHING_TO_DO)
        case NoticeKind.OVERDUE:
            return _overdue(due, s)
        case NoticeKind.OPEN_TOO_LONG:
            lines = (f"Run {due.subject} has been open since {when(s.run.opened)}.", *_whom_it_waits_for(s))
            return Words("a rotation is open too long", lines, "rotator status")
        case NoticeKind.WAITING:
            return _waiting(due, s)
        case NoticeKind.DUE_SOON:
            return _soon(due, s)
        case _:
            return _done(due, s)


def _failed(due: Due, s: Situation, turn: Turn) -> Words:
    still = f"still (reminder {due.times}): " if due.times else ""
    lines = (f"The rotation cannot go on by itself: {turn.summary}", *([f"Why: {turn.why}"] if turn.why else []))
    next_command = turn.fix or f"rotator rotate --user {s.policy.user}"
    return Words(f"{still}help is needed: {due.subject}", lines, next_command, turn.runbook)


def _overdue(due: Due, s: Situation) -> Words:
    days = s.policy.max_age_s // DAY_S
    lines = (f"{mask(due.subject)} is past its limit of {days} days; nobody is cut off.", *_whom_it_waits_for(s))
    return Words("a key is OVERDUE", lines, f"rotator rotate --user {s.policy.user}")


def _whom_it_waits_for(s: Situation) -> Iterator[str]:
    if s.facts.run is None:
        return
    names = [traits.name for traits, known in s.consumers if waits_for_a_person(s, traits, known)]
    if names:
        yield f"It waits for a person to paste the new credential: {', '.join(names)}."


def _waiting(due: Due, s: Situation) -> Words:
    user, name = s.policy.user, due.subject
    since = s.facts.consumer(name).push_at
    lines = [f"{name} waits for a person since {when(since)}: the new user name and password go there by hand."]
    lines.append(_urgency(s))
    still = f"still (reminder {due.times}): " if due.times else ""
    steps = f"rotator handover {user} {name} --reveal, paste, then: rotator confirm {user} {name}"
    return Words(f"{still}waits for you: {name}", tuple(lines), steps, "runbooks/consumer-push.md#waiting-for-a-person")


def _urgency(s: Situation) -> str:
    old = s.facts.run.old if s.facts.run is not None else ""
    if old and s.facts.key(old).deactivated_at:
        return "The old key is off: its mail is refused until then."
    return "OVERDUE: the old key is past its limit." if s.overdue else "There is no deadline; both keys work."


def _soon(due: Due, s: Situation) -> Words:
    begins = s.listed[due.subject].created + s.policy.rotate_at_s
    people = [one.name for one in s.policy.consumers if one.by_hand]
    lines = [f"The rotation of {mask(due.subject)} begins by itself on {when(begins)}."]
    if people:
        lines.append(f"People will have to paste the new credential: {', '.join(people)}.")
    sooner = f"{NOTHING_TO_DO}; sooner: rotator rotate --user {s.policy.user}"
    return Words("a rotation is due soon", tuple(lines), sooner)


def _done(due: Due, s: Situation) -> Words:
    said = {
        "rotated": f"Rotated: the old key is gone, and every consumer has {mask(s.facts.current)}.",
        "aborted": f"Aborted: the new key was discarded; {mask(s.facts.current)} works as before.",
    }
    return Words(due.subject, (said.get(due.subject, f"The run is over: {due.subject}."),), NOTHING_TO_DO)
