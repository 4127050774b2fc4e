"""A person, as a consumer."""

from __future__ import annotations

import pytest

from rotator.consumers.human import Human
from rotator.core.smtp_credential import SmtpCredential
from tests.contract.consumer_contract import ConsumerContract, Subject


class Person(Subject):
    """Somebody with Thunderbird."""

    def __init__(self) -> None:
        self.consumer = Human(name="jada", endpoint="us-east-1", instructions="Thunderbird\n  > Outgoing server\n")

    def stored(self) -> SmtpCredential | None:
        """Nobody can look."""
        return None

    def snapshot(self) -> object:
        """Nothing of ours is there to change."""
        return None


class TestHuman(ConsumerContract):
    """A person keeps the contract."""

    @pytest.fixture
    def subject(self) -> Subject:
        """One person."""
        return Person()


def test_the_steps_are_the_configured_ones() -> None:
    """One line a step, without blanks around."""
    assert Person().consumer.instructions() == ("Thunderbird", "> Outgoing server")
