"""Which notices are due, as a table: what happened, what was said before, what must be said now."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from rotator.core.access_keys import AccessKey, Instant
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.notice import NoticeKind, Turn
from rotator.core.policy import Policy, Traits
from rotator.core.situation import Observed, Situation
from rotator.notices.due import Said, due
from tests.core.telling import (
    BOTH,
    DAY,
    GMAIL,
    HAND,
    HOUR,
    KEYS_OFF,
    NEW,
    OLD,
    WHO,
    T,
    adopted,
    created,
    deactivated,
    on,
    pushed,
    run,
    switched,
    verified,
)

REMIND = 3 * DAY
FINE = Turn("")
BROKEN, OTHERWISE = Turn("", "push-to-every-consumer"), Turn("", "access")
READY = [*created(), *verified(), *pushed("hand", ev.Outcome.WAITING)]
WAITING = run(*READY, names=("hand",))
ATTESTED = [*WAITING, ev.Attested(T + 60, "hand", NEW, "jada")]
ROTATED = [*ATTESTED, *deactivated(T + 4 * DAY), *switched(ev.Effect.DELETE, OLD, T + 11 * DAY),
           ev.RunFinished(T + 11 * DAY, "run", "rotated")]  # fmt: skip
ABORTED = run(ev.AbortAsked(T + 10, "no"), ev.RunFinished(T + 20, "run", "aborted"))
PUSHED_AT = "20270115-080000"  # T
BORN = "20261027-080000"  # T - 80 days
FIRST = f"waiting/run/hand/{PUSHED_AT}/0"
STUCK = T + 48 * HOUR + 72 * HOUR + 1


def said(identifier: str, at: int = T + 60, channel: str = "mail") -> ev.NoticeSent:
    """A notice that went out."""
    return ev.NoticeSent(at, identifier, identifier.split("/", maxsplit=1)[0], channel)


FAILED = "failed/ses/0/push-to-every-consumer/0"
MANY = "-".join(["behind", *(f"relay-{n:02}.mail.example.com" for n in range(40))])  # 1,046 characters
OF_MANY = f"failed/ses/0/{MANY[:183]}-02a53f7b35f11f9c/0"


@dataclass(frozen=True)
class Case:
    """A past with what was said in it, what is seen, and the ids that are due."""

    past: list[ev.Event]
    expected: list[str]
    now: int = T + 60
    keys: tuple[AccessKey, ...] | None = BOTH
    turn: Turn | None = FINE
    consumers: tuple[Traits, ...] = (HAND,)
    max_age: int = 90 * DAY
    timed: bool = True

    def due(self) -> list[str]:
        """What the decision says."""
        policy = Policy(WHO.user, WHO.account, self.consumers, max_age_s=self.max_age, rotate_at_s=80 * DAY)
        observed = Observed(keys=self.keys, keys_at=self.now)
        s = Situation(fold(self.past), observed, policy, Instant(self.now))
        return [one.id for one in due(s, self.turn, self.past, Said.on("mail", self.past), REMIND, timed=self.timed)]


QUIET: list[str] = []
CASES = {
    "a young key: nothing": Case([adopted()], QUIET, now=T - 30 * DAY, keys=(on(OLD),)),
    "two weeks before its day: due soon": Case(
        [adopted()], [f"due-soon/ses/{BORN}"], now=T - 14 * DAY, keys=(on(OLD),)),
    "one second earlier: not yet": Case([adopted()], QUIET, now=T - 14 * DAY - 1, keys=(on(OLD),)),
    "on its day a run opens, which is no news any more": Case([adopted()], QUIET, now=T, keys=(on(OLD),)),
    "due soon was said": Case(
        [adopted(), said(f"due-soon/ses/{BORN}")], QUIET, now=T - 13 * DAY, keys=(on(OLD),)),
    "due soon was said on another channel: this one has not": Case(
        [adopted(), said(f"due-soon/ses/{BORN}", channel="sns")], [f"due-soon/ses/{BORN}"],
        now=T - 13 * DAY, keys=(on(OLD),)),
    "the keys were not listed: nothing is known, nothing is said": Case([adopted()], QUIET, now=T - DAY, keys=None),
    "a credential lies ready for a person": Case(WAITING, [FIRST]),
    "a consumer that needs no person waits for nobody": Case(
        run(*created(), *verified(), *pushed("gmail")), QUIET, consumers=(GMAIL,)),
    "said, and the reminder's time has not come": Case([*WAITING, said(FIRST)], QUIET, now=T + REMIND - 1),
    "a reminder": Case([*WAITING, said(FIRST)], [FIRST[:-1] + "1"], now=T + REMIND),
    "reminders that a machine slept through are not made up for": Case(
        [*WAITING, said(FIRST), said("open-too-long/run")], [FIRST[:-1] + "2"], now=T + 3 * REMIND - 1),
    "the person confirmed": Case(ATTESTED, QUIET),
    "told again after a reactivation: a new task, a new notice": Case(
        [*WAITING, said(FIRST), *pushed("hand", ev.Outcome.WAITING, at=T + DAY)],
        ["waiting/run/hand/20270116-080000/0"], now=T + DAY + 60),
    "the new key leaked: nobody shall paste it": Case(
        [*WAITING, ev.Compromised(T + 30, NEW, "leak")], QUIET, turn=None),
    "open too long, and past the limit": Case(
        [*WAITING, said(FIRST), said(FIRST[:-1] + "1")],
        [f"overdue/ses/{BORN}", "open-too-long/run"], now=STUCK, max_age=81 * DAY),
    "one second earlier it is not open too long": Case(
        [*WAITING, said(FIRST), said(FIRST[:-1] + "1")], [f"overdue/ses/{BORN}"], now=STUCK - 1, max_age=81 * DAY),
    "exactly at its limit a key is not overdue": Case(
        [*WAITING, said(FIRST)], QUIET, now=T + DAY, max_age=81 * DAY),
    "one second later it is": Case(
        [*WAITING, said(FIRST)], [f"overdue/ses/{BORN}"], now=T + DAY + 1, max_age=81 * DAY),
    "overdue without a run: IAM could not be asked for weeks": Case(
        [adopted()], [f"overdue/ses/{BORN}"], now=T + 11 * DAY, keys=(on(OLD),)),
    "each is said once": Case(
        [*WAITING, said(FIRST), said(FIRST[:-1] + "1"), said(f"overdue/ses/{BORN}"), said("open-too-long/run")],
        QUIET, now=STUCK, max_age=81 * DAY),
    "once the old key is off the run is not late any more": Case(
        [*ATTESTED, *deactivated(T + 4 * DAY)], QUIET, now=STUCK + DAY, keys=KEYS_OFF, max_age=81 * DAY),
    "done": Case(ROTATED, ["done/run"], now=T + 11 * DAY + 60, keys=(on(NEW, 0),)),
    "done was said": Case([*ROTATED, said("done/run")], QUIET, now=T + 12 * DAY, keys=(on(NEW, 0),)),
    "dropped is done too": Case(ABORTED, ["done/run"], keys=(on(OLD, 10 * DAY),)),
    "the run cannot go on": Case(run(), [FAILED], turn=BROKEN),
    "said, and it is still the same": Case([*run(), said(FAILED)], QUIET, turn=BROKEN, now=T + DAY),
    "the same for days: a reminder": Case(
        [*run(), said(FAILED)], [FAILED[:-1] + "1"], turn=BROKEN, now=T + 60 + REMIND),
    "said at a wrong time, years ahead: no reminder before its time": Case(
        [*run(), said(FAILED, T + 900 * DAY), ev.ClockCorrected(T + DAY, "a proxy")], QUIET,
        turn=BROKEN, now=T + 2 * DAY),
    "something else is wrong: a change": Case(
        [*run(), said(FAILED)], ["failed/ses/0/access/0"], turn=OTHERWISE, now=T + DAY),
    "and the first again: no change": Case(
        [*run(), said(FAILED), said("failed/ses/0/access/0", T + DAY)], QUIET, turn=BROKEN, now=T + 2 * DAY),
    "mended": Case([*run(), said(FAILED)], ["recovered/ses/0"], now=T + DAY),
    "mended was said": Case([*run(), said(FAILED), said("recovered/ses/0")], QUIET, now=T + DAY),
    "broken again: said again, under another id": Case(
        [*run(), said(FAILED), said("recovered/ses/0")], ["failed/ses/1/push-to-every-consumer/0"], turn=BROKEN),
    "a cause of 200 characters stands in the id as it is": Case(
        run(), [f"failed/ses/0/{MANY[:200]}/0"], turn=Turn("", MANY[:200])),
    "one of 201 does not": Case(
        run(), [f"failed/ses/0/{MANY[:183]}-a6b06a6bf6809853/0"], turn=Turn("", MANY[:201])),
    "a cause that names forty consumers: its beginning and a digest, always the same": Case(
        run(), [OF_MANY], turn=Turn("", MANY)),
    "it was said": Case([*run(), said(OF_MANY)], QUIET, turn=Turn("", MANY), now=T + DAY),
    "it lasts: a reminder": Case(
        [*run(), said(OF_MANY)], [OF_MANY[:-1] + "1"], turn=Turn("", MANY), now=T + 60 + REMIND),
    "two replies told different times: only that is said, however late it looks": Case(
        WAITING, ["failed/ses/0/clock-jumped/0"], turn=Turn("", "clock-jumped"), now=STUCK, max_age=81 * DAY,
        timed=False),
    "nor is the end of a key's life announced by such a time": Case(
        [adopted()], ["failed/ses/0/clock-jumped/0"],
        turn=Turn("", "clock-jumped"), now=T - 14 * DAY, keys=(on(OLD),), timed=False),
    "one reply alone told the time: nothing is said because it has passed": Case(
        [adopted()], QUIET, now=T - 14 * DAY, keys=(on(OLD),), timed=False),
    "nobody was told that it failed: nobody is told that it works": Case(run(), QUIET),
    "a command that did not go on with the run says nothing of it": Case([*run(), said(FAILED)], QUIET, turn=None),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_is_due(case: Case) -> None:
    """One message a change, whatever the number of runs; reminders only where somebody has to do something."""
    assert case.due() == case.expected


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_was_said_is_never_due_again(case: Case) -> None:
    """As soon as all that is due is said, the same look at the same second says nothing."""
    later = [*case.past, *(said(one, case.now) for one in case.expected)]
    again = replace(case, past=later, expected=QUIET)
    assert again.due() == QUIET


def test_every_kind_of_notice_stands_in_the_table() -> None:
    """A kind without a case would be one that nothing sends."""
    kinds = {one.split("/", maxsplit=1)[0] for case in CASES.values() for one in case.expected}
    assert kinds == set(NoticeKind) - {NoticeKind.SUPPRESSION}  # told by a command of its own
