"""Audit mails in a real mailbox of the local Gmail, and the users of IAM, page by page."""

from __future__ import annotations

import pytest

from rotator.consumers.canary_mail import canary_mail
from rotator.core.mail.arrivals import Landed
from rotator.core.ports import Canary, Deadline
from rotator.sandbox.world import World
from rotator.services.arrivals_gmail import GmailArrivals
from rotator.services.aws import AwsSession
from rotator.services.gmail import GmailMailbox
from rotator.services.google_auth import delegated_access
from rotator.services.iam_users import users_below
from tests.audit.conftest import DOMAIN, NEWS, OPS

TRUSTED = frozenset({"127.0.0.1"})


def mailbox(world: World) -> GmailMailbox:
    """The Workspace mailbox."""
    assert world.gmail is not None
    assert world.service_account is not None
    access = delegated_access(world.service_account, OPS, TRUSTED)
    return GmailMailbox(mailbox=OPS, access=access, api_endpoint=world.gmail.url)


def mail(token: str, subject: str = "rotator audit", to: str = OPS) -> bytes:
    """A mail of the audit."""
    return canary_mail(Canary(token, f"{subject} {token}", "text\n"), NEWS, to)


def soon() -> Deadline:
    """Long enough for a busy machine."""
    return Deadline.after(20)


@pytest.fixture
def arrivals(world: World) -> GmailArrivals:
    """It has looked once."""
    found = GmailArrivals(mailbox(world))
    assert found.look((), soon()) == {}
    return found


def test_a_mail_is_known_by_its_token(world: World, arrivals: GmailArrivals) -> None:
    """Its headers are there from the top, the receiver's own results first; nobody else's mail is."""
    world.mailboxes.deliver(OPS, mail("one"))
    world.mailboxes.deliver(OPS, mail("two"))
    found = arrivals.look(("one", "three"), soon())
    assert found.keys() == {"one"}
    landed = found["one"]
    assert isinstance(landed, Landed)
    assert landed.all("from") == (NEWS,)
    assert landed.all("Authentication-Results")[0].startswith("mx.google.com")
    assert (landed.receiver, landed.spam) == ("mx.google.com", False)
    assert arrivals.look(("two",), soon()).keys() == {"two"}


def test_what_lay_there_before_is_left_alone(world: World) -> None:
    """The audit of last month proves nothing today."""
    world.mailboxes.deliver(OPS, mail("old"))
    found = GmailArrivals(mailbox(world))
    found.look((), soon())
    assert found.look(("old",), soon()) == {}


def test_the_copy_in_sent_mail_is_no_arrival(world: World, arrivals: GmailArrivals) -> None:
    """The mailbox may be the sender's own: only what came in counts."""
    sender = mailbox(world)
    sender.send(mail("mine", to=f"elsewhere@{DOMAIN}"), soon())
    assert arrivals.look(("mine",), soon()) == {}


@pytest.mark.parametrize(("label", "spam"), [("SPAM", True), ("Label_7", False)])
def test_it_is_found_wherever_gmail_put_it(world: World, arrivals: GmailArrivals, label: str, *, spam: bool) -> None:
    """Spam is told apart; a filter's label is as good as the inbox."""
    world.mailboxes.deliver(OPS, mail("moved"))
    assert world.gmail is not None
    world.gmail.move(OPS, "moved", label)
    landed = arrivals.look(("moved",), soon())["moved"]
    assert isinstance(landed, Landed)
    assert landed.spam is spam


def test_a_mail_with_our_subject_and_no_token_is_nothing(world: World, arrivals: GmailArrivals) -> None:
    """Anybody can write that subject."""
    world.mailboxes.deliver(OPS, b"From: x@y.org\r\nSubject: rotator audit one\r\n\r\n")
    assert arrivals.look(("one",), soon()) == {}


def test_users_below_a_path(world: World) -> None:
    """Every page of them, and nobody beside."""
    names = [f"u{n:03}" for n in range(120)]
    for name in names:
        world.moto.create_user(name, "/many/", world.clock.now())
    world.moto.create_user("beside", "/other/", world.clock.now())
    assert sorted(users_below(AwsSession(), "/many/", "us-east-1")) == names
