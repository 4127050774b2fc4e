"""Gmail's "Send mail as", three ways, against the sandbox's Gmail with a real relay behind it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rotator.consumers.gmail_send_as import GmailSendAs, Server
from rotator.core.access_keys import KeyId
from rotator.core.ports import Acknowledged, Arrived, Canary, Deadline, LoginRefused, Refused, Unknown, Waiting
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential, derive
from rotator.sandbox.gmail import CONSUMER_SCOPES, GmailServer
from rotator.sandbox.keys import Key
from rotator.sandbox.scenario import Scenario
from rotator.sandbox.world import World
from rotator.services.gmail import GmailMailbox
from rotator.services.google_auth import Access, delegated_access, user_access
from rotator.services.google_keyless import impersonated_access
from tests.contract.consumer_contract import CANARY, FIRST, ConsumerContract, Subject
from tests.services.scripted_smtp import Script, served

OPS, NEWS = "ops@queenofsandiego.com", "news@queenofsandiego.com"
PERSON, ADMIN = "jadasailing@gmail.com", "admin@queenofsandiego.com"
TRUSTED = frozenset({"127.0.0.1"})
WRITES = ("delegated", "keyless")
SIMULATOR = "success@simulator.amazonses.com"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A calm world with Gmail: a Workspace mailbox and a personal one, each with an alias that works.

    The machine has an identity at Google, which opens no mailbox by itself.
    """
    with World.start(tmp_path / "world", calm=True, scenario=Scenario()) as world:
        machine = gmail_of(world).add_service_account("machine", ())
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(machine))
        yield world


def gmail_of(world: World) -> GmailServer:
    """The world's Gmail, which must be there."""
    assert world.gmail is not None
    return world.gmail


def held(world: World) -> SmtpCredential:
    """The credential that both aliases hold at the start."""
    return credential_of(world, world.keys.now_held(world.scenario.user)[0])


def credential_of(world: World, key: Key) -> SmtpCredential:
    """The credential of a key of the world."""
    return derive(KeyId(key.id), Secret(key.secret), world.scenario.region)


def at(world: World, seconds: float = 300) -> Deadline:
    """A deadline by the sandbox's clock."""
    return Deadline.after(seconds, lambda: world.clock.now().timestamp())


def pause(world: World) -> Callable[[float], None]:
    """Waiting that costs no time: the sandbox's clock moves instead."""
    return lambda seconds: void(world.clock.advance(timedelta(seconds=seconds)))


def void(_: object) -> None:
    """Nothing."""


def consumer(world: World, way: str = "delegated", **changed: Any) -> GmailSendAs:
    """The world's alias, fed in one of the three ways."""
    gmail = gmail_of(world)
    mailbox, alias = (OPS, NEWS) if way in WRITES else (PERSON, ADMIN)
    access: Access | None = None
    if way == "delegated":
        assert world.service_account is not None
        access = delegated_access(world.service_account, mailbox, TRUSTED)
    elif way == "keyless":
        email = gmail.add_keyless_account(Path(os.environ["GOOGLE_APPLICATION_CREDENTIALS"]))
        access = impersonated_access(email, mailbox, gmail.url, TRUSTED)
    elif way == "token":
        access = user_access(gmail.add_refresh_token(mailbox), TRUSTED)
    api = GmailMailbox(mailbox=mailbox, access=access, api_endpoint=gmail.url) if access else None
    given: dict[str, Any] = {
        "name": "alias",
        "server": Server("us-east-1", "127.0.0.1", world.smtp.port, "starttls"),
        "mailbox": mailbox,
        "alias": alias,
        "gmail": api,
        "writes": way in WRITES,
        "sleep": pause(world),
    }
    return GmailSendAs(**(given | changed))


def calls(world: World, name: str) -> int:
    """How often Gmail saw a call."""
    return sum(entry.name == name for entry in world.record.entries())


