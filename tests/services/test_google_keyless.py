"""Delegation without a key file: signed by IAM, for the mailbox that was named and no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rotator.core.ports import Deadline
from rotator.sandbox.gmail import GmailServer
from rotator.sandbox.world import World
from rotator.services.gmail import GmailMailbox
from rotator.services.gmail_errors import GmailError, GmailKind
from rotator.services.google_keyless import impersonated_access

OPS = "ops@queenofsandiego.com"
TRUSTED = frozenset({"127.0.0.1"})


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A world with Gmail."""
    return make_world(gmail=True)


@pytest.fixture
def gmail(world: World) -> GmailServer:
    """Its Gmail."""
    assert world.gmail is not None
    return world.gmail


@pytest.fixture
def own(gmail: GmailServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's own identity, which by itself opens no mailbox."""
    path = gmail.add_service_account("machine", ())
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    return path


def mailbox(gmail: GmailServer, email: str, who: str = OPS, trusted: frozenset[str] = TRUSTED) -> GmailMailbox:
    """The mailbox, opened as the service account."""
    return GmailMailbox(mailbox=who, access=impersonated_access(email, who, gmail.url, trusted), api_endpoint=gmail.url)


def test_it_opens_the_mailbox_that_was_named(world: World, gmail: GmailServer, own: Path) -> None:
    """Three requests (own token, signature, delegated token), each sent once, and Gmail answers as that user."""
    since = world.record.count()
    assert mailbox(gmail, gmail.add_keyless_account(own)).profile(Deadline.after(20)) == OPS
    assert [one.name for one in world.record.entries(since)] == [
        "jwt-bearer", "signBlob", "jwt-bearer", "users.getProfile",
    ]  # fmt: skip


def test_without_the_role_nothing_is_signed(gmail: GmailServer, own: Path) -> None:
    """The fix names the role and the account."""
    stranger = gmail.add_service_account("stranger", ())
    email = gmail.add_keyless_account(stranger)
    with pytest.raises(GmailError, match="signBlob: 403") as caught:
        mailbox(gmail, email).profile(Deadline.after(20))
    assert caught.value.kind is GmailKind.CREDENTIALS
    assert f"roles/iam.serviceAccountTokenCreator on {email}" in caught.value.fix


def test_a_mailbox_that_is_not_delegated_is_refused(gmail: GmailServer, own: Path) -> None:
    """A personal mailbox cannot be opened this way either, and the fix names what the administrator enters."""
    email = gmail.add_keyless_account(own)
    with pytest.raises(GmailError) as caught:
        mailbox(gmail, email, "jadasailing@gmail.com").profile(Deadline.after(20))
    assert caught.value.kind is GmailKind.NOT_AUTHORISED
    assert email in caught.value.fix


def test_without_an_identity_of_its_own(gmail: GmailServer, own: Path) -> None:
    """Nothing is asked of anybody, and the fix names the variable."""
    email = gmail.add_keyless_account(own)
    own.unlink()
    with pytest.raises(GmailError, match="no application default credentials") as caught:
        mailbox(gmail, email).profile(Deadline.after(20))
    assert "GOOGLE_APPLICATION_CREDENTIALS" in caught.value.fix


def test_no_other_host_is_asked_for_tokens(world: World, gmail: GmailServer, own: Path) -> None:
    """An endpoint that is not Google's needs the environment's trust, before anything is sent."""
    email, since = gmail.add_keyless_account(own), world.record.count()
    with pytest.raises(GmailError, match="not a host of Google"):
        mailbox(gmail, email, trusted=frozenset()).profile(Deadline.after(20))
    assert world.record.count() == since
