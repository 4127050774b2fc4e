"""Broken worlds, one fault each: how it is planted, and the finding that must name it.

A fault is a context manager over the stage; leaving it heals the world.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from rotator.sandbox.dns import Fault
from rotator.sandbox.dns_records import ELSEWHERE, NO_MAIL, SPF
from rotator.sandbox.sesv2 import ConfigurationSet
from tests.doctor.stage import DOMAIN, MAIL_FROM, PARAMETER, REGION, SECRET, Stage, no_name, pair_of
from tests.services.scripted_smtp import EHLO, Script, served

Plant = Callable[[Stage], AbstractContextManager[object]]
SOMEBODY, ANOTHER_KEY = f"ann@{ELSEWHERE}", "AKIA" + "7" * 16
FAILED, WARNING = "failed", "warning"
NEWS, DMARC = f"news.{DOMAIN}", f"_dmarc.{DOMAIN}"


@dataclass(frozen=True, slots=True)
class Broken:
    """One world: the plant, the finding's id and status, and words of its summary."""

    plant: Plant
    id: str
    words: str
    status: str = FAILED


# --- DNS -------------------------------------------------------------------------------------------------------------


def silence(name: str, fault: Fault) -> Plant:
    """Questions about a name end like this."""

    @contextmanager
    def plant(stage: Stage) -> Iterator[None]:
        stage.world.dns.records.fail(name, fault)
        try:
            yield
        finally:
            stage.world.dns.records.fail(name, None)

    return plant


def publishes(name: str, kind: str, *values: str) -> Plant:
    """Other records at a name; no values: none of that type."""

    @contextmanager
    def plant(stage: Stage) -> Iterator[None]:
        records = stage.world.dns.records
        before = records.get(name, kind)
        records.put(name, kind, *values)
        try:
            yield
        finally:
            records.put(name, kind, *before)

    return plant


def dkim(fault: Fault | None = None, target: str = "") -> Plant:
    """Something about the second of the three DKIM names."""

    @contextmanager
    def plant(stage: Stage) -> Iterator[None]:
        name = f"{stage.world.ses.identities[DOMAIN].tokens[1]}._domainkey.{DOMAIN}"
        inner = silence(name, fault) if fault else publishes(name, "CNAME", *([target] if target else []))
        with inner(stage):
            yield

    return plant


@contextmanager
def foreign_mail_from(stage: Stage) -> Iterator[None]:
    """Everything is right about the MAIL FROM domain, but that somebody else's organization stands above it."""
    name = "bounce.agency.example"
    with (
        publishes(name, "MX", f"10 feedback-smtp.{REGION}.amazonses.com.")(stage),
        publishes(name, "TXT", SPF)(stage),
        identity(mail_from=name)(stage),
    ):
        stage.document["domains"][0]["mail_from"] = name
        yield


@contextmanager
def sibling(stage: Stage) -> Iterator[None]:
    """Mail is sent as news.DOMAIN, with a policy of its own; the MAIL FROM domain is its sibling."""
    identities = stage.world.ses.identities
    identities[NEWS] = replace(identities[DOMAIN], name=NEWS)
    stage.document["domains"] = [{"region": REGION, "name": NEWS, "mail_from": MAIL_FROM}]
    with ExitStack() as stack:
        stack.callback(identities.pop, NEWS)
        for token in identities[NEWS].tokens:
            target = f"{token}.dkim.{REGION}.amazonses.com."
            stack.enter_context(publishes(f"{token}._domainkey.{NEWS}", "CNAME", target)(stage))
        stack.enter_context(publishes(f"_dmarc.{NEWS}", "TXT", "v=DMARC1; p=reject")(stage))
        yield


@contextmanager
def estranged(stage: Stage) -> Iterator[None]:
    """The same, but nothing is published above both: each is an organization of its own."""
    with sibling(stage), publishes(DMARC, "TXT")(stage):
        yield


def agreed(policy: str) -> Plant:
    """A DMARC policy whose reports go to reports.example, which agreed to them."""

    @contextmanager
    def plant(stage: Stage) -> Iterator[None]:
        consent = publishes(f"{DOMAIN}._report._dmarc.reports.example", "TXT", "v=DMARC1")
        with publishes(DMARC, "TXT", policy)(stage), consent(stage):
            yield

    return plant


# --- SES, IAM --------------------------------------------------------------------------------------------------------


def account(**changes: Any) -> Plant:
    """The account is in another state."""
    return _changes(lambda stage: stage.world.ses, changes)