class Alias(Subject):
    """An alias in one of the three ways."""

    def __init__(self, world: World, way: str, **changed: Any) -> None:
        self.world, self.consumer = world, consumer(world, way, **changed)
        self._mailbox, self._alias = (OPS, NEWS) if way in WRITES else (PERSON, ADMIN)
        self._written = way in WRITES

    def stored(self) -> SmtpCredential | None:
        """What Gmail's relay logs in with."""
        msa = gmail_of(self.world).stored(self._mailbox, self._alias)
        return SmtpCredential(KeyId(msa.username), Secret(msa.password)) if msa else None

    def snapshot(self) -> object:
        """The stored relay and every message."""
        gmail = gmail_of(self.world)
        return repr(gmail.stored(self._mailbox, self._alias)), gmail.inbox(self._mailbox)

    def lost_reply(self) -> AbstractContextManager[object] | None:
        """Gmail writes and resets the connection."""
        return self._fault("gmail_reply_lost") if self._written else None

    def refusing(self) -> AbstractContextManager[object] | None:
        """Gmail is asked too often."""
        return self._fault("gmail_403_rate") if self._written else None

    @contextmanager
    def _fault(self, name: str) -> Iterator[None]:
        self.world.faults.arm(name)
        yield
        self.world.faults.arm(name, 0)


@pytest.mark.parametrize("way", ["delegated", "keyless", "token", "none"], scope="class")
class TestGmailSendAs(ConsumerContract):
    """Every way keeps the contract."""

    @pytest.fixture
    def subject(self, world: World, way: str) -> Subject:
        """The alias."""
        return Alias(world, way)


PATCH_FAULTS: dict[str, tuple[str, type, str]] = {
    "the reply is lost after the effect": ("gmail_reply_lost", Unknown, "no usable answer"),
    "the request is lost": ("gmail_patch_lost", Unknown, "no usable answer"),
    "500 before the effect": ("gmail_500_before", Unknown, "500"),
    "500 after the effect": ("gmail_500_after", Unknown, "500"),
    "it will happen later": ("gmail_patch_late", Unknown, "no usable answer"),
    "too often, with a time": ("gmail_403_rate", Refused, "gmail-throttled"),
    "too often": ("gmail_429", Refused, "gmail-throttled"),
    "it leaves the alias pending": ("gmail_alias_pending", Refused, "gmail-alias-pending"),
}


@pytest.mark.parametrize("way", WRITES)
@pytest.mark.parametrize(("fault", "kind", "word"), PATCH_FAULTS.values(), ids=PATCH_FAULTS.keys())
def test_a_patch_is_sent_once(world: World, fault: str, kind: type, word: str, way: str) -> None:
    """Whatever becomes of the PATCH, Gmail saw it once: the HTTP library below would send it again."""
    world.faults.arm(fault)
    answer = consumer(world, way).push(FIRST, at(world))
    assert isinstance(answer, kind)
    assert word == answer.id if isinstance(answer, Refused) else word in str(answer)
    assert calls(world, "sendAs.patch") == 1


@pytest.mark.parametrize("way", WRITES)
def test_a_service_that_hangs_is_left_at_the_deadline(world: World, way: str) -> None:
    """No request is waited for beyond its step, and nobody can say whether it was done."""
    subject, began = Alias(world, way), time.monotonic()
    world.record.hold("sendAs.patch", "before")
    answer = subject.consumer.push(FIRST, Deadline.after(3))
    assert time.monotonic() - began < 4
    world.record.release()
    assert isinstance(answer, Unknown)
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Acknowledged)
    assert subject.stored() == FIRST


def test_the_time_to_come_back_is_told(world: World) -> None:
    """Gmail names the moment from which it will listen again, in its text only."""
    world.faults.arm("gmail_403_rate")
    answer = consumer(world).push(FIRST, at(world))
    assert isinstance(answer, Refused)
    assert f"after {world.clock.now():%Y-%m-%d}" in answer.fix


def test_until_then_gmail_hears_nothing(world: World) -> None:
    """What would be refused again, and make it worse, is not sent; afterwards the same push goes through."""
    world.faults.arm("gmail_403_rate")
    alias = consumer(world)
    alias.push(FIRST, at(world))
    before = len(world.record.entries())
    again = alias.push(FIRST, at(world))
    assert isinstance(again, Refused)
    assert again.id == "gmail-throttled"
    assert f"after {world.clock.now():%Y-%m-%d}" in again.fix
    assert len(world.record.entries()) == before
    world.clock.advance(timedelta(minutes=1, seconds=1))
    assert isinstance(alias.push(FIRST, at(world)), Acknowledged)


