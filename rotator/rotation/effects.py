"""Which effect a step is, and who performs it."""

from __future__ import annotations

from collections.abc import Callable

from rotator.core import steps
from rotator.core.facts import Facts
from rotator.core.parts import Parts
from rotator.core.situation import Observed
from rotator.rotation.acting import Done
from rotator.rotation.aws_time import AwsTime
from rotator.rotation.on_keys import OnKeys
from rotator.rotation.on_places import OnPlaces

Performer = Callable[..., Done]  # (step, facts, observed), each of its own step


class Effects:
    """Performs the steps that change something, for one user."""

    def __init__(self, parts: Parts, time: AwsTime) -> None:
        keys, places = OnKeys(parts, time), OnPlaces(parts, time)
        self._performers: dict[type, Performer] = {
            steps.Create: keys.create,
            steps.Discard: keys.discard,
            steps.Verify: places.verify,
            steps.Push: places.push,
            steps.SendCanary: places.canary,
            steps.Deactivate: keys.deactivate,
            steps.Revoke: keys.revoke,
            steps.Reactivate: keys.reactivate,
            steps.Delete: keys.delete,
        }

    def perform(self, step: steps.Step, facts: Facts, observed: Observed) -> Done:
        """Do what the step says.  Raises TypeError for a step that is not an effect."""
        performer = self._performers.get(type(step))
        if performer is None:
            raise TypeError(f"{type(step).__name__} is not an effect")
        return performer(step, facts, observed)