def identity(**changes: Any) -> Plant:
    """The domain's identity is in another state."""
    return _changes(lambda stage: stage.world.ses.identities[DOMAIN], changes)


def _changes(of: Callable[[Stage], Any], changes: dict[str, Any]) -> Plant:
    @contextmanager
    def plant(stage: Stage) -> Iterator[None]:
        thing = of(stage)
        before = {name: getattr(thing, name) for name in changes}
        for name, value in changes.items():
            setattr(thing, name, value)
        try:
            yield
        finally:
            for name, value in before.items():
                setattr(thing, name, value)

    return plant


@contextmanager
def unknown_identity(stage: Stage) -> Iterator[None]:
    """SES has never heard of the domain in this region."""
    gone = stage.world.ses.identities.pop(DOMAIN)
    try:
        yield
    finally:
        stage.world.ses.identities[DOMAIN] = gone


@contextmanager
def closed_set(stage: Stage) -> Iterator[None]:
    """The domain's configuration set lets nothing through."""
    stage.world.ses.configuration_sets["strict"] = ConfigurationSet("strict", sending=False)
    with identity(configuration_set="strict")(stage):
        yield
    del stage.world.ses.configuration_sets["strict"]


@contextmanager
def key_off(stage: Stage) -> Iterator[None]:
    """Somebody switched the current key off."""
    key = stage.key.id
    stage.world.keys.set_status(stage.key.user, key, "Inactive")
    try:
        yield
    finally:
        stage.world.keys.set_status(stage.key.user, key, "Active")


@contextmanager
def stranger(stage: Stage) -> Iterator[None]:
    """Somebody made a second key."""
    made = stage.world.keys.create(stage.key.user)
    try:
        yield
    finally:
        stage.world.keys.set_status(made.user, made.id, "Deleted")


@contextmanager
def may_not_send(stage: Stage) -> Iterator[None]:
    """The user's policy lost its only sentence."""
    moto, user = stage.world.moto, stage.key.user
    nothing = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    moto.put_user_policy(user, nothing)
    try:
        yield
    finally:
        moto.put_user_policy(user, stage.world.scenario.policy())


@contextmanager
def bad_credentials(stage: Stage) -> Iterator[None]:
    """Our own AWS secret is wrong."""
    before = os.environ["AWS_SECRET_ACCESS_KEY"]
    os.environ["AWS_SECRET_ACCESS_KEY"] = "x" * 40
    stage.outside = replace(stage.outside, session=None)
    stage.user["consumers"] = [one for one in stage.user["consumers"] if one["name"] in ("relay", "news-alias")]
    try:
        yield
    finally:
        os.environ["AWS_SECRET_ACCESS_KEY"] = before


# --- SMTP ------------------------------------------------------------------------------------------------------------


def endpoint(**changes: Any) -> Plant:
    """The endpoint is configured otherwise; no consumer but the endpoint's own checks looks at it."""

    @contextmanager
    def plant(stage: Stage) -> Iterator[None]:
        stage.user["endpoints"][0].update(changes)
        _only_stores(stage)
        yield

    return plant


def _only_stores(stage: Stage) -> None:
    """Places that do not compare the endpoint with what they hold."""
    stage.user["consumers"] = [one for one in stage.user["consumers"] if one["name"] == "batch"]


@contextmanager
def tls_port(stage: Stage) -> Iterator[None]:
    """STARTTLS is spoken to the port that speaks TLS at once."""
    with endpoint(port=stage.world.smtp.tls_port)(stage):
        yield


@contextmanager
def closed_port(stage: Stage) -> Iterator[None]:
    """Nothing listens."""
    with endpoint(port=1)(stage):
        yield


@contextmanager
def no_host(stage: Stage) -> Iterator[None]:
    """The endpoint's name does not resolve."""
    _only_stores(stage)
    stage.outside = replace(stage.outside, resolve=no_name)
    yield


def shows(certificate: str) -> Plant:
    """A server with another certificate."""

    @contextmanager
    def plant(stage: Stage) -> Iterator[None]:
        context = getattr(stage.world.authority, certificate)().server_context()
        with served(Script(), context) as script, endpoint(port=script.port)(stage):
            yield

    return plant


@contextmanager
def one_of_two(stage: Stage) -> Iterator[None]:
    """The endpoint's name has a second address, where nothing listens; the first works."""
    port = stage.world.smtp.port
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in ("127.0.0.1", "127.0.0.9")]
    stage.outside = replace(stage.outside, resolve=lambda *_, **__: answers)
    yield