def test_an_expired_access_token_is_renewed(world: World) -> None:
    """A 401 has no effect; with a new token the same push goes through."""
    alias = consumer(world)
    assert list(alias.preflight(at(world))) == []
    gmail_of(world).expire_access_tokens()
    assert isinstance(alias.push(FIRST, at(world)), Acknowledged)


MODES = [(validate, merge) for validate in (False, True) for merge in ("deep", "replace")]


@contextmanager
def other_gmail(directory: Path, **behaviour: Any) -> Iterator[World]:
    """A calm world whose Gmail behaves otherwise, with the Workspace alias."""
    with ExitStack() as stack:
        world = stack.enter_context(World.start(directory / "w", calm=True, scenario=Scenario(gmail=False)))
        gmail = GmailServer(
            world.clock, world.record, world.faults, world.mailboxes, ca_file=world.authority.ca_file,
            directory=directory / "g", **behaviour,
        )  # fmt: skip
        world.gmail = stack.enter_context(gmail)
        gmail.add_workspace("queenofsandiego.com")
        world.service_account = gmail.add_service_account()
        gmail.add_user(OPS)
        gmail.add_alias(OPS, NEWS, "127.0.0.1", world.smtp.port, "starttls", "AKIAOLD", "old")
        yield world


@pytest.mark.parametrize(("validate", "merge"), MODES, ids=[f"check {v}, {m} merge" for v, m in MODES], scope="class")
class TestEveryGmail(ConsumerContract):
    """Whatever Gmail does that nobody wrote down, the alias keeps the contract.

    The suite's pairs are made up, so that the login that Gmail may try on PATCH is at a server that takes them all.
    """

    @pytest.fixture
    def subject(self, tmp_path: Path, validate: bool, merge: Any) -> Iterator[Subject]:
        """The Workspace alias, at a server of its own."""
        with other_gmail(tmp_path, validate_on_update=validate, merge=merge) as world:
            context = world.authority.for_loopback("email-smtp.us-east-1.amazonaws.com").server_context()
            with served(Script(), context) as script:
                gmail_of(world).add_alias(OPS, NEWS, "127.0.0.1", script.port, "starttls", "AKIAOLD", "old")
                yield Alias(world, "delegated", server=Server("us-east-1", "127.0.0.1", script.port, "starttls"))
                assert any(line.startswith("AUTH") for line in script.lines) is validate or not script.lines


@pytest.mark.parametrize(("validate", "merge"), MODES, ids=[f"check {v}, {m} merge" for v, m in MODES])
def test_every_reading_of_the_undocumented(tmp_path: Path, validate: bool, merge: Any) -> None:
    """Whether Gmail checks the login on PATCH and how it merges is undocumented; the same five fields pass all."""
    with other_gmail(tmp_path, validate_on_update=validate, merge=merge) as world:
        new = credential_of(world, world.keys.create(world.scenario.user))
        assert isinstance(consumer(world).push(new, at(world)), Acknowledged)
        msa = gmail_of(world).stored(OPS, NEWS)
        assert msa is not None
        assert (msa.username, msa.password, msa.port) == (new.key, new.password.reveal(), world.smtp.port)
        assert isinstance(consumer(world).send(CANARY, at(world)), Arrived)
        wrong = SmtpCredential(new.key, FIRST.password)
        assert isinstance(consumer(world).push(wrong, at(world)), Refused if validate else Acknowledged)


@pytest.mark.parametrize("fault", ["gmail_403_rate", "gmail_429"])
def test_a_look_that_fails_loses_no_verdict(tmp_path: Path, fault: str) -> None:
    """The mail is out: a list that is turned away is asked for again once Gmail listens, and no second mail is sent."""
    with other_gmail(tmp_path, dsn_delay_s=2.0) as world:
        armed = iter([fault])

        def sleep(seconds: float) -> None:
            for name in armed:
                world.faults.arm(name)
            world.clock.advance(timedelta(seconds=seconds))

        assert isinstance(consumer(world, sleep=sleep).send(CANARY, at(world)), LoginRefused)
        assert calls(world, "messages.send") == 1
        assert world.faults.armed() == {}
        assert list(armed) == []


