"""What a dry run foretells, told as text: every step and when it would come.

`python -m tests.core.plans` writes the text beside this file anew.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from rotator.core import steps
from rotator.core.access_keys import AccessKey, Instant, KeyId
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.policy import Policy, Traits
from rotator.core.ports import Problem
from rotator.core.predict import plan
from rotator.core.situation import Observed
from tests.core.telling import (
    ALIAS,
    BOTH,
    CONFIRMED,
    EMERGENCY,
    FILE,
    GMAIL,
    HAND,
    HOUR,
    KEYS_OFF,
    LEAKED_NEW,
    LEAKED_OLD,
    NEW,
    OFF,
    OLD,
    OTHER,
    REVOKE_FIRST,
    WHO,
    T,
    adopted,
    created,
    deactivated,
    mail,
    off,
    on,
    opened,
    run,
    switched,
    told,
    unclear,
)

TEXT = Path(__file__).with_name("plans_of_stories.txt")
UNKNOWN, REFUSED = ev.Outcome.UNKNOWN, ev.CanaryOutcome.REFUSED


@dataclass(frozen=True)
class Story:
    """Where a plan starts from."""

    past: list[ev.Event]
    keys: tuple[AccessKey, ...] = (on(OLD),)
    consumers: tuple[Traits, ...] = (GMAIL,)
    now: int = T + 60
    preflight: tuple[Problem, ...] | None = None
    holdings: tuple[tuple[str, KeyId], ...] = ()


STORIES = {
    "a whole rotation": Story(run()),
    "a rotation for everybody": Story(
        run(names=("file", "gmail", "hand", "alias")), consumers=(FILE, GMAIL, HAND, ALIAS)
    ),
    "a user without a key": Story([adopted("", "gmail"), opened("", "gmail")], keys=()),
    "the old password is unknown": Story(run(sealed=False)),
    "the old key leaked": Story(run(LEAKED_OLD, mode=EMERGENCY)),
    "the old key leaked and is revoked first": Story(run(LEAKED_OLD, mode=REVOKE_FIRST)),
    "the new key leaked before anybody was given it": Story(run(*created(), LEAKED_NEW, mode=EMERGENCY), BOTH),
    "the new key leaked after all were told": Story(run(*CONFIRMED, LEAKED_NEW, mode=EMERGENCY), BOTH),
    "the new key is revoked first": Story(run(*CONFIRMED, LEAKED_NEW, mode=REVOKE_FIRST), BOTH),
    "an orphan of an unclear create": Story(run(*unclear(OLD)), (on(OLD), on(OTHER, -5))),
    "an orphan that is off already": Story(
        run(*unclear(OLD), *deactivated(T + 30, OTHER)), (on(OLD), off(OTHER, -5)), now=T + 300
    ),
    "an aborted run": Story(run(*created(), ev.AbortAsked(T + 5, "")), BOTH),
    "a place that was refused twice": Story(
        run(*OFF, *mail("gmail", REFUSED, T + 4 * 86_400), *mail("gmail", REFUSED, T + 4 * 86_400 + 60)),
        KEYS_OFF,
        now=T + 4 * 86_400 + 90,
    ),
    "the new key is gone": Story(run(*told("gmail")), (on(OLD),), now=T + HOUR),
    "the old key is gone": Story(run(*CONFIRMED), (on(NEW, 0),), now=T + HOUR),
    "a file holds another key": Story(
        run(*told("file"), names=("file",)), BOTH, (FILE,), holdings=(("file", KeyId(OLD)),)
    ),
    "nothing is open": Story([adopted(OLD, "gmail")]),
    "a stranger's key": Story(run(), (on(OLD), on(OTHER))),
    "something is broken": Story(run(), preflight=(Problem("broken", "seen", "mend it"),)),
    "a create was refused": Story(run(*switched(ev.Effect.DEACTIVATE, OTHER, T, UNKNOWN))),
}


def foretold(story: Story) -> list[str]:
    """The plan, a line a step: when, what."""
    policy = Policy(WHO.user, WHO.account, story.consumers, sole_creator=True)
    observed = Observed(WHO, story.keys, story.now, (), story.holdings, story.preflight)
    planned = plan(fold(story.past), observed, policy, Instant(story.now))
    return [f"  {_when(one.at - story.now)} {_said(one.step)}" for one in planned]


def _when(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    return f"+{days}d{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"


def _said(step: steps.Step) -> str:
    shown = [getattr(step, one.name) for one in fields(step) if one.name not in {"until", "why"}]
    return f"{type(step).__name__}({', '.join(map(repr, shown))})"


def text() -> str:
    """Every story with its plan."""
    return "\n".join(line for name, story in STORIES.items() for line in (name, *foretold(story), ""))


def main() -> None:
    """Write the text anew."""
    TEXT.write_text(text(), "utf-8")


if __name__ == "__main__":
    main()