def fault(name: str, times: int = 1) -> Plant:
    """A fault of the sandbox by name."""

    @contextmanager
    def plant(stage: Stage) -> Iterator[None]:
        stage.world.faults.arm(name, times)
        try:
            yield
        finally:
            stage.world.faults.arm(name, 0)

    return plant


# --- consumers -------------------------------------------------------------------------------------------------------


def alias(**changes: Any) -> Plant:
    """The Workspace alias is in another state, and its relay on another server or with another user name."""

    @contextmanager
    def plant(stage: Stage) -> Iterator[None]:
        assert stage.world.gmail is not None
        gmail, mailbox, name = stage.world.gmail, f"ops@{DOMAIN}", f"news@{DOMAIN}"
        msa = gmail.stored(mailbox, name)
        assert msa is not None
        right: dict[str, Any] = {"host": msa.host, "port": msa.port, "security": msa.security, "username": msa.username,
                 "password": msa.password}  # fmt: skip
        gmail.add_alias(mailbox, name, **right | changes)
        try:
            yield
        finally:
            gmail.add_alias(mailbox, name, **right)
            gmail.empty_inbox(mailbox)  # a bounce in it would speak for a day

    return plant


def other_alias(stage: Stage) -> AbstractContextManager[None]:
    """The file names an alias that Gmail does not have."""
    return _named(stage, "news-alias", alias=f"nobody@{DOMAIN}")


@contextmanager
def _named(stage: Stage, name: str, **changes: Any) -> Iterator[None]:
    stage.consumer(name).update(changes)
    yield


rotated_away = alias(username=ANOTHER_KEY)  # Gmail holds a key that is gone


@contextmanager
def stale_alias(stage: Stage) -> Iterator[None]:
    """Gmail holds a key that was rotated away; only a mail shows it."""
    stage.asking(send=True)
    with rotated_away(stage):
        yield


def relay(write: Callable[[Stage], str | None]) -> Plant:
    """The relay's file has another content; None: it is gone."""

    @contextmanager
    def plant(stage: Stage) -> Iterator[None]:
        path = stage.world.place.sasl_passwd
        before, text = path.read_bytes(), write(stage)
        if text is None:
            path.unlink()
        else:
            path.write_text(text, "utf-8")
        try:
            yield
        finally:
            path.write_bytes(before)
            path.chmod(0o600)

    return plant


def line(key: str = "", password: str = "") -> Callable[[Stage], str]:
    """A line of sasl_passwd."""
    return lambda stage: (
        f"[127.0.0.1]:{stage.world.smtp.port} {key or stage.key.id}:{password or stage.world.password_of(stage.key)}\n"
    )


@contextmanager
def open_folder(stage: Stage) -> Iterator[None]:
    """Anybody may change the relay's folder."""
    folder = stage.world.place.sasl_passwd.parent
    folder.chmod(0o777)
    try:
        yield
    finally:
        folder.chmod(0o700)


def secret(key: str = "", password: str = "", text: str = "") -> Plant:
    """The secret of Secrets Manager holds something else."""

    @contextmanager
    def plant(stage: Stage) -> Iterator[None]:
        client = stage.client("secretsmanager")
        client.put_secret_value(SecretId=SECRET, SecretString=text or pair_of(stage, key, password))
        try:
            yield
        finally:
            client.put_secret_value(SecretId=SECRET, SecretString=pair_of(stage))

    return plant


def other_secret(stage: Stage) -> AbstractContextManager[None]:
    """The file names a secret that is not there."""
    return _named(stage, "app-secret", secret_id="prod/other")


@contextmanager
def parameter(stage: Stage) -> Iterator[None]:
    """The parameter holds an older key."""
    client = stage.client("ssm")
    client.put_parameter(Name=PARAMETER, Type="SecureString", Value=pair_of(stage, ANOTHER_KEY), Overwrite=True)
    try:
        yield
    finally:
        client.put_parameter(Name=PARAMETER, Type="SecureString", Value=pair_of(stage), Overwrite=True)


# --- recipient, journal ----------------------------------------------------------------------------------------------


def suppressed(reason: Any) -> Plant:
    """The recipient is on the account's list."""

    @contextmanager
    def plant(stage: Stage) -> Iterator[None]:
        stage.asking(recipient=SOMEBODY)
        stage.world.ses.suppress(SOMEBODY, reason, stage.world.clock.now() - timedelta(days=30))
        try:
            yield
        finally:
            stage.client("sesv2").delete_suppressed_destination(EmailAddress=SOMEBODY)

    return plant


