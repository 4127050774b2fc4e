"""Sending and recording: after the durable write, at least once, exactly once where no channel fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from rotator.core.access_keys import Instant
from rotator.core.errors import JournalError
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.notice import Notice, Turn, failing
from rotator.core.policy import Policy
from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.core.situation import Observed, Situation
from rotator.notices.telling import Teller
from tests.core.telling import BOTH, DAY, HAND, OLD, WHO, T
from tests.notices.test_due import FIRST, WAITING

HEAD = "ab" * 32
FLOWS = "As far as keys go, mail flows: AKIA-OLD and AKIA-NEW are both Active."
SECOND = replace(HAND, name="second")
BOTH_WAIT = [*WAITING, ev.PushIntended(T, "second", "AKIA-NEW", T + 20),
             ev.PushSettled(T, "second", "AKIA-NEW", ev.Outcome.WAITING)]  # fmt: skip


@dataclass
class Channel:
    """A notifier that keeps what it was given, as far as it is up."""

    channel: str = "mail"
    answer: Acknowledged | Refused | Unknown = field(default_factory=Acknowledged)
    got: list[Notice] = field(default_factory=list)
    tried: int = 0

    def send(self, notice: Notice, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """Keep it, unless the answer is no."""
        assert 0 < deadline.left <= 20
        self.tried += 1
        if not isinstance(self.answer, Refused):
            self.got.append(notice)
        return self.answer

    @property
    def ids(self) -> list[str]:
        """What was received."""
        return [one.id for one in self.got]


@dataclass
class Diary:
    """A journal in memory; `full`: nothing more can be written."""

    past: list[ev.Event]
    full: bool = False

    def events(self) -> list[ev.Event]:
        """All of them."""
        return list(self.past)

    def append(self, event: ev.Event) -> None:
        """Commit one."""
        if self.full:
            raise JournalError("the disk is full")
        self.past.append(event)

    def head(self) -> tuple[int, str]:
        """Of the newest."""
        return len(self.past), HEAD


def tell(diary: Diary, *channels: Channel, now: int = T + 60, turn: Turn | None = None) -> list[str]:
    """One process's turn."""
    policy = Policy(WHO.user, WHO.account, (HAND, SECOND))
    s = Situation(fold(diary.past), Observed(keys=BOTH, keys_at=now), policy, Instant(now))
    return Teller(channels, 3 * DAY).tell(s, turn or Turn(FLOWS), diary)


def records(diary: Diary, kind: type[ev.NoticeSent | ev.NoticeFailed]) -> Iterator[tuple[str, str]]:
    """What the journal says was sent, or not: channel and id."""
    for one in diary.past:
        if isinstance(one, kind):
            assert isinstance(one, ev.NoticeSent | ev.NoticeFailed)
            yield one.channel, one.id


def test_each_notice_goes_out_once_on_each_channel() -> None:
    """However many processes come after."""
    diary, mail, sns = Diary(list(BOTH_WAIT)), Channel("mail"), Channel("sns")
    for _ in range(3):
        assert tell(diary, mail, sns) == []
    assert mail.ids == sns.ids == [FIRST, FIRST.replace("hand", "second")]
    assert len(list(records(diary, ev.NoticeSent))) == 4


def test_a_channel_that_fails_does_not_make_the_others_repeat_themselves() -> None:
    """It is tried again by the next process, and what it missed is made up for."""
    diary, mail, sns = Diary(list(WAITING)), Channel("mail", Refused("MessageRejected")), Channel("sns")
    for _ in range(3):
        (warning,) = tell(diary, mail, sns)
        assert "could not be sent by mail: MessageRejected" in warning
    assert (mail.ids, sns.ids) == ([], [FIRST])
    mail.answer = Acknowledged()
    assert tell(diary, mail, sns) == []
    assert (mail.ids, sns.ids) == ([FIRST], [FIRST])


