"""Notices by mail: with the user's own password, and the other way where that does not go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy

import pytest

from rotator.core.access_keys import KeyId
from rotator.core.errors import AccessError, JournalError, LockHeld
from rotator.core.facts import Facts
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.notice import Notice, NoticeKind
from rotator.core.policy import Mode, Policy, Traits
from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential
from rotator.notices.due import LONGEST_CAUSE
from rotator.notices.own_mail import Own, OwnMail, letter, own_key
from tests.audit.targets import Journal
from tests.core.telling import OLD, T, adopted
from tests.notices.test_telling import Channel

SENDER, RECIPIENT = "rotator@queenofsandiego.com", "jada@example.com"
NOTICE = Notice("done/run", NoticeKind.DONE, "rotator: u: rotated", "All is well … so far.\nNext: nothing\n")
REFUSED = Refused("auth: 535 Authentication Credentials Invalid", id="login")


@dataclass
class Wire:
    """An endpoint that keeps what it was given and answers as it is told."""

    journal: Journal
    answer: Acknowledged | Refused | Unknown = field(default_factory=Acknowledged)
    name: str = "us-east-1"
    got: list[tuple[str, str, str, bytes]] = field(default_factory=list)
    before: list[ev.Event] = field(default_factory=list)
    left: float = 0.0

    def send(
        self, credential: SmtpCredential, mail_from: str, rcpt: str, message: bytes, deadline: Deadline
    ) -> Acknowledged | Refused | Unknown:
        """One mail."""
        self.before, self.left = list(self.journal.events()), deadline.left
        self.got.append((credential.key, mail_from, rcpt, message))
        return self.answer


class FullAfterTheIntent(Journal):
    """A disk that has room for one more event."""

    def append(self, event: ev.Event) -> None:
        """Keep an intent."""
        if isinstance(event, ev.LoggedIn):
            raise JournalError("the disk is full")
        super().append(event)


@dataclass
class Ways:
    """Both ways, and the journal between them."""

    journal: Journal = field(default_factory=Journal)
    other: Channel = field(default_factory=Channel)
    answer: Acknowledged | Refused | Unknown = field(default_factory=Acknowledged)
    own: Callable[[], Own | Unknown] | None = None

    def __post_init__(self) -> None:
        self.wire = Wire(self.journal, self.answer)
        self.mail = OwnMail(own=self.own or self.usual, otherwise=self.other, sender=SENDER, recipient=RECIPIENT)

    def usual(self) -> Own:
        """What there is on a quiet day."""
        credential = SmtpCredential(KeyId(OLD), Secret("a password"))
        return Own(self.journal, self.journal.facts(), credential, self.wire, lambda: T)

    def send(self, notice: Notice = NOTICE) -> Acknowledged | Refused | Unknown:
        """With the time that a notice gets."""
        return self.mail.send(notice, Deadline.after(20))


def test_a_mail_goes_by_login_with_its_intent_before_and_its_record_after() -> None:
    """A login moves the key's last use: whoever is killed in it must find that in the journal."""
    ways = Ways()
    assert isinstance(ways.send(), Acknowledged)
    assert [type(one) for one in ways.wire.before] == [ev.Adopted, ev.LoginIntended]
    assert ways.journal.events()[-1] == ev.LoggedIn(T, OLD, "us-east-1")
    assert (ways.other.tried, [one[:3] for one in ways.wire.got]) == (0, [(OLD, SENDER, RECIPIENT)])


def test_a_letter_is_the_notice_and_a_mark_against_holiday_replies() -> None:
    """Subject, text and id arrive as they were, in seven bits, whatever the text has in it."""
    raw = letter(NOTICE, SENDER, RECIPIENT)
    assert raw.isascii()
    mail = message_from_bytes(raw, policy=policy.default)
    assert (mail["Subject"], mail["From"], mail["To"]) == (NOTICE.subject, SENDER, RECIPIENT)
    assert (mail["X-Rotator-Notice"], mail["Auto-Submitted"]) == (NOTICE.id, "auto-generated")
    assert mail.get_content().replace("\r\n", "\n") == NOTICE.text


def test_the_longest_id_is_one_word_on_the_wire() -> None:
    """A filter compares it with what it saw before; folded it would be another."""
    longest = f"failed/{'u' * 64}/999999/{'c' * LONGEST_CAUSE}/999999"
    raw = letter(Notice(longest, NoticeKind.FAILED, "s", "t\n"), SENDER, RECIPIENT)
    assert f"X-Rotator-Notice: {longest}\r\n".encode() in raw