def recipient(address: str, inner: Plant | None = None) -> Plant:
    """Somebody else is asked about, in a world with this fault."""

    @contextmanager
    def plant(stage: Stage) -> Iterator[None]:
        stage.asking(recipient=address)
        if inner is None:
            yield
        else:
            with inner(stage):
                yield

    return plant


@contextmanager
def no_seal_key(stage: Stage) -> Iterator[None]:
    """The key of the journal's secrets is gone."""
    path = stage.world.place.seal_key
    aside = path.with_suffix(".aside")
    path.rename(aside)
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            aside.rename(path)


def file(change: Callable[[Stage], None]) -> Plant:
    """The configuration says something else."""

    @contextmanager
    def plant(stage: Stage) -> Iterator[None]:
        change(stage)
        yield

    return plant


BUSY = " ".join(f"a:mx.{DOMAIN}" for _ in range(10))  # ten terms that ask DNS; all are there, none is SES's
NO_AUTH = tuple(one for one in EHLO if "AUTH" not in one)
OLDER = {"max_age": "10d", "rotate_at": "2d"}
EARLY = {"rotate_at": "10d"}

WORLDS: dict[str, Broken] = {
    "the domain's registration has expired": Broken(silence(DOMAIN, "NXDOMAIN"), "dns.domain", "no such name"),
    "the zone's nameservers fail": Broken(silence(DOMAIN, "SERVFAIL"), "dns.domain", "server failure"),
    "no nameserver answers": Broken(silence("*", "TIMEOUT"), "dns.domain", "no answer in time"),
    "the nameservers refuse us": Broken(silence("*", "REFUSED"), "dns.domain", "REFUSED"),
    "the MAIL FROM domain does not exist": Broken(silence(MAIL_FROM, "NXDOMAIN"), "dns.mail_from", "no such name"),
    "the MAIL FROM domain fails": Broken(silence(MAIL_FROM, "SERVFAIL"), "dns.mail_from", "server failure"),
    "the MAIL FROM domain is silent": Broken(silence(MAIL_FROM, "TIMEOUT"), "dns.mail_from", "no answer in time"),
    "the MAIL FROM domain has no MX": Broken(publishes(MAIL_FROM, "MX"), "dns.mail_from", "no such record"),
    "its MX is another region's": Broken(
        publishes(MAIL_FROM, "MX", "10 feedback-smtp.eu-west-1.amazonses.com."), "dns.mail_from", "eu-west-1"),
    "it has a second MX": Broken(
        publishes(MAIL_FROM, "MX", "10 feedback-smtp.us-east-1.amazonses.com.", f"20 mx.{DOMAIN}."),
        "dns.mail_from", "other MX too"),
    "SPF is missing": Broken(publishes(MAIL_FROM, "TXT"), "dns.spf", "no such record"),
    "another TXT stands in SPF's place": Broken(publishes(MAIL_FROM, "TXT", "hello"), "dns.spf", "begins with v=spf1"),
    "SPF stands there twice": Broken(publishes(MAIL_FROM, "TXT", SPF, "v=spf1 -all"), "dns.spf", "2 records"),
    "SPF does not include SES": Broken(publishes(MAIL_FROM, "TXT", "v=spf1 -all"), "dns.spf", "does not let SES send"),
    "SPF includes a name that is not there": Broken(
        publishes(MAIL_FROM, "TXT", "v=spf1 include:amazonses.example -all"), "dns.spf", "include:amazonses.example"),
    "SPF asks DNS too often": Broken(
        publishes(MAIL_FROM, "TXT", "v=spf1 exists:a.x.test exists:b.x.test exists:c.x.test -all"),
        "dns.spf", "more than 2 answers without records"),
    "SPF needs an eleventh look-up": Broken(
        publishes(MAIL_FROM, "TXT", f"v=spf1 {BUSY} include:amazonses.com -all"), "dns.spf", "more than 10 terms"),
    "SPF needs an eleventh look-up once SES is let through": Broken(
        publishes(MAIL_FROM, "TXT", f"v=spf1 include:amazonses.com {BUSY} -all"), "dns.spf", "more than 10", WARNING),
    "SPF has a slip of the pen": Broken(
        publishes(MAIL_FROM, "TXT", "v=spf1 inculde:amazonses.com -all"), "dns.spf", "unknown mechanism"),
    "SPF lets everybody send": Broken(publishes(MAIL_FROM, "TXT", "v=spf1 +all"), "dns.spf", "everybody", WARNING),
    "what SPF includes does not answer": Broken(silence("amazonses.com", "SERVFAIL"), "dns.spf", "temperror"),
    "a DKIM name is missing": Broken(dkim(), "dns.dkim", "no such name"),
    "a DKIM name points elsewhere": Broken(dkim(target="wrong.dkim.amazonses.com."), "dns.dkim", "points to wrong"),
    "a DKIM name is silent": Broken(dkim("TIMEOUT"), "dns.dkim", "no answer in time"),
    "a DKIM name has another type": Broken(dkim("EMPTY"), "dns.dkim", "no such record"),
    "there is no DMARC policy": Broken(publishes(DMARC, "TXT"), "dns.dmarc", "no DMARC policy", WARNING),
    "there are two DMARC policies": Broken(
        publishes(DMARC, "TXT", "v=DMARC1; p=none", "v=DMARC1; p=reject"), "dns.dmarc", "2 DMARC records"),
    "DMARC is no policy": Broken(publishes(DMARC, "TXT", "v=DMARC1; p=refuse"), "dns.dmarc", "no valid p="),
    "DMARC counts on a tag that is gone": Broken(
        publishes(DMARC, "TXT", "v=DMARC1; p=reject; pct=10"), "dns.dmarc", "pct=", WARNING),
    "DMARC wants strict alignment of SPF": Broken(
        publishes(DMARC, "TXT", "v=DMARC1; p=reject; aspf=s"), "dns.dmarc", "aspf=s", WARNING),
    "the MAIL FROM domain is an organization of its own": Broken(
        publishes(f"_dmarc.{MAIL_FROM}", "TXT", "v=DMARC1; p=none; psd=n"), "dns.dmarc", "not aligned", WARNING),
    "nothing joins the MAIL FROM domain and its sibling": Broken(estranged, "dns.dmarc", "not aligned", WARNING),
    "the MAIL FROM domain is another registration": Broken(foreign_mail_from, "dns.dmarc", "not aligned", WARNING),
    "DMARC reports go to a domain without a mail server": Broken(
        agreed("v=DMARC1; p=none; rua=mailto:x@reports.example"), "dns.dmarc", "takes no mail", WARNING),
    "DMARC reports go where nobody agreed": Broken(
        publishes(DMARC, "TXT", "v=DMARC1; p=none; rua=mailto:x@reports.example"), "dns.dmarc", "not sent", WARNING),
    "DMARC does not answer": Broken(silence(DMARC, "SERVFAIL"), "dns.dmarc", "server failure"),
    "AWS paused the account": Broken(account(enforcement="SHUTDOWN"), "ses.account", "paused"),
    "the account is under review": Broken(account(enforcement="PROBATION"), "ses.account", "under review", WARNING),
    "sending is switched off": Broken(account(sending_enabled=False), "ses.account", "switched off"),
    "the account is in SES's sandbox": Broken(account(production=False), "ses.production", "sandbox"),
    "the quota is used up": Broken(account(sent=50_000), "ses.quota", "50000 of 50000"),
    "the quota is nearly used up": Broken(account(sent=45_000), "ses.quota", "45000 of 50000", WARNING),
    "complaints are not suppressed": Broken(
        account(suppressed_reasons=["BOUNCE"]), "ses.suppression", "COMPLAINT", WARNING),
    "SES does not know the domain": Broken(unknown_identity, "ses.identity", "does not know"),
    "the domain is not verified": Broken(
        identity(verified=False, status="FAILED", error="HOST_NOT_FOUND"), "ses.identity", "HOST_NOT_FOUND"),
    "SES does not sign": Broken(identity(signing=False), "ses.dkim", "switched off"),
    "SES lost the DKIM keys": Broken(identity(dkim_status="FAILED"), "ses.dkim", "FAILED"),
    "SES gave the MAIL FROM domain up": Broken(
        identity(mail_from_status="FAILED", reject_without_mx=True), "ses.mail_from", "refuses the mail"),
    "SES has another MAIL FROM domain": Broken(
        identity(mail_from=f"other.{DOMAIN}"), "ses.mail_from", "the file says"),
    "the configuration set is gone": Broken(identity(configuration_set="gone"), "ses.configuration_set", "not there"),
    "the configuration set is closed": Broken(closed_set, "ses.configuration_set", "switched off"),
    "our AWS credentials are wrong": Broken(bad_credentials, "iam.user", "SignatureDoesNotMatch"),
    "it is another account": Broken(
        file(lambda stage: stage.user.update(account="210987654321")), "iam.user", "210987654321"),
    "the current key was switched off": Broken(key_off, "iam.keys", "nothing can log in"),
    "a stranger made a key": Broken(stranger, "iam.strangers", "not adopted"),
    "the key is past its limit": Broken(file(lambda stage: stage.user.update(OLDER)), "iam.age", "limit 10"),
    "the key is due": Broken(file(lambda stage: stage.user.update(EARLY)), "iam.age", "due", WARNING),
    "the user may not send": Broken(may_not_send, "iam.permission", "may not"),
    "the endpoint's name does not resolve": Broken(no_host, "smtp.name", "could not be resolved"),
    "nothing listens": Broken(closed_port, "smtp.tcp", "refused"),
    "TLS at once is spoken to STARTTLS": Broken(endpoint(security="tls"), "smtp.tls", "want STARTTLS"),
    "STARTTLS is spoken to TLS at once": Broken(tls_port, "smtp.tls", "speak TLS at once"),
    "the certificate is another host's": Broken(shows("wrong_host"), "smtp.tls", "does not hold"),
    "the certificate has expired": Broken(shows("expired"), "smtp.tls", "certificate has expired"),
    "the certificate expires in a week": Broken(shows("soon_expired"), "smtp.tls", "certificate by", WARNING),
    "the endpoint has an address that is dead": Broken(one_of_two, "smtp.tcp", "1 of 2 addresses", WARNING),
    "the certificate is nobody's": Broken(shows("unknown_ca"), "smtp.tls", "does not hold"),
    "the server is too busy": Broken(fault("smtp_421"), "smtp.ehlo", "421"),
    "SES refuses the stored password": Broken(fault("smtp_535"), "smtp.auth", "535"),
    "the alias sends through another server": Broken(alias(host="smtp.example.net"), "gmail.alias", "smtp.example.net"),
    "the alias is not verified": Broken(alias(status="pending"), "gmail.alias", "not verified"),
    "Gmail has no such alias": Broken(other_alias, "gmail.alias", "Requested entity was not found"),
    "the alias holds a key that is gone": Broken(stale_alias, "gmail.canary", "535"),
    "the relay's file is gone": Broken(relay(lambda _: None), "consumer.key", "no credential"),
    "the relay has an older key": Broken(relay(line(ANOTHER_KEY)), "consumer.key", "holds AKIA…7777"),
    "the relay has another password": Broken(
        relay(line(password="B" * 44)), "consumer.password", "is not the password"),
    "anybody may change the relay's folder": Broken(open_folder, "consumer.place", "postfix"),
    "the secret is not there": Broken(other_secret, "consumer.place", "not there"),
    "the secret holds an older key": Broken(secret(ANOTHER_KEY), "consumer.key", "holds AKIA…7777"),
    "the secret has another password": Broken(secret(password="B" * 44), "consumer.password", "is not the password"),
    "the secret holds no pair": Broken(secret(text='{"a": 1}'), "consumer.key", "no user name and password"),
    "the parameter holds an older key": Broken(parameter, "consumer.key", "holds AKIA…7777"),
    "the recipient complained": Broken(suppressed("COMPLAINT"), "recipient.suppression", "for a COMPLAINT"),
    "the recipient bounced": Broken(suppressed("BOUNCE"), "recipient.suppression", "for a BOUNCE"),
    "the recipient's domain does not exist": Broken(recipient("ann@nowhere.example"), "recipient.mx", "no such name"),
    "the recipient's mail servers have no address": Broken(
        recipient(SOMEBODY, publishes(ELSEWHERE, "MX", "10 gone.mail.example.")), "recipient.mx", "no such host has"),
    "the recipient's domain takes no mail": Broken(recipient(f"ann@{NO_MAIL}"), "recipient.mx", "RFC 7505"),
    "the recipient's domain fails": Broken(
        recipient(SOMEBODY, silence(ELSEWHERE, "SERVFAIL")), "recipient.mx", "server failure"),
    "the recipient's domain is silent": Broken(
        recipient(SOMEBODY, silence(ELSEWHERE, "TIMEOUT")), "recipient.mx", "no answer in time"),
    "the seal key is gone": Broken(no_seal_key, "journal.read", "seal"),
}  # fmt: skip
