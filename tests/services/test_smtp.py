"""SES's SMTP endpoint: what a series of logins proves, against the sandbox's SES with and without lag."""

from __future__ import annotations

from typing import Any

import pytest

from rotator.core.access_keys import KeyId
from rotator.core.mail.ses_replies import Meaning
from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential, derive
from rotator.sandbox.keys import Key, Lags
from rotator.sandbox.world import World
from rotator.services.smtp import SesEndpoint

SIMULATOR = "success@simulator.amazonses.com"
MAIL = b"From: admin@queenofsandiego.com\r\nTo: x@y\r\nSubject: test\r\n\r\nhello\r\n"


def endpoint(world: World, **changed: Any) -> SesEndpoint:
    """The world's endpoint, STARTTLS unless told otherwise."""
    given: dict[str, Any] = {
        "name": "us-east-1",
        "region": world.scenario.region,
        "host": "127.0.0.1",
        "port": world.smtp.port,
        "ca_file": str(world.authority.ca_file),
    }
    return SesEndpoint(**(given | changed))


def credential_of(world: World, key: Key) -> SmtpCredential:
    """The credential of one of the world's keys, by our own derivation."""
    return derive(KeyId(key.id), Secret(key.secret), world.scenario.region)


def held(world: World) -> Key:
    """The key the world starts with."""
    return world.keys.now_held(world.scenario.user)[0]


def logins(world: World) -> list[str]:
    """How every AUTH the world saw ended."""
    return [entry.outcome for entry in world.record.entries() if entry.name == "AUTH"]


MODES = {"STARTTLS": "starttls", "TLS from the first byte": "tls"}


@pytest.mark.parametrize("security", MODES.values(), ids=MODES.keys())
def test_a_good_key_soaks_at_once(world: World, security: Any) -> None:
    """Three logins on fresh connections are enough where nothing ever said no."""
    port = world.smtp.tls_port if security == "tls" else world.smtp.port
    answer = endpoint(world, port=port, security=security).soak(credential_of(world, held(world)), Deadline.after(20))
    assert answer.reached
    assert (answer.accepted, answer.refused) == (3, 0)
    assert len(logins(world)) == 3


def test_a_new_key_is_waited_for(make_world: Any) -> None:
    """While the key spreads over the front ends SES says 535; that is lag, and ends."""
    world = make_world(lags=Lags((0.4, 1.0), (0.0, 0.0), (0.0, 0.0), 0))
    new = world.keys.create(world.scenario.user)
    answer = endpoint(world).soak(credential_of(world, new), Deadline.after(30))
    assert answer.reached
    assert answer.refused > 0


def test_a_wrong_key_is_not_reached(world: World) -> None:
    """The deadline ends it, the count of refusals is told, and one AUTH was sent per try."""
    wrong = SmtpCredential(KeyId(held(world).id), Secret("B" + "A" * 43))
    answer = endpoint(world).soak(wrong, Deadline.after(1.2))
    assert not answer.reached
    assert answer.refused == len(logins(world)) > 1
    assert "535" in answer.detail
    assert wrong.password.reveal() not in answer.detail


def test_another_regions_password_is_refused(world: World) -> None:
    """Passwords are per region: the right secret for the wrong region is a 535."""
    key = held(world)
    foreign = derive(KeyId(key.id), Secret(key.secret), "eu-west-1")
    assert not endpoint(world).soak(foreign, Deadline.after(0.3)).reached


def test_a_temporary_failure_says_nothing(world: World) -> None:
    """454 counts neither for nor against the key."""
    world.faults.arm("smtp_454", 2)
    pauses: list[float] = []
    answer = endpoint(world, sleep=pauses.append).soak(credential_of(world, held(world)), Deadline.after(20))
    assert answer.reached
    assert (answer.accepted, answer.refused) == (3, 0)
    assert pauses == [0.5, 1.0]


def test_a_refusal_between_breaks_the_row(world: World) -> None:
    """Several in a row are wanted: one 535 in the middle starts the count again."""
    first = endpoint(world, successes=2)
    assert first.soak(credential_of(world, held(world)), Deadline.after(20)).accepted == 2
    world.faults.arm("smtp_535", 1)
    answer = first.soak(credential_of(world, held(world)), Deadline.after(20))
    assert answer.reached
    assert (answer.refused, answer.accepted >= 2) == (1, True)