def _raising(error: Exception) -> Callable[[], Own]:
    def own() -> Own:
        raise error

    return own


THE_OTHER_WAY = {
    "SES refuses the password": (Ways(answer=REFUSED), "535 Authentication Credentials Invalid"),
    "SES knows no such sender": (
        Ways(answer=Refused("data: 554 not verified: rotator@queenofsandiego.com", id="identity")),
        "554 not verified: (address)",
    ),
    "nobody answers": (Ways(answer=Unknown("no address takes a connection")), "no address takes a connection"),
    "no password is sealed": (Ways(own=lambda: Unknown("no password")), "no password"),
    "IAM does not tell the time": (Ways(own=_raising(AccessError("AccessDenied"))), "AccessDenied"),
    "a rotation is at work": (Ways(own=_raising(LockHeld("run by 7"))), "run by 7"),
}


@pytest.mark.parametrize(("ways", "why"), THE_OTHER_WAY.values(), ids=THE_OTHER_WAY)
def test_whatever_keeps_the_login_from_it_the_notice_goes_the_other_way(ways: Ways, why: str) -> None:
    """Under the same id, with the reason in its text; and this process does not try the first way again."""
    for _ in range(2):
        assert isinstance(ways.send(), Acknowledged)
    assert ways.other.ids == [NOTICE.id, NOTICE.id]
    assert all(one.text.startswith(NOTICE.text) for one in ways.other.got)
    assert all(why in one.text and SENDER not in one.text for one in ways.other.got)
    assert len(ways.wire.got) <= 1


def test_where_neither_way_goes_both_reasons_are_told() -> None:
    """One cure may be easier than the other."""
    ways = Ways(answer=REFUSED, other=Channel(answer=Refused("AccessDenied", "ask for the right")))
    answer = ways.send()
    assert isinstance(answer, Refused)
    assert ("AccessDenied" in answer.detail, "535" in answer.detail, answer.fix) == (True, True, "ask for the right")


def test_what_is_new_every_time_is_not_remembered() -> None:
    """An address that was dialled changes from day to day; a channel that is down for a month stays one event."""
    ways = Ways(answer=Unknown("192.0.2.7 takes no connection"), other=Channel(answer=Unknown("timed out")))
    answer = ways.send()
    assert isinstance(answer, Unknown)
    assert answer.detail == "timed out; with the user's own password: no clear answer"


def test_a_mail_that_is_sent_is_not_sent_again_because_its_login_cannot_be_written_down() -> None:
    """The intent is in the journal, and says as much."""
    ways = Ways(journal=FullAfterTheIntent())
    assert isinstance(ways.send(), Acknowledged)
    assert (ways.other.tried, len(ways.wire.got)) == (0, 1)


def test_the_other_way_has_time_left_when_the_first_is_silent() -> None:
    """Half of what the notice has."""
    ways = Ways()
    ways.send()
    assert 9 < ways.wire.left <= 10


def opened(*later: ev.Event) -> Facts:
    """The facts of an open run whose new key exists."""
    run = (ev.RunOpened(T, "run", Mode.SCHEDULED, "", OLD, ()), ev.CreateIntended(T, (OLD,), T + 20))
    return fold((adopted(), *run, ev.KeyCreated(T, "AKIA-NEW"), *later))


KEYS = {
    "no run: the key in force": (fold((adopted(),)), OLD),
    "a run whose new key is not proven: none, for the old one is watched": (opened(), ""),
    "a run whose new key this endpoint took: that one": (opened(ev.Verified(T, "AKIA-NEW", "us-east-1")), "AKIA-NEW"),
    "a run whose new key another endpoint took: none": (opened(ev.Verified(T, "AKIA-NEW", "eu-west-1")), ""),
    "a run whose new key its server took: it": (
        opened(ev.Verified(T, "AKIA-NEW", "us-east-1", "at")),
        "AKIA-NEW",
    ),
    "a run whose endpoint got another server since: none": (opened(ev.Verified(T, "AKIA-NEW", "us-east-1", "x")), ""),
    "the key in force is compromised: none": (fold((adopted(), ev.Compromised(T, OLD, "leaked"))), ""),
}


@pytest.mark.parametrize(("facts", "key"), KEYS.values(), ids=KEYS)
def test_which_key_logs_in_for_a_notice(facts: Facts, key: str) -> None:
    """Never the old key of an open run, never a leaked one."""
    policy = Policy("u", "1", (Traits("relay", "credential_file", "us-east-1", server="at"),))
    assert own_key(facts, policy, "us-east-1") == key
