"""What every kind of consumer promises, whatever stands behind it.  One thin file a kind runs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext

import pytest

from rotator.core.access_keys import KeyId
from rotator.core.drift import drifted
from rotator.core.history.events import Adopted
from rotator.core.history.fold import fold
from rotator.core.policy import Policy
from rotator.core.ports import (
    Acknowledged,
    Canary,
    Consumer,
    Deadline,
    NotReadable,
    Refused,
    Unknown,
    Waiting,
)
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential

FIRST = SmtpCredential(KeyId("AKIA" + "2" * 16), Secret("BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj"))
DIFFICULT = {
    "plus and slash": SmtpCredential(KeyId("AKIA" + "3" * 16), Secret("BA+/+/+//+++wwUar9E1ySBqHa9whi0GPo+sJ0mVY/+/")),
    "an equals sign": SmtpCredential(KeyId("AKIA" + "4" * 16), Secret("BH=jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJ=")),
}
CANARY = Canary("cnry-0123456789abcdef", "rotator canary cnry-0123456789abcdef", "This mail proves a login.\n")


class Subject(ABC):
    """One consumer with the world behind it."""

    consumer: Consumer

    @abstractmethod
    def stored(self) -> SmtpCredential | None:
        """The pair that is really there, read behind the consumer's back."""

    @abstractmethod
    def snapshot(self) -> object:
        """Everything that a preflight might have changed."""

    def lost_reply(self) -> AbstractContextManager[object] | None:
        """A context in which a push has its effect and its answer is lost; None if there is no answer to lose."""
        return None

    def refusing(self) -> AbstractContextManager[object] | None:
        """A context in which a push is turned down; None if nothing can turn it down."""
        return None


class ConsumerContract:
    """The suite.  A subclass gives a `subject` fixture."""

    def test_preflight_of_a_sound_world_finds_nothing(self, subject: Subject) -> None:
        """A consumer that can be fed has no problems."""
        assert list(subject.consumer.preflight(Deadline.after(20))) == []

    def test_preflight_changes_nothing(self, subject: Subject) -> None:
        """Asked beforehand, a consumer is as it was."""
        before = subject.snapshot()
        subject.consumer.preflight(Deadline.after(20))
        assert subject.snapshot() == before

    @pytest.mark.parametrize("credential", DIFFICULT.values(), ids=DIFFICULT.keys())
    def test_difficult_characters_arrive(self, subject: Subject, credential: SmtpCredential) -> None:
        """Base64 has characters that files, shells and URLs like to eat; the pair arrives as it was sent."""
        answer = subject.consumer.push(credential, Deadline.after(20))
        if subject.consumer.traits.by_hand:
            assert isinstance(answer, Waiting)
        else:
            assert isinstance(answer, Acknowledged)
            assert subject.stored() == credential

    def test_pushed_twice_is_pushed_once(self, subject: Subject) -> None:
        """The same pair again leaves the same state."""
        first = subject.consumer.push(FIRST, Deadline.after(20))
        after = subject.snapshot()
        second = subject.consumer.push(FIRST, Deadline.after(20))
        assert type(second) is type(first)
        assert subject.snapshot() == after

    def test_it_holds_what_was_pushed_or_cannot_say(self, subject: Subject) -> None:
        """What reads back reports the new key id; what cannot be read never pretends."""
        subject.consumer.push(FIRST, Deadline.after(20))
        holding = subject.consumer.holds(Deadline.after(20))
        if subject.consumer.traits.reads_back:
            assert holding == FIRST.key
        else:
            assert holding == NotReadable()

    def test_a_place_that_went_back_is_found_out(self, subject: Subject) -> None:
        """Told one key and holding another: what can be read is found out, what cannot is never accused."""
        traits, (another, *_) = subject.consumer.traits, DIFFICULT.values()
        subject.consumer.push(another, Deadline.after(20))
        told = fold([Adopted(0, "123456789012", "jada", "AIDA", FIRST.key, (traits.name,), True)])
        says = {traits.name: subject.consumer.holds(Deadline.after(20))}
        found = drifted(told, Policy("jada", "123456789012", (traits,)), says, frozenset())
        assert [one.holds for one in found] == ([another.key] if traits.reads_back else [])

    def test_a_lost_answer_is_unknown(self, subject: Subject) -> None:
        """The effect may have happened: that is never a refusal, and the same push again is the way out."""
        lost = subject.lost_reply()
        if lost is None:
            pytest.skip("nothing answers here")
        with lost:
            answer = subject.consumer.push(FIRST, Deadline.after(5))
        assert isinstance(answer, Unknown)
        assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Acknowledged)
        assert subject.stored() == FIRST

    def test_after_the_deadline_nothing_starts(self, subject: Subject) -> None:
        """A push that comes too late has no effect and claims none."""
        before = subject.snapshot()
        answer = subject.consumer.push(FIRST, Deadline.after(0))
        assert isinstance(answer, Waiting if subject.consumer.traits.by_hand else Unknown)
        assert subject.snapshot() == before

    def test_no_text_holds_the_secret(self, subject: Subject) -> None:
        """Answers, problems and instructions can be shown and mailed."""
        texts = [*map(str, subject.consumer.preflight(Deadline.after(20))), *subject.consumer.instructions()]
        for context in (nullcontext(), subject.lost_reply(), subject.refusing()):
            if context is not None:
                with context:
                    texts.append(str(subject.consumer.push(FIRST, Deadline.after(5))))
                    texts.append(str(subject.consumer.holds(Deadline.after(5))))
        assert not any(FIRST.password.reveal() in text for text in texts)

    def test_a_refusal_changes_nothing(self, subject: Subject) -> None:
        """Turned down in words, the old pair stands."""
        refusing = subject.refusing()
        if refusing is None:
            pytest.skip("nothing is turned down here")
        before = subject.snapshot()
        with refusing:
            answer = subject.consumer.push(FIRST, Deadline.after(20))
        assert isinstance(answer, Refused)
        assert subject.snapshot() == before

    def test_what_cannot_send_says_so(self, subject: Subject) -> None:
        """Without a way to send there is no verdict, and nothing that looks like one."""
        if subject.consumer.traits.sends:
            pytest.skip("it sends: see the tests of its kind")
        assert isinstance(subject.consumer.send(CANARY, Deadline.after(5)), Unknown)

    def test_what_waits_for_a_person_tells_the_steps(self, subject: Subject) -> None:
        """A person gets steps; where nobody has to do anything there are none."""
        assert bool(subject.consumer.instructions()) is subject.consumer.traits.by_hand