@pytest.mark.parametrize("way", ["delegated", "keyless", "token"])
def test_a_canary_arrives(world: World, way: str) -> None:
    """Through the alias, through SES, into the mailbox, From unchanged."""
    verdict = consumer(world, way).send(CANARY, at(world))
    assert isinstance(verdict, Arrived), verdict
    assert "amazonses" in verdict.detail
    assert calls(world, "messages.send") == 1


def put(world: World, credential: SmtpCredential) -> None:
    """Let the alias hold `credential`, whatever Gmail would say."""
    mailbox = gmail_of(world)
    port, password = world.smtp.port, credential.password.reveal()
    mailbox.add_alias(OPS, NEWS, "127.0.0.1", port, "starttls", credential.key, password)


BOUNCES: dict[str, type] = {
    "empty": LoginRefused,
    "filled": LoginRefused,
    "inline": LoginRefused,
    "older": LoginRefused,
    "localised": LoginRefused,
    "sibling": Unknown,
    "ordinary": Unknown,
    "delay": Unknown,
}


@pytest.mark.parametrize(("variant", "verdict"), BOUNCES.items(), ids=BOUNCES.keys())
def test_a_wrong_password_shows_in_the_bounce(world: World, variant: Any, verdict: type) -> None:
    """SES's 535 comes back in any of Gmail's forms; only those that mean the login count as refused."""
    put(world, FIRST)
    gmail_of(world).dsn_variant = variant
    answer = consumer(world).send(CANARY, at(world))
    assert isinstance(answer, verdict), answer
    assert FIRST.password.reveal() not in str(answer)


def test_one_535_is_not_the_last_word(world: World) -> None:
    """Gmail's relay may fail once with the right password; the next canary arrives."""
    world.faults.arm("gmail_relay_535_once")
    assert isinstance(consumer(world).send(CANARY, at(world)), LoginRefused)
    again = Canary("cnry-second", "canary cnry-second", "again\n")
    assert isinstance(consumer(world).send(again, at(world)), Arrived)


def test_a_bounce_for_the_identity_is_not_about_the_login(tmp_path: Path) -> None:
    """SES knows the key and not the From: the canary failed, the credential did not."""
    with World.start(tmp_path / "world", calm=True, scenario=Scenario(verified=False)) as world:
        answer = consumer(world).send(CANARY, at(world))
    assert isinstance(answer, Unknown)
    assert "identity" in answer.detail


def test_a_forged_bounce_changes_nothing(world: World) -> None:
    """Somebody who mails the words of a refusal to the mailbox cannot have the old key switched on again."""
    forged = (
        f"From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\r\nTo: {OPS}\r\nSubject: {CANARY.token}\r\n"
        'Content-Type: multipart/report; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n'
        "https://support.google.com/mail/?p=CustomFromDenied\r\nThe response was:\r\n\r\n535 no\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nX-Rotator-Canary: {CANARY.token}\r\n\r\n\r\n--b--\r\n"
    )
    sent = iter([forged.encode()])

    def sleep(seconds: float) -> None:
        for raw in sent:
            world.mailboxes.deliver(OPS, raw)
        world.clock.advance(timedelta(seconds=seconds))

    world.faults.arm("smtp_454", 1)  # the real one is late, so the forged one is looked at first
    verdict = consumer(world, sleep=sleep).send(CANARY, at(world))
    assert isinstance(verdict, Unknown), verdict
    assert any(b"CustomFromDenied" in raw for raw in gmail_of(world).inbox(OPS))


def test_without_a_readable_mailbox_silence_counts_after_a_minute(world: World) -> None:
    """To SES's simulator nothing comes back: no bounce within the time is the weaker proof, and not before it."""
    there = consumer(world, canary_to=SIMULATOR)
    verdict = there.send(CANARY, at(world))
    assert isinstance(verdict, Arrived)
    assert "no bounce" in verdict.detail
    assert isinstance(there.send(CANARY, at(world, 20)), Unknown)
    put(world, FIRST)
    assert isinstance(there.send(CANARY, at(world)), LoginRefused)


