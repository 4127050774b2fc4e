"""The past as the journal tells it: its events grouped by run, each with its number in the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rotator.core.history import events as ev
from rotator.core.policy import DAY_S

# Where in the protocol an event belongs; a person's word and what was seen stand where they count.
NUMBERS: dict[type[ev.Event], int] = {
    ev.RunOpened: 1, ev.ModeRaised: 1, ev.Compromised: 2, ev.Lost: 2, ev.CreateIntended: 4, ev.KeyCreated: 4,
    ev.CreateSettled: 4, ev.Disowned: 4, ev.LoginIntended: 5, ev.LoggedIn: 5, ev.Verified: 5, ev.VerifyFailed: 5,
    ev.PushIntended: 6, ev.PushSettled: 6, ev.Revealed: 6, ev.Attested: 7, ev.ReadBack: 7, ev.CanaryIntended: 7,
    ev.CanarySettled: 7, ev.OldRefused: 9, ev.RunFinished: 11,
}  # fmt: skip


@dataclass(slots=True)
class PastRun:
    """One run as the journal tells it, with its events and their numbers in the journal."""

    opened: ev.RunOpened
    new: str = ""
    outcome: str = "open"
    finished: int | None = None
    mode: int = 0
    off_at: int = 0  # when the old key was switched off
    events: list[tuple[int, int, ev.Event]] = field(default_factory=list)  # journal number, protocol number, event

    def add(self, n: int, event: ev.Event) -> None:
        """Take in the next event of the run."""
        if isinstance(event, ev.KeyCreated):
            self.new = event.key
        elif isinstance(event, ev.ModeRaised):
            self.mode = event.mode
        elif isinstance(event, ev.RunFinished):
            self.outcome, self.finished = event.outcome, event.at
        elif isinstance(event, ev.EffectSettled) and event.key == self.opened.old:
            self.off_at = event.at if event.effect == ev.Effect.DEACTIVATE else 0
        self.events.append((n, number_of(event, self.off_at), event))


def runs(events: Sequence[ev.Event]) -> list[PastRun]:
    """The runs that the events tell of, oldest first; what happened between two runs belongs to neither."""
    found: list[PastRun] = []
    for n, event in enumerate(events, start=1):
        if isinstance(event, ev.RunOpened):
            found.append(PastRun(event, mode=event.mode))
        if not found or found[-1].finished is not None:
            continue
        found[-1].add(n, event)
    return found


def number_of(event: ev.Event, off_at: int = 0) -> int:
    """The protocol number of an event; 0 for one that belongs to no step.  `off_at`: the old key is off since then."""
    if isinstance(event, ev.EffectIntended | ev.EffectSettled):
        return 11 if event.effect == ev.Effect.DELETE else 9
    if off_at and isinstance(event, ev.CanaryIntended | ev.CanarySettled | ev.ReadBack):
        return 10 if event.at >= off_at + DAY_S else 9  # the first day belongs to the deactivation
    return NUMBERS.get(type(event), 0)