def test_an_old_key_is_seen_to_stop(make_world: Any) -> None:
    """After the deactivation SES goes on taking it for a while; then several 535 in a row say that it is over."""
    world = make_world(lags=Lags((0.0, 0.0), (0.3, 0.8), (0.0, 0.0), 0))
    old = held(world)
    world.keys.set_status(world.scenario.user, old.id, "Inactive")
    answer = endpoint(world).refuses(credential_of(world, old), Deadline.after(30))
    assert answer.reached
    assert answer.refused >= 3
    assert answer.accepted > 0


def test_an_active_key_is_not_refused(world: World) -> None:
    """A key that still logs in is reported as such, and every such login is counted: it moves last-used."""
    answer = endpoint(world).refuses(credential_of(world, held(world)), Deadline.after(0.4))
    assert not answer.reached
    assert answer.accepted == len(logins(world)) >= 1


def test_reach_sends_no_auth(world: World) -> None:
    """The preflight proves name, port, TLS and certificate, and touches no key."""
    assert isinstance(endpoint(world).reach(Deadline.after(10)), Acknowledged)
    assert logins(world) == []


def test_a_mail_is_sent(world: World) -> None:
    """SES's yes to the end of the data is an acknowledgement with its message id."""
    answer = endpoint(world).send(
        credential_of(world, held(world)), "admin@queenofsandiego.com", SIMULATOR, MAIL, Deadline.after(20)
    )
    assert isinstance(answer, Acknowledged)
    assert answer.detail.startswith("250 Ok ")


SEND_FAULTS: dict[str, tuple[dict[str, Any], str, str, Any, str]] = {
    # world, fault, from -> kind, id or words
    "no permission": ({"may_send": False}, "", "admin@queenofsandiego.com", Refused, Meaning.PERMISSION),
    "identity not verified": ({"verified": False}, "", "admin@queenofsandiego.com", Refused, Meaning.IDENTITY),
    "a failure of SES": ({}, "smtp_451", "admin@queenofsandiego.com", Unknown, "451"),
    "accepted, reply lost": ({}, "smtp_reset_after_data", "admin@queenofsandiego.com", Unknown, "closed"),
    "too many connections": ({}, "smtp_421", "admin@queenofsandiego.com", Unknown, "421"),
    "an address with a line end": ({}, "", "admin@queenofsandiego.com>\r\nRCPT TO:<x", Refused, Meaning.ENVELOPE),
}


@pytest.mark.parametrize(("scenario", "fault", "sender", "kind", "word"), SEND_FAULTS.values(), ids=SEND_FAULTS.keys())
def test_what_a_mail_ends_as(
    make_world: Any, scenario: dict[str, Any], fault: str, sender: str, kind: type, word: str
) -> None:
    """The layer that refused is named; what may have been accepted is unknown."""
    world = make_world(**scenario)
    if fault:
        world.faults.arm(fault)
    answer = endpoint(world).send(credential_of(world, held(world)), sender, SIMULATOR, MAIL, Deadline.after(20))
    assert isinstance(answer, kind)
    assert word == answer.id if isinstance(answer, Refused) else word in str(answer)


def test_a_refused_login_is_told_from_a_refused_mail(world: World) -> None:
    """535 at AUTH is about the credential."""
    wrong = SmtpCredential(KeyId(held(world).id), Secret("B" + "A" * 43))
    answer = endpoint(world).send(wrong, "admin@queenofsandiego.com", SIMULATOR, MAIL, Deadline.after(20))
    assert isinstance(answer, Refused)
    assert answer.id == Meaning.LOGIN


class Stopped(BaseException):
    """What a caller that was told to stop raises."""


def test_a_series_ends_between_two_logins(world: World) -> None:
    """Whoever is told to stop is asked after each try, as long as no login was accepted."""
    world.faults.arm("smtp_454", 999)

    def stop() -> None:
        raise Stopped

    hasty = endpoint(world, sleep=lambda _: None, heed=stop)
    with pytest.raises(Stopped):
        hasty.soak(credential_of(world, held(world)), Deadline.after(20))
    assert len(logins(world)) == 1


def test_an_accepted_login_is_not_lost_to_a_stop(world: World) -> None:
    """The caller writes accepted logins down, so a series with one comes to its end."""

    def stop() -> None:
        raise Stopped

    assert endpoint(world, heed=stop).soak(credential_of(world, held(world)), Deadline.after(20)).accepted == 3