FIPS = "email-smtp-fips.us-east-1.amazonaws.com"


@pytest.mark.parametrize("way", ["delegated", "token"])
def test_through_another_server_an_arrival_proves_nothing(world: World, way: str) -> None:
    """The file names another host than Gmail sends through: the mail came, and says nothing about that host."""
    moved = consumer(world, way, server=Server("us-east-1", FIPS, world.smtp.port, "starttls"))
    verdict = moved.send(CANARY, at(world))
    assert isinstance(verdict, Unknown)
    assert f"Gmail sends through 127.0.0.1, not {FIPS}, so it proves nothing" in verdict.detail
    assert "put it back in the file" in verdict.detail


def test_through_another_server_a_refusal_still_counts(world: World) -> None:
    """Whatever host the file names by now: an alias whose key is off sends nothing, and that is found out."""
    put(world, FIRST)
    moved = Server("us-east-1", FIPS, world.smtp.port, "starttls")
    verdict = consumer(world, server=moved, of_ses=TRUSTED.__contains__).send(CANARY, at(world))
    assert isinstance(verdict, LoginRefused)
    assert f"not {FIPS}" in verdict.detail


def test_what_a_server_that_is_not_ses_thinks_of_a_login_says_nothing_of_our_keys(world: World) -> None:
    """Somebody pointed the alias at another provider, with a wrong password: no key of ours is switched on for it."""
    put(world, FIRST)
    verdict = consumer(world, server=Server("us-east-1", FIPS, world.smtp.port, "starttls")).send(CANARY, at(world))
    assert isinstance(verdict, Unknown)
    assert "set the server in Gmail" in verdict.detail


def pending(world: World) -> None:
    """The alias waits for verification."""
    gmail_of(world).set_status(OPS, NEWS, "pending")


def elsewhere(world: World) -> None:
    """The alias sends through another server."""
    gmail_of(world).add_alias(OPS, NEWS, "smtp.example.org", 587, "starttls", "u", "p")


def other_port(world: World) -> None:
    """The alias sends through another port."""
    gmail_of(world).add_alias(OPS, NEWS, "127.0.0.1", 2, "starttls", "u", "p")


def revoked(world: World) -> None:
    """Google answers that the token is dead."""
    world.faults.arm("gmail_invalid_grant", 9)


def unauthorised(world: World) -> None:
    """The administrator has not authorised the scopes."""
    world.faults.arm("gmail_unauthorized_client", 9)


PROBLEMS: dict[str, tuple[Callable[[World], None], str, str]] = {
    "pending": (pending, "gmail-alias-pending", "verification mail"),
    "another server": (elsewhere, "gmail-smtp-server", "settings/accounts"),
    "another port": (other_port, "gmail-smtp-server", "settings/accounts"),
    "token refused": (revoked, "gmail-token-dead", "service account's key"),
    "not authorised": (unauthorised, "gmail-not-authorised", "admin.google.com"),
}