def test_the_same_failure_is_recorded_once() -> None:
    """A channel that is down for a month is one event, and another failure another one."""
    diary, mail = Diary(list(WAITING)), Channel("mail", Refused("down"))
    for _ in range(30):
        tell(diary, mail)
    assert list(records(diary, ev.NoticeFailed)) == [("mail", FIRST)]
    mail.answer = Unknown("no answer")
    tell(diary, mail)
    assert len(list(records(diary, ev.NoticeFailed))) == 2
    assert failing(diary.past)["mail"].detail == "no answer"
    mail.answer = Acknowledged()
    tell(diary, mail)
    assert failing(diary.past) == {}


def test_after_a_failure_a_channel_is_left_alone_for_this_turn() -> None:
    """Two hundred people to be told are not two hundred time-outs."""
    diary, mail = Diary(list(BOTH_WAIT)), Channel("mail", Unknown("no answer in time"))
    tell(diary, mail)
    assert mail.tried == 1


def test_what_was_sent_and_could_not_be_recorded_is_sent_again_under_the_same_id() -> None:
    """At least once: the receiver can drop the repeat."""
    diary, mail = Diary(list(WAITING), full=True), Channel()
    with pytest.raises(JournalError):
        tell(diary, mail)
    diary.full = False
    assert tell(diary, mail) == []
    assert mail.ids == [FIRST, FIRST]


def test_an_answer_that_never_came_counts_as_not_sent() -> None:
    """It may have been sent: twice is better than never."""
    diary, mail = Diary(list(WAITING)), Channel("mail", Unknown("reply lost"))
    tell(diary, mail)
    mail.answer = Acknowledged()
    tell(diary, mail)
    assert mail.ids == [FIRST, FIRST]


def test_a_notice_says_what_to_do_whether_mail_flows_and_where_the_journal_ends() -> None:
    """All that a person needs at a desk without a terminal; the head is thereby noted outside."""
    diary, mail = Diary(list(WAITING)), Channel()
    tell(diary, mail)
    (notice,) = mail.got
    assert notice.subject == "rotator: ses: waits for you: hand"
    assert "Next: rotator handover ses hand --reveal, paste, then: rotator confirm ses hand" in notice.text
    assert FLOWS in notice.text
    assert f"Journal: {len(WAITING)} events, head {HEAD}" in notice.text
    assert f"Notice: {FIRST}" in notice.text


def test_a_failure_is_told_with_reason_and_cure() -> None:
    """As the failure itself was told to whoever watched."""
    turn = Turn(FLOWS, "access", "AKIA… may not", "a policy is missing", "rotator config policy", "runbooks/a.md")
    diary, mail = Diary([*WAITING, ev.NoticeSent(T, FIRST, "waiting", "mail")]), Channel()
    tell(diary, mail, turn=turn)
    (notice,) = mail.got
    assert notice.subject == "rotator: ses: help is needed: access"
    for line in ("AKIA… may not", "Why: a policy is missing", "Next: rotator config policy", "See:  runbooks/a.md"):
        assert line in notice.text


def test_a_subject_is_one_short_line_of_ascii_whatever_the_names_are() -> None:
    """SNS refuses any other, and the notice with it."""
    long = replace(HAND, name="x" * 64)
    past = [*WAITING, ev.PushIntended(T, long.name, "AKIA-NEW", T + 20),
            ev.PushSettled(T, long.name, "AKIA-NEW", ev.Outcome.WAITING)]  # fmt: skip
    policy = Policy("u" * 64, WHO.account, (long,))
    s = Situation(fold(past), Observed(keys=BOTH, keys_at=T), policy, Instant(T + 60))
    mail = Channel()
    Teller((mail,), DAY).tell(s, None, Diary(past))
    (notice,) = mail.got
    assert len(notice.subject) == 99
    assert notice.subject.isascii()
    assert notice.subject.isprintable()
    assert OLD not in notice.text
