"""The SMTP endpoint speaks as SES speaks, and lets in exactly who SES lets in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import ssl
from collections.abc import Callable
from datetime import timedelta

import pytest

from rotator.sandbox.keys import Key, Lags
from rotator.sandbox.login import smtp_password
from rotator.sandbox.world import World
from tests.sandbox.clients import USER, Dialogue, aws, first_key, logged_in, plain, try_login
from tests.sandbox.conftest import MakeWorld

OFFERS = "250-email-smtp.amazonaws.com\n250-8BITMIME\n250-STARTTLS\n250-AUTH PLAIN LOGIN\n250 Ok"
INVALID = "535 Authentication Credentials Invalid"
ACCEPTED = "235 Authentication successful."

# what is said in order, and the last reply
PLAIN_TEXT: dict[str, tuple[list[str], str]] = {
    "EHLO names no region and offers AUTH before TLS": (["EHLO x"], OFFERS),
    "AUTH before TLS": (["EHLO x", f"AUTH PLAIN {plain('a', 'b')}"], "530 Must issue a STARTTLS command first"),
    "MAIL before AUTH": (["EHLO x", "MAIL FROM:<a@b.org>"], "530 Authentication required"),
    "lower case is a command too": (["ehlo x"], OFFERS),
    "QUIT": (["EHLO x", "QUIT"], "221 Bye"),
    "NOOP": (["NOOP"], "250 Ok"),
}
OVER_TLS: dict[str, tuple[list[str], str]] = {
    "no STARTTLS is offered any more": (["EHLO x"], OFFERS.replace("250-STARTTLS\n", "")),
    "MAIL before AUTH": (["MAIL FROM:<a@b.org>"], "530 Authentication required"),
    "AUTH PLAIN asks": (["AUTH PLAIN"], "334 Ok"),
    "AUTH LOGIN asks for the user name": (["AUTH LOGIN"], "334 VXNlcm5hbWU6"),
    "AUTH LOGIN asks for the password": (["AUTH LOGIN", "YQ=="], "334 UGFzc3dvcmQ6"),
    "a bad login": (["AUTH PLAIN", plain("a", "b")], INVALID),
    "a bad LOGIN": (["auth login", "YQ==", "YQ=="], INVALID),
    "a login that is no base64": (["AUTH PLAIN ?"], INVALID),
    "after a bad login the connection goes on": (["AUTH PLAIN ?", "RSET"], "250 Ok"),
}


@pytest.mark.parametrize(("lines", "reply"), PLAIN_TEXT.values(), ids=PLAIN_TEXT.keys())
def test_what_is_answered_before_tls(world: World, lines: list[str], reply: str) -> None:
    """SES's exact words, before TLS."""
    with Dialogue(world) as dialogue:
        assert dialogue.banner.startswith("220 email-smtp.amazonaws.com ESMTP SimpleEmailService-d-")
        assert [dialogue.say(line) for line in lines][-1] == reply


@pytest.mark.parametrize("tls", [False, True], ids=["STARTTLS", "TLS at once"])
@pytest.mark.parametrize(("lines", "reply"), OVER_TLS.values(), ids=OVER_TLS.keys())
def test_what_is_answered_over_tls(world: World, lines: list[str], reply: str, *, tls: bool) -> None:
    """SES's exact words, over TLS of both kinds."""
    with Dialogue(world, tls=tls) as dialogue:
        if not tls:
            dialogue.starttls()
        assert [dialogue.say(line) for line in lines][-1] == reply


def test_both_mechanisms_log_in(world: World) -> None:
    """PLAIN with and without an initial response, and LOGIN."""
    key = first_key(world)
    password = world.password_of(key)
    with Dialogue(world, tls=True) as dialogue:
        assert dialogue.log_in(key.id, password) == ACCEPTED
    with Dialogue(world, tls=True) as dialogue:
        assert dialogue.say("AUTH PLAIN") == "334 Ok"
        assert dialogue.say(plain(key.id, password)) == ACCEPTED
    with Dialogue(world, tls=True) as dialogue:
        dialogue.say("AUTH LOGIN")
        dialogue.say(base64.b64encode(key.id.encode()).decode())
        assert dialogue.say(base64.b64encode(password.encode()).decode()) == ACCEPTED


def _version_2(secret: str) -> str:
    return base64.b64encode(b"\x02" + hmac.digest(secret.encode(), b"SendRawEmail", hashlib.sha256)).decode()