@pytest.mark.parametrize(("prepare", "id", "words"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_what_would_fail_is_found_beforehand(
    world: World, prepare: Callable[[World], None], id: str, words: str
) -> None:
    """Before a key is made, each thing that would stop the push has a name and the exact next action."""
    prepare(world)
    (problem,) = consumer(world).preflight(at(world))
    assert problem.id == id
    assert words in problem.fix
    assert not problem.warning


def test_the_admins_page_is_told_with_client_and_scopes(world: World) -> None:
    """The administrator needs the client id and every scope to type them in."""
    unauthorised(world)
    (problem,) = consumer(world).preflight(at(world))
    assert "gmail.settings.sharing" in problem.fix
    assert any(part.isdigit() and len(part) == 21 for part in problem.fix.split())


@pytest.mark.parametrize("way", ["keyless"])
def test_what_would_not_be_signed_is_found_beforehand(world: World, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the right to sign as the service account nothing can be written, and the fix names the role."""
    without_a_key_file = consumer(world, way)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(gmail_of(world).add_service_account("stranger", ())))
    (problem,) = without_a_key_file.preflight(Deadline.after(20))
    assert problem.id == "gmail-credentials"
    assert "roles/iam.serviceAccountTokenCreator" in problem.fix


def test_an_alias_that_is_not_there(world: World) -> None:
    """An alias nobody set up is named with the place to set it up."""
    (problem,) = consumer(world, alias="nobody@queenofsandiego.com").preflight(at(world))
    assert problem.id == "gmail-no-such-alias"


def test_the_mailboxs_own_address_is_no_alias(world: World) -> None:
    """Gmail says yes to an SMTP server for the primary address and writes nothing: found beforehand, and told after."""
    primary = consumer(world, alias=OPS)
    assert [problem.id for problem in primary.preflight(at(world))] == ["gmail-primary"]
    answer = primary.push(FIRST, at(world))
    assert isinstance(answer, Refused)
    assert answer.id == "gmail-not-written"


def test_credentials_of_another_mailbox_are_found(world: World) -> None:
    """A token that opens another mailbox would send from there."""
    (problem,) = consumer(world, "token", mailbox="somebody@gmail.com").preflight(at(world))
    assert problem.id == "gmail-wrong-mailbox"


def test_a_pending_alias_sends_nothing(world: World) -> None:
    """Gmail would send from the default address and the mail would arrive: a proof of nothing, so none is sent."""
    pending(world)
    assert isinstance(consumer(world).send(CANARY, at(world)), Unknown)
    assert calls(world, "messages.send") == 0


def test_a_user_token_cannot_write(world: World) -> None:
    """A personal account's alias is written by a person, whatever token there is."""
    alias = consumer(world, "token")
    assert isinstance(alias.push(FIRST, at(world)), Waiting)
    assert calls(world, "sendAs.patch") == 0
    before = gmail_of(world).stored(PERSON, ADMIN)
    forced = consumer(world, "token", writes=True)
    answer = forced.push(FIRST, at(world))
    assert isinstance(answer, Refused)
    assert gmail_of(world).stored(PERSON, ADMIN) == before


def test_a_token_without_the_scopes_is_found(world: World) -> None:
    """A token that may only send could not see the bounce."""
    token = gmail_of(world).add_refresh_token(PERSON, CONSUMER_SCOPES[1:])
    access = user_access(token, TRUSTED, PERSON)
    api = GmailMailbox(mailbox=PERSON, access=access, api_endpoint=gmail_of(world).url)
    (problem,) = consumer(world, "token", gmail=api).preflight(at(world))
    assert problem.id == "gmail-scope"
    assert problem.fix.endswith(f": rotator gmail login --mailbox {PERSON} --client-secrets FILE --out {token}")


def test_a_dead_user_token_wants_a_login(world: World) -> None:
    """Seven days in status Testing, a changed password: the way out is one command, with the file's own names."""
    token = gmail_of(world).add_refresh_token(PERSON)
    access = user_access(token, TRUSTED, PERSON)
    api = GmailMailbox(mailbox=PERSON, access=access, api_endpoint=gmail_of(world).url)
    alias = consumer(world, "token", gmail=api)
    gmail_of(world).revoke(PERSON)
    (problem,) = alias.preflight(at(world))
    assert problem.id == "gmail-token-dead"
    command = problem.fix.split("   ")[0]
    assert command == f"rotator gmail login --mailbox {PERSON} --client-secrets FILE --out {token}"


def test_the_steps_name_page_server_and_port(world: World) -> None:
    """A person is led to the page and told every field but the password."""
    steps = "\n".join(consumer(world, "none").instructions())
    for words in ("#settings/accounts", ADMIN, "127.0.0.1", str(world.smtp.port), "TLS"):
        assert words in steps


def test_a_person_pastes_and_the_canary_proves_it(world: World) -> None:
    """By hand: wait, paste, and the mail arrives."""
    alias = consumer(world, "token")
    new = credential_of(world, world.keys.create(world.scenario.user))
    assert isinstance(alias.push(new, at(world)), Waiting)
    gmail_of(world).paste(PERSON, ADMIN, new.key, new.password.reveal(), "127.0.0.1", world.smtp.port, "starttls")
    assert isinstance(alias.send(CANARY, at(world)), Arrived)
