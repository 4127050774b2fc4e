"""The consumer that tests keep in memory is a consumer: what they prove with it holds for the real ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from rotator.core.policy import Traits
from rotator.core.smtp_credential import SmtpCredential
from tests.contract.consumer_contract import ConsumerContract, Subject
from tests.rotation.memory_world import BY_HAND, FILE, OLD, WORKSPACE, MemoryConsumer, MemoryWorld


class InMemory(Subject):
    """One of them, which holds the old pair."""

    def __init__(self, traits: Traits) -> None:
        self._world = MemoryWorld()
        self.place = MemoryConsumer(self._world, traits, self._world.add(OLD))
        self.consumer = self.place

    def stored(self) -> SmtpCredential | None:
        """What it really holds."""
        return self.place.held

    def snapshot(self) -> object:
        """What it really holds, in a form that can be compared."""
        return self.place.held and (self.place.held.key, self.place.held.password.reveal())

    def lost_reply(self) -> AbstractContextManager[object] | None:
        """It has its effect, and the answer is lost."""
        return None if self.consumer.traits.by_hand else self._fault("reply_lost")

    def refusing(self) -> AbstractContextManager[object] | None:
        """It says no."""
        return None if self.consumer.traits.by_hand else self._fault("refused")

    @contextmanager
    def _fault(self, name: str) -> Iterator[None]:
        call = f"push {self.consumer.traits.name}"
        self._world.faults[call] = [name]
        yield
        self._world.faults.clear()


@pytest.mark.parametrize("traits", [FILE, WORKSPACE, BY_HAND], ids=lambda one: one.name, scope="class")
class TestMemoryConsumer(ConsumerContract):
    """The same suite as every kind's."""

    @pytest.fixture
    def subject(self, traits: Traits) -> Subject:
        """With these traits."""
        return InMemory(traits)
