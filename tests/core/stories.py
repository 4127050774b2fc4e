"""What journals add up to, told event by event: the text beside this file is what every later version must agree with.

A journal outlives the program that wrote it, so the fold of an old event may never change silently.
`python -m tests.core.stories` writes the text anew; what changed in it is then reviewed like code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from itertools import takewhile
from pathlib import Path
from typing import Any

from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.policy import CLOCK_SLACK_S, DAY_S
from tests.core.telling import (
    DAY,
    EMERGENCY,
    HOUR,
    LEAKED_NEW,
    LEAKED_OLD,
    NEW,
    OLD,
    OTHER,
    THIRD,
    T,
    adopted,
    created,
    deactivated,
    intended,
    mail,
    opened,
    pushed,
    run,
    switched,
    told,
    unclear,
    verified,
)

TEXT = Path(__file__).with_name("facts_of_stories.txt")
UNKNOWN, REFUSED, WAITING = ev.Outcome.UNKNOWN, ev.Outcome.REFUSED, ev.Outcome.WAITING
OFF, ON, DELETE = ev.Effect.DEACTIVATE, ev.Effect.REACTIVATE, ev.Effect.DELETE
NAMES = ("gmail", "file", "hand")
REPLACED = [
    *told("gmail"),
    *mail("gmail", at=T + 60),
    *deactivated(T + HOUR),
    ev.OldRefused(T + HOUR + 9, OLD, seen=True),
]
FINISHED = [*REPLACED, *switched(DELETE, OLD, T + DAY), ev.RunFinished(T + DAY + 1, "run", "rotated")]

STORIES: dict[str, list[ev.Event]] = {
    "a whole rotation": run(*FINISHED),
    "the next rotation forgets the evidence of the last": run(
        *FINISHED,
        opened(NEW, at=T + 2 * DAY),
        *created(T + 2 * DAY, THIRD, NEW),
        *pushed("gmail", key=THIRD, at=T + 2 * DAY),
    ),
    "an adopted key whose password is given later": [
        adopted(OLD, sealed=False),
        ev.Sealed(T, OLD),
        ev.LoggedIn(T + 1, OLD, "here"),
        ev.LoggedIn(T + 9, OLD, "here"),
    ],
    "a doctor that was killed before it told of its login, and one that met a stranger's key": [
        adopted(OLD),
        ev.LoginIntended(T + 1, OLD, "here", T + 21),
        ev.LoginIntended(T + 2, OTHER, "here", T + 22, "file"),
        ev.LoginIntended(T + 3, "", "here", T + 23, "gmail"),
        ev.LoginIntended(T + 4, OLD, "here", T + 24, "gmail"),
        ev.LoggedIn(T + 4, OLD, "here"),
    ],
    "a user without a key": [
        adopted("", "gmail"),
        opened("", "gmail"),
        *created(T, NEW, OTHER),
        ev.RunFinished(T + 9, "run", "rotated"),
    ],
    "an unclear create, its fruit discarded": run(
        *unclear(OLD),
        *switched(OFF, OTHER, T + 60, born=T + 5),
        *switched(DELETE, OTHER, T + 90, born=T + 5),
        *created(T + 100),
    ),
    "an unclear create, its fruit disowned by a person": run(*unclear(OLD), ev.Disowned(T + 60, OTHER, "nobody's")),
    "a create that was refused, and one in flight": run(
        *unclear(OLD), intended(OLD, at=T + 40), ev.CreateSettled(T + 41, REFUSED, "quota"), intended(OLD, at=T + 80)
    ),
    "more unclear creates than are kept": run(*(one for n in range(9) for one in unclear(OLD, at=T + 30 * n))),
    "more deletions than are kept": [
        adopted(OLD),
        *(one for n in range(5) for one in switched(DELETE, f"AKIA-{n}", T + 30 * n)),
    ],
    "verifications that fail": run(
        *created(),
        ev.LoggedIn(T + 1, NEW, "here"),
        ev.VerifyFailed(T + 2, NEW, "here", 3, old_works=False),
        ev.VerifyFailed(T + 9, NEW, "here", 3, old_works=True),
        ev.VerifyFailed(T + 20, NEW, "here", 0, old_works=False, detail="454"),
        ev.VerifyFailed(T + 30, NEW, "here", 2, old_works=True),
        *verified(T + 40),
        ev.Verified(T + 41, NEW, "there"),
        ev.Verified(T + 42, NEW, "here"),
    ),
    "a new key after one that was verified and lost": run(
        *created(),
        *verified(),
        ev.VerifyFailed(T + 2, NEW, "there", 3, old_works=True),
        ev.Lost(T + 5, NEW),
        *created(T + 9, THIRD),
    ),
    "a new key after one that was discarded": run(
        *created(), *verified(), *switched(OFF, NEW, T + 9), *switched(DELETE, NEW, T + 40), *created(T + 50, THIRD)
    ),
    "pushes of every outcome": run(
        *created(),
        *pushed("gmail", UNKNOWN, T + 1),
        *pushed("gmail", REFUSED, T + 5),
        *pushed("gmail", UNKNOWN, T + 9),
        *pushed("gmail", at=T + 12),
        *pushed("file", WAITING, T + 15),
        ev.PushIntended(T + 20, "hand", NEW, T + 41),
        ev.PushIntended(T + 25, "hand", NEW, T + 46),
        *pushed("hand", REFUSED, T + 30),
        names=NAMES,
    ),
    "a person is handed the credential and says so": run(
        *created(),
        *pushed("gmail", WAITING),
        ev.Revealed(T + 5, "gmail", NEW, "jada"),
        ev.Attested(T + 9, "gmail", NEW, "jada"),
    ),
    "evidence of every kind, and a push that wipes it out": run(
        *created(),
        *pushed("gmail"),
        ev.ReadBack(T + 4, "gmail", NEW),
        *mail("gmail", ev.CanaryOutcome.UNKNOWN, T + 5),
        *mail("gmail", ev.CanaryOutcome.UNKNOWN, T + 6),
        *mail("gmail", ev.CanaryOutcome.REFUSED, T + 7),
        *mail("gmail", ev.CanaryOutcome.UNKNOWN, T + 8),
        *mail("gmail", at=T + 9),
        *mail("gmail", ev.CanaryOutcome.REFUSED, T + 10),
        *mail("gmail", ev.CanaryOutcome.REFUSED, T + 11),
        *mail("gmail", at=T + 12),
        ev.Attested(T + 13, "gmail", NEW, "jada"),
        *mail("gmail", at=T + 14),
        *mail("gmail", ev.CanaryOutcome.UNKNOWN, T + 15),
        *mail("gmail", ev.CanaryOutcome.REFUSED, T + 16),
        *pushed("gmail", at=T + 20),
    ),
    "a canary since SES refuses the old key proves the switch, until SES refuses it anew": run(
        *told("gmail"),
        *deactivated(T + 60),
        ev.OldRefused(T + 70, OLD, seen=True),
        *mail("gmail", at=T + 70),
        *switched(ON, OLD, T + 80),
        *deactivated(T + 90),
        ev.OldRefused(T + 95, OLD, seen=True),
    ),
    "a canary of the second in which SES refuses is none since": run(
        *told("gmail"), *deactivated(T + 60), *mail("gmail", at=T + 70), ev.OldRefused(T + 70, OLD, seen=False)
    ),
    "off, on again, off": run(
        *REPLACED,
        *switched(ON, OLD, T + 2 * HOUR),
        *deactivated(T + 3 * HOUR),
        *deactivated(T + 4 * HOUR),
    ),
    "a deactivation without an answer, then on again": run(
        *told("gmail"),
        *deactivated(T + 60, outcome=UNKNOWN),
        *deactivated(T + 70, outcome=REFUSED),
        *switched(ON, OLD, T + 75),
        *switched(ON, OLD, T + 300),
    ),
    "a deactivation that was killed before its answer": run(
        *told("gmail"), ev.EffectIntended(T + 60, OFF, OLD, T + 81, "replaced"), *switched(ON, OLD, T + 65, UNKNOWN)
    ),
    "the old key leaks, and the run becomes urgent": run(
        *told("gmail"), LEAKED_OLD, ev.ModeRaised(T + 5, EMERGENCY, "leaked"), ev.ModeRaised(T + 6, 0, "calm", DAY)
    ),
    "a leaked key that was held": run(
        *REPLACED, *switched(ON, OLD, T + 2 * HOUR), ev.Compromised(T + 3 * HOUR, OLD, "seen")
    ),
    "the new key leaks, and the old one makes room": run(*REPLACED, LEAKED_NEW, *switched(DELETE, OLD, T + 2 * HOUR)),
    "the new key leaks when the old one is gone": run(*REPLACED, *switched(DELETE, OLD, T + 2 * HOUR), LEAKED_NEW),
    "the new key leaks before anybody was given it": run(*created(), LEAKED_NEW),
    "the only key leaks": [adopted("", "gmail"), opened("", "gmail"), *told("gmail"), LEAKED_NEW],
    "the leaked new key is revoked and goes": run(
        *told("gmail"), LEAKED_NEW, *switched(OFF, NEW, T + 60), *switched(DELETE, NEW, T + 90)
    ),
    "somebody else deletes the old key": run(*told("gmail"), ev.Lost(T + 9, OLD)),
    "a key goes while no run is open": [adopted(OLD), ev.Lost(T, OLD)],
    "an aborted run": run(
        *created(),
        *pushed("file"),
        ev.AbortAsked(T + 5, "changed my mind"),
        *switched(DELETE, NEW, T + 9),
        ev.RunFinished(T + 10, "run", "aborted"),
        names=NAMES,
    ),
    "an audit changes nothing that is known": run(ev.AuditSettled(T + 5, "gmail", "refused", OLD), names=NAMES),
    "the doctor changes nothing that is known": run(ev.DoctorRan(T + 5, ("dns.spf",), ("ok",)), names=NAMES),
    "what people were told changes nothing that is known": run(
        ev.NoticeSent(T + 5, "open-too-long/run", "open-too-long", "mail"),
        ev.NoticeFailed(T + 5, "open-too-long/run", "open-too-long", "sns", "no answer in time"),
        names=NAMES,
    ),
    "what the doctor found changes nothing that is known": run(ev.DoctorRan(T + 5, ("spf",), ("ok",)), names=NAMES),
    "a name that points at another place: the one of before still holds what it held": run(
        *created(),
        ev.PushIntended(T + 1, "gmail", NEW, T + 22, "a1b2c3d4e5f60718"),
        ev.PushSettled(T + 1, "gmail", NEW, UNKNOWN),
        ev.PushIntended(T + 3, "gmail", NEW, T + 24, "ffffffffffffffff"),
    ),
    "an endpoint that the file changes in the run: the key logs in there, and the place is told again": run(
        *created(),
        ev.Verified(T + 1, NEW, "here", "0123456789abcdef"),
        ev.PushIntended(T + 1, "gmail", NEW, T + 22, server="0123456789abcdef"),
        ev.PushSettled(T + 1, "gmail", NEW, ev.Outcome.DONE),
        *mail("gmail", at=T + 2),
        ev.Verified(T + 3, NEW, "here", "fedcba9876543210"),
        ev.PushIntended(T + 3, "gmail", NEW, T + 24, server="fedcba9876543210"),
    ),
    "a consumer that left the file": run(ev.Forgotten(T + 5, "gmail", "gone"), names=NAMES),
    "a consumer that is new in the file": [adopted(OLD, "gmail"), opened(OLD, "gmail", "file"), *told("file")],
    "an unclear create stays open when the next one succeeds": run(*unclear(OLD), *created(T + 100)),
    "the next rotation forgets hand-overs and unclear pushes": run(
        *created(),
        *pushed("gmail", UNKNOWN, T + 1),
        *pushed("hand", WAITING, T + 2),
        ev.Revealed(T + 3, "hand", NEW, "jada"),
        ev.RunFinished(T + 9, "run", "rotated"),
        opened(NEW, *NAMES, at=T + 10),
        names=NAMES,
    ),
    "a key made on top of one that was refused, which no rule asks for": run(
        *created(), *verified(), ev.VerifyFailed(T + 2, NEW, "there", 3, old_works=True), *created(T + 9, THIRD)
    ),
    "the new key leaks after it was refused somewhere": run(
        *told("gmail"), ev.VerifyFailed(T + 2, NEW, "there", 3, old_works=True), ev.Lost(T + 3, OLD), LEAKED_NEW
    ),
    "on again just when a late deactivation could still land": run(
        *told("gmail"), *deactivated(T + 60, outcome=UNKNOWN), *switched(ON, OLD, T + 60 + 21 + CLOCK_SLACK_S)
    ),
    "a wrong date got in, and a person said what time it is": run(
        *told("gmail", at=T + 400 * DAY_S),
        *deactivated(T + 400 * DAY_S + HOUR),
        ev.ClockCorrected(T + HOUR, "the proxy was a year ahead"),
    ),
    "a clock that goes back": run(ev.Sealed(T - HOUR, OLD)),
}


def text() -> str:
    """Every story, with what each event changes; how stories begin alike is told once."""
    told_already: list[ev.Event] = []
    lines: list[str] = []
    for name, story in STORIES.items():
        alike = takewhile(lambda pair: pair[0] == pair[1], zip(story, told_already, strict=False))
        lines += [name, *_changes(story, [one for one, _ in alike]), ""]
        told_already = story
    return "\n".join(lines)


def _changes(story: list[ev.Event], known: list[ev.Event]) -> Iterator[str]:
    """What each event after `known` changes.  The time of the newest event is told only where it is another's."""
    facts = fold(known)
    before = _flat(facts)
    if known:
        yield f"  ... {len(known)} events as above"
    for event in story[len(known) :]:
        facts = fold([event], facts)
        after = _flat(facts)
        yield f"  {_word(event)}"
        for name in sorted(before.keys() | after.keys()):
            was, now = before.get(name, "-"), after.get(name, "-")
            if was != now and not {was, now} <= NOTHING and (name, now) != ("latest", _word(event.at)):
                yield f"    {name}: {was} > {now}"
        before = after


NOTHING = {"-", "0", "''", "False", "()", "None"}


def _flat(value: Any, at: str = "") -> dict[str, str]:
    """Every field of the facts by its path; rows by their name."""
    if isinstance(value, tuple) and value and is_dataclass(value[0]):
        named = {getattr(row, "id", "") or getattr(row, "name", "") or str(n): row for n, row in enumerate(value)}
        return {path: word for name, row in named.items() for path, word in _flat(row, f"{at}[{name}]").items()}
    if is_dataclass(value):
        return {
            path: word
            for one in fields(value)
            for path, word in _flat(getattr(value, one.name), f"{at}.{one.name}").items()
        }
    return {at.lstrip("."): _word(value)}


def _word(value: Any) -> str:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return f"T{value - T:+}" if abs(value - T) < 1000 * DAY else str(value)
    if is_dataclass(value):
        return f"{type(value).__name__}({', '.join(_word(getattr(value, one.name)) for one in fields(value))})"
    return repr(value)


def main() -> None:
    """Write the text anew."""
    TEXT.write_text(text(), "utf-8")


if __name__ == "__main__":
    main()
