"""`rotator explain --mailbox M --latest`: the newest bounce in a real mailbox, and those that somebody put there."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from rotator.core.errors import Exit
from rotator.core.ports import Deadline
from rotator.sandbox.client import Sandbox
from rotator.sandbox.gmail import VARIANTS
from rotator.sandbox.world import World
from rotator.services.gmail import GmailMailbox
from rotator.services.google_auth import delegated_access
from tests.cli.conftest import Run
from tests.explain.bounces import BAD_LOGIN, FILLED, notice, prose

OPS, NEWS = "ops@queenofsandiego.com", "news@queenofsandiego.com"
SIMULATOR = "success@simulator.amazonses.com"


def mail_through_the_alias(world: World, to: str = SIMULATOR) -> None:
    """A user writes as the alias; Gmail logs in at SES with what it holds."""
    assert world.gmail is not None
    assert world.service_account is not None
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = NEWS, to, "hello"
    mail.set_content("hello")
    access = delegated_access(world.service_account, OPS, frozenset({"127.0.0.1"}))
    api = GmailMailbox(mailbox=OPS, access=access, api_endpoint=world.gmail.url)
    api.send(mail.as_bytes(), Deadline.after(30))
    world.gmail.settle()


def latest(run: Run) -> dict[str, object]:
    """The document about the newest bounce."""
    return run("explain", "--mailbox", OPS, "--latest", "--json").document


@pytest.mark.parametrize("variant", [one for one in VARIANTS if one not in ("ordinary", "delay", "sibling")])
def test_a_refused_login_is_found_and_verified(run: Run, world: World, variant: str) -> None:
    """In every wording that Gmail has, what it put into the mailbox by itself is believed."""
    assert world.gmail is not None
    world.gmail.dsn_variant = variant  # type: ignore[assignment]  # parametrised by the literal's own values
    (old,) = world.keys.now_held(world.scenario.user)
    Sandbox(world.admin_url).set_key_status(old.id, "Inactive")
    mail_through_the_alias(world)
    found = latest(run)
    assert (found["layer"], found["credential_to_blame"], found["authentic"]) == ("credential", True, "verified")
    assert found["refused_by"] == "ses_auth"


OTHERS = {"ordinary": "recipient", "delay": "network", "sibling": "unknown"}


@pytest.mark.parametrize(("variant", "layer"), OTHERS.items(), ids=OTHERS.keys())
def test_the_others_are_not_taken_for_one(run: Run, world: World, variant: str, layer: str) -> None:
    """A recipient's refusal, a delay and another Google account stand in the same mailbox and look alike."""
    assert world.gmail is not None
    world.gmail.dsn_variant = variant  # type: ignore[assignment]  # as above
    world.faults.arm("gmail_relay_535_once")
    mail_through_the_alias(world)
    found = latest(run)
    assert (found["layer"], found["credential_to_blame"]) == (layer, False)


def test_a_paused_account_is_not_the_credential(run: Run, world: World) -> None:
    """SES logs Gmail in and refuses at the end of DATA; Gmail's words are the same."""
    world.ses.sending_enabled = False
    mail_through_the_alias(world)
    found = latest(run)
    assert (found["layer"], found["refused_by"], found["credential_to_blame"]) == ("account", "ses_data", False)


def test_a_forged_bounce_on_top_does_not_hide_the_genuine_one(run: Run, world: World) -> None:
    """Ten fakes may lie above it; what Gmail vouches for is what counts."""
    world.ses.sending_enabled = False
    mail_through_the_alias(world)
    for _ in range(5):
        world.mailboxes.deliver(OPS, notice(prose(BAD_LOGIN), status=FILLED.format(BAD_LOGIN), results=""))
    found = latest(run)
    assert (found["layer"], found["authentic"]) == ("account", "verified")


def test_only_a_forged_bounce_is_untrusted(run: Run, world: World) -> None:
    """The forger's own Authentication-Results do not help: Gmail puts its own on top."""
    world.mailboxes.deliver(OPS, notice(prose(BAD_LOGIN)))
    found = latest(run)
    assert (found["layer"], found["authentic"], found["credential_to_blame"]) == ("untrusted", "failed", False)


def test_a_mailbox_without_bounces_and_one_that_nobody_reads(run: Run, world: World) -> None:
    """Nothing found is said, and a mailbox without credentials is a matter of the file."""
    done = run("explain", "--mailbox", OPS, "--latest", "--json")
    assert (done.code, done.document["id"]) == (Exit.FAILED, "no-bounce")
    done = run("explain", "--mailbox", "stranger@example.com", "--latest", "--json")
    assert (done.code, done.document["id"]) == (Exit.USAGE, "unreadable-mailbox")