WRONG: dict[str, Callable[[World, Key], tuple[str, str]]] = {
    "the secret key itself": lambda world, key: (key.id, key.secret),
    "a version 2 password": lambda world, key: (key.id, _version_2(key.secret)),
    "another region's password": lambda world, key: (key.id, smtp_password(key.secret, "eu-west-1")),
    "a blank at the end": lambda world, key: (key.id, world.password_of(key) + " "),
    "a blank in front": lambda world, key: (key.id, " " + world.password_of(key)),
    "the last character missing": lambda world, key: (key.id, world.password_of(key)[:-1]),
    "a lower-case user name": lambda world, key: (key.id.lower(), world.password_of(key)),
    "an unknown key": lambda world, key: ("AKIAAAAAAAAAAAAAAAAA", world.password_of(key)),
    "the admin's password": lambda world, key: (key.id, world.password_of(world.keys.now_held("sandbox-admin")[0])),
    "no password": lambda world, key: (key.id, ""),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_credential_is_refused(world: World, wrong: Callable[[World, Key], tuple[str, str]]) -> None:
    """Whatever is wrong with it, the answer is the same 535, and last-used does not move."""
    key = first_key(world)
    uses = len(key.uses)
    assert try_login(world, *wrong(world, key)) == INVALID
    assert len(key.uses) == uses


@pytest.mark.parametrize("status", ["Inactive", "Deleted"])
def test_a_stopped_key_is_refused(world: World, status: str) -> None:
    """In a calm world a deactivated or deleted key stops at once."""
    key = first_key(world)
    world.keys.set_status(USER, key.id, status)  # type: ignore[arg-type]
    assert try_login(world, key.id, world.password_of(key)) == INVALID


def test_front_ends_hear_of_a_new_key_one_after_the_other(make_world: MakeWorld) -> None:
    """Between the quicker front end and the slower a new key works on every other connection."""
    world = make_world(lags=Lags((10, 60), (0, 0), (0, 0), 0))
    key = world.keys.create(USER)
    seen = set()
    for _ in range(16):
        first, second = (try_login(world, key.id, world.password_of(key))[:3] for _ in range(2))
        seen.add(tuple(sorted((first, second))))
        world.clock.advance(timedelta(seconds=4))
    assert seen == {("535", "535"), ("235", "535"), ("235", "235")}


def test_front_ends_go_on_accepting_a_stopped_key_for_a_while(make_world: MakeWorld) -> None:
    """After the deactivation a login still works, until every front end has heard of it."""
    world = make_world(lags=Lags((0, 0), (20, 20), (0, 0), 0))
    key = first_key(world)
    aws(world, "iam").update_access_key(UserName=USER, AccessKeyId=key.id, Status="Inactive")
    assert try_login(world, key.id, world.password_of(key)) == ACCEPTED
    world.clock.advance(timedelta(seconds=20))
    assert {try_login(world, key.id, world.password_of(key)) for _ in range(2)} == {INVALID}


def test_the_default_lags_are_over_in_seconds_of_the_worlds_time(make_world: MakeWorld) -> None:
    """By default a new key is refused at first and accepted everywhere three seconds later."""
    world = make_world()
    key = world.keys.create(USER)
    assert {try_login(world, key.id, world.password_of(key)) for _ in range(2)} == {INVALID}
    world.clock.advance(timedelta(seconds=3))
    assert {try_login(world, key.id, world.password_of(key)) for _ in range(2)} == {ACCEPTED}


def test_the_password_is_the_published_one() -> None:
    """Known answers of Terraform's AWS provider: the sandbox's own derivation is right."""
    assert smtp_password("some+secret+key", "eu-central-1") == "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"
    assert smtp_password("another+secret+key", "us-west-1") == "BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF"


def test_old_tls_is_refused(world: World) -> None:
    """TLS 1.2 is the least."""
    context = ssl.create_default_context(cafile=str(world.authority.ca_file))
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSVersion.TLSv1_1 is deprecated"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", world.smtp.tls_port), timeout=10) as client,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(client, server_hostname="127.0.0.1")


def test_an_idle_connection_is_closed_with_451(make_world: MakeWorld) -> None:
    """Who says nothing for too long is told so and loses the connection."""
    world = make_world(calm=True, idle_s=0.05)
    with Dialogue(world) as dialogue:
        assert dialogue.reply() == "451 4.4.2 Timeout waiting for data from client."
        assert dialogue.reply() == "closed"


def test_every_login_is_recorded_with_its_key_and_no_password(world: World) -> None:
    """The record names the key id of each AUTH and how it ended; a pasted secret is never kept as a name."""
    key = first_key(world)
    try_login(world, key.id, "wrong")
    try_login(world, key.secret, key.id)
    try_login(world, key.id, world.password_of(key))
    logins = [(entry.kind, entry.name, entry.detail, entry.outcome) for entry in world.record.entries()]
    assert logins == [
        ("smtp", "AUTH", key.id, "535"),
        ("smtp", "AUTH", "not a key id", "535"),
        ("smtp", "AUTH", key.id, "235"),
    ]


FAULTS: dict[str, str] = {
    "smtp_454": "454 Temporary authentication failure",
    "smtp_535": INVALID,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_login_fault_happens_once_to_a_right_credential(world: World, fault: str) -> None:
    """The fault answers the next login; the one after it is accepted; last-used moves once."""
    key = world.keys.create(USER)
    world.faults.arm(fault)
    assert [try_login(world, key.id, world.password_of(key)) for _ in range(2)] == [FAULTS[fault], ACCEPTED]
    assert len(key.uses) == 1


def test_too_many_connections(world: World) -> None:
    """421 is the greeting, and the connection is closed."""
    world.faults.arm("smtp_421")
    with Dialogue(world) as dialogue:
        assert dialogue.banner == "421 Too many concurrent SMTP connections"
        assert dialogue.reply() == "closed"


def test_a_silent_server_answers_nothing(world: World) -> None:
    """The connection stands and no greeting comes, until the client gives up."""
    world.faults.arm("smtp_silent")
    with socket.create_connection(("127.0.0.1", world.smtp.port), timeout=0.1) as client, pytest.raises(TimeoutError):
        client.recv(1)
    with Dialogue(world) as dialogue:
        assert dialogue.banner.startswith("220")


def test_a_session_outlives_the_deactivation_of_its_key(world: World) -> None:
    """Who is logged in stays logged in: assumed, since AWS does not say."""
    with logged_in(world) as dialogue:
        world.keys.set_status(USER, first_key(world).id, "Inactive")
        assert dialogue.say("MAIL FROM:<news@queenofsandiego.com>") == "250 Ok"
