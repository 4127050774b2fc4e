"""Google credentials: files that only we can read, addresses that are Google's, and the login that makes a token."""

from __future__ import annotations

import json
import stat
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rotator.core.ports import Deadline
from rotator.sandbox.gmail import CONSUMER_SCOPES, GmailServer
from rotator.sandbox.world import World
from rotator.services.gmail import GmailMailbox
from rotator.services.gmail_errors import GmailError, GmailKind
from rotator.services.google_auth import Access, delegated_access, user_access
from rotator.services.google_login import installed_app_login

PERSON, OTHER, OPS = "jadasailing@gmail.com", "someone@gmail.com", "ops@queenofsandiego.com"
TRUSTED = frozenset({"127.0.0.1"})


@pytest.fixture
def gmail(make_world: Callable[..., World]) -> GmailServer:
    """A world's Gmail, with a second person."""
    world = make_world(gmail=True)
    assert world.gmail is not None
    world.gmail.add_user(OTHER)
    return world.gmail


def browser(threads: list[threading.Thread]) -> Callable[[str], None]:
    """A person who agrees at once to whatever page is shown."""

    def show(url: str) -> None:
        thread = threading.Thread(target=lambda: urllib.request.urlopen(url, timeout=10).close())  # noqa: S310
        thread.start()
        threads.append(thread)

    return show


def whose(gmail: GmailServer, credentials: Any) -> str:
    """The address whose mailbox new credentials open."""
    opened = GmailMailbox(mailbox=PERSON, access=Access(lambda: credentials), api_endpoint=gmail.url)
    return opened.profile(Deadline.after(10))


def log_in(gmail: GmailServer, out: Path, mailbox: str = PERSON, **changed: Any) -> None:
    """`rotator gmail login` with that person at the browser."""
    threads: list[threading.Thread] = []
    given: dict[str, Any] = {
        "client_secrets": gmail.client_secrets(),
        "mailbox": mailbox,
        "out": out,
        "show_url": browser(threads),
        "mailbox_of": lambda credentials: whose(gmail, credentials),
        "trusted": TRUSTED,
        "wait_s": 10,
    }
    try:
        installed_app_login(**(given | changed))
    finally:
        for thread in threads:
            thread.join()


def test_a_login_makes_a_private_file_that_works(gmail: GmailServer, tmp_path: Path) -> None:
    """The file is born 0600 and opens the mailbox it was asked for."""
    out = tmp_path.resolve() / "token.json"
    log_in(gmail, out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    mailbox = GmailMailbox(mailbox=PERSON, access=user_access(out, TRUSTED), api_endpoint=gmail.url)
    assert mailbox.profile(Deadline.after(10)) == PERSON
    assert mailbox.missing_scopes() == ()
    assert set(json.loads(out.read_text())["scopes"]) == set(CONSUMER_SCOPES)


def test_the_wrong_persons_consent_is_not_kept(gmail: GmailServer, tmp_path: Path) -> None:
    """Somebody else who is logged in to the browser is told from the mailbox, and nothing is written."""
    out = tmp_path.resolve() / "token.json"
    threads: list[threading.Thread] = []
    show = browser(threads)

    def as_somebody_else(url: str) -> None:
        show(url.replace(PERSON.replace("@", "%40"), OTHER.replace("@", "%40")))

    with pytest.raises(GmailError, match=OTHER):
        log_in(gmail, out, show_url=as_somebody_else)
    for thread in threads:
        thread.join()
    assert not out.exists()


def test_nobody_at_the_browser(gmail: GmailServer, tmp_path: Path) -> None:
    """A login that nobody finishes ends by itself."""
    with pytest.raises(GmailError, match="did not come back"):
        log_in(gmail, tmp_path.resolve() / "t.json", show_url=lambda _: None, wait_s=1)


def readable(path: Path) -> None:
    """Others can read the file."""
    path.chmod(0o644)


def linked(path: Path) -> None:
    """The file is a symbolic link."""
    path.rename(path.with_suffix(".real"))
    path.symlink_to(path.with_suffix(".real"))


def missing(path: Path) -> None:
    """The file is not there."""
    path.unlink()


def emptied(path: Path) -> None:
    """The file is JSON and holds nothing."""
    path.write_text("{}")


def rubbish(path: Path) -> None:
    """The file is not JSON."""
    path.write_text("AKIA")


def elsewhere(path: Path) -> None:
    """The file sends the token request to another host."""
    path.write_text(path.read_text().replace("http://127.0.0.1", "https://oauth2.example.com"))


def in_the_open(path: Path) -> None:
    """The file sends the token request in plain http beyond loopback."""
    path.write_text(path.read_text().replace("http://127.0.0.1", "http://oauth2.googleapis.com"))


SPOILED = {spoil.__doc__: spoil for spoil in (readable, linked, missing, emptied, rubbish, elsewhere, in_the_open)}


@pytest.mark.parametrize("way", ["service account", "user token"])
@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
def test_a_spoiled_file_is_not_used(gmail: GmailServer, spoil: Callable[[Path], None], way: str) -> None:
    """A file that others can see or have changed is named, with the way to mend it, before anything is sent."""
    path = gmail.add_service_account("spoiled") if way == "service account" else gmail.add_refresh_token(PERSON)
    access = delegated_access(path, OPS, TRUSTED) if way == "service account" else user_access(path, TRUSTED)
    private = path.read_text()
    spoil(path)
    with pytest.raises(GmailError) as caught:
        GmailMailbox(mailbox=OPS, access=access, api_endpoint=gmail.url).profile(Deadline.after(5))
    assert caught.value.kind is GmailKind.CREDENTIALS
    assert caught.value.fix
    assert str(path) in str(caught.value)
    assert not any(
        value in str(caught.value) for value in json.loads(private).values() if len(value) > 30 and "/" not in value
    )


def test_without_trust_a_sandbox_gets_no_token_request(gmail: GmailServer) -> None:
    """Loopback is trusted only when the environment says so."""
    access = delegated_access(gmail.add_service_account("untrusted"), OPS)
    with pytest.raises(GmailError, match="ROTATOR_TRUST_HOSTS"):
        GmailMailbox(mailbox=OPS, access=access, api_endpoint=gmail.url).profile(Deadline.after(5))
