"""Layer 4: SMTP.  One conversation with each endpoint, then one login with the credential that is stored."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP

from rotator.core.access_keys import mask
from rotator.core.hosts import SIMULATOR, smtp_host
from rotator.core.looks import Conversation, SmtpLook
from rotator.core.mail.ses_replies import Meaning
from rotator.core.policy import DAY_S
from rotator.core.ports import Acknowledged, Refused
from rotator.core.smtp_credential import SmtpCredential
from rotator.core.times import day
from rotator.doctor.checks import Kind, Subject, Verdict, broken, check, not_known, ok, skipped, warning
from rotator.doctor.ground import Ground, User
from rotator.effect import Login

PAGE = "smtp-endpoint.md"
EXPIRES_SOON_S = 14 * DAY_S
SEND_S = 20.0  # while it lasts, no rotation of the user begins
AUTH_FIX = "SES passwords are per region, and a new key needs 10 to 20 s; if it stays so: runbooks/smtp-535.md"


@check("smtp.name", "the endpoint's name resolves", Kind.ENDPOINT, PAGE)
def name(ground: Ground, subject: Subject) -> Verdict:
    """As programs on this machine resolve it."""
    look, talk = _look(ground, subject), _talk(ground, subject)
    if talk.failed == "name":
        fix = f"correct endpoints[].host; SES's own for the region is {smtp_host(look.region)}"
        return _with(talk, look, broken(talk.seen, fix))
    return ok(f"{look.host}: {len(talk.addresses)} addresses" if len(talk.addresses) > 1 else look.host)


@check("smtp.tcp", "the endpoint takes a connection", Kind.ENDPOINT, PAGE, needs=["smtp.name"])
def tcp(ground: Ground, subject: Subject) -> Verdict:
    """On every address; one that does not is a warning."""
    look, talk = _look(ground, subject), _talk(ground, subject)
    if talk.failed == "tcp":
        fix = f"open port {look.port} outbound, or use 587; from a VPC: its endpoint"
        return _with(talk, look, broken(talk.seen, fix))
    if talk.closed:
        seen = f"{len(talk.closed)} of {len(talk.addresses)} addresses take no connection: {'; '.join(talk.closed)}"
        return warning(seen, "often IPv6 without a route: repair it, or live with slow connections")
    return ok(f"port {look.port}")


@check("smtp.tls", "TLS, certificate and host name hold", Kind.ENDPOINT, PAGE, needs=["smtp.tcp"])
def tls(ground: Ground, subject: Subject) -> Verdict:
    """Version, certificate, host name, expiry; a mix-up of ports is said in words."""
    look, talk = _look(ground, subject), _talk(ground, subject)
    if talk.failed == "tls":
        return _with(talk, look, broken(talk.seen, "correct host, port and security of the endpoint"))
    if talk.certificate is None:
        return skipped("the server did not let it come to that")
    shown = talk.certificate
    summary = f"{shown.tls}, {look.security}, certificate by {shown.issuer} until {day(shown.not_after)}"
    if shown.not_after - ground.wall() < EXPIRES_SOON_S:
        return warning(summary, "whoever runs this host renews its certificate; SES's own renew themselves")
    return ok(summary)


@check("smtp.ehlo", "the server greets and offers AUTH PLAIN", Kind.ENDPOINT, PAGE, needs=["smtp.tls"])
def ehlo(ground: Ground, subject: Subject) -> Verdict:
    """The reply to EHLO after TLS."""
    look, talk = _look(ground, subject), _talk(ground, subject)
    if talk.failed == "ehlo":
        return _with(talk, look, broken(talk.seen, "421 and 451 pass by themselves: run again in some minutes"))
    offered = " ".join(talk.offers).upper()
    if "AUTH" not in offered or "PLAIN" not in offered:
        return _with(talk, look, broken("AUTH PLAIN is not offered", "is this SES? correct endpoints[].host"))
    return _with(talk, look, ok(f"offers {', '.join(talk.offers)}"))


@check(
    "smtp.auth",
    "SES accepts the stored credential",
    Kind.ENDPOINT,
    "smtp-535.md",
    needs=["smtp.ehlo", "iam.keys"],
)
def auth(ground: Ground, subject: Subject) -> Verdict:
    """One AUTH with the current key; while a run is open only with its new one."""
    user, look = ground.users[subject.user], _look(ground, subject)
    credential = stored(user, look.region)
    if isinstance(credential, Verdict):
        return credential
    return login(ground, user, subject.endpoint, credential)


@check(
    "smtp.send",
    "SES takes a mail of the user (only with --send)",
    Kind.ENDPOINT,
    "access.md#the-smtp-user-may-not-send",
    needs=["smtp.auth", "iam.permission", "ses.account", "ses.identity", "ses.mail_from"],
)
def send(ground: Ground, subject: Subject) -> Verdict:
    """A mail to SES's simulator: AUTH proves the credential, only the end of DATA the permission."""
    user, look = ground.users[subject.user], _look(ground, subject)
    if not ground.send:
        return not_known("AUTH does not prove the permission to send", "add --send: a mail to SES's simulator")
    if not user.sends_as:
        return skipped("the file names no address that this user sends from")
    credential = stored(user, look.region)
    if isinstance(credential, Verdict):
        note_held_up(ground, user)
        return credential
    mail = _mail(user.sends_as, ground.new_token())
    with ground.logging_in(user, Login(credential.key, subject.endpoint)) as attempt:
        answer = look.send(credential, user.sends_as, SIMULATOR, mail, ground.deadline(SEND_S))
        if attempt is not None and isinstance(answer, Acknowledged):
            attempt.accepted()
    if isinstance(answer, Acknowledged):
        return ok(f"a mail from {user.sends_as} to SES's simulator: {answer.detail}")
    if isinstance(answer, Refused):
        return broken(answer.detail, answer.fix or "see the reply", reply=answer.detail)
    return not_known(answer.detail, "run again")


def stored(user: User, region: str) -> SmtpCredential | Verdict:
    """The credential to log in with, or why there is none."""
    facts = user.facts
    if facts is None:
        return skipped("no stored credential: no journal here")
    if user.remembered.busy:
        return skipped(f"{user.remembered.busy}: nobody logs in beside a run at work")
    key = facts.run.new if facts.run is not None else facts.current
    if not key:
        return skipped("a run is open without a new key yet; the old one is left alone")
    found = user.remembered.credentials.get(region)
    return found or skipped(f"no stored credential of {mask(key)} for {region}")


def note_held_up(ground: Ground, user: User) -> None:
    """Whoever asked for test mails is told that a run at work kept one from being sent."""
    if user.remembered.busy:
        ground.held_up[user.name] = user.remembered.busy


def login(ground: Ground, user: User, endpoint: str, credential: SmtpCredential) -> Verdict:
    """One AUTH, remembered because it moves the key's last-used."""
    look = user.endpoints[endpoint]
    with ground.logging_in(user, Login(credential.key, endpoint)) as attempt:
        answer = look.login(credential, ground.deadline(ground.smtp_s))
        if attempt is not None and isinstance(answer, Acknowledged):
            attempt.accepted()
    shown = mask(credential.key)
    if isinstance(answer, Acknowledged):
        return ok(f"{shown} logged in: {answer.detail}", swaks=swaks(look, credential.key))
    if not isinstance(answer, Refused):
        return not_known(answer.detail, "it says nothing about the key: run again")
    if answer.id == Meaning.LOGIN and user.facts is not None and user.facts.run is not None:
        next_turn = f"rotator rotate --user {user.name}"
        return not_known(f"{shown}: {answer.detail}", f"a run is open and verifies its new key: {next_turn}")
    return broken(f"{shown}: {answer.detail}", _fix(answer), swaks=swaks(look, credential.key))


def _fix(answer: Refused) -> str:
    return AUTH_FIX if answer.id == Meaning.LOGIN else answer.fix or "see the reply"


def swaks(look: SmtpLook, key: str) -> str:
    """The same by hand: swaks asks for the password, so that it stands nowhere."""
    mode = "--tls-on-connect" if look.security == "tls" else "--tls"
    user = f" --auth PLAIN --auth-user {key} --quit-after AUTH" if key else " --quit-after EHLO"
    return f"swaks --server {look.host}:{look.port} {mode} --tls-verify{user}"


def _mail(sender: str, token: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = sender, SIMULATOR
    mail["Subject"] = f"rotator doctor {token}".strip()
    mail.set_content("A test of the permission to send; nothing to do.\n")
    return mail.as_bytes()


def _look(ground: Ground, subject: Subject) -> SmtpLook:
    return ground.users[subject.user].endpoints[subject.endpoint]


def _talk(ground: Ground, subject: Subject) -> Conversation:
    return ground.conversation(ground.users[subject.user], subject.endpoint)


def _with(talk: Conversation, look: SmtpLook, verdict: Verdict) -> Verdict:
    """The verdict with what was said, for -v, and the line that shows the same by hand."""
    lines = tuple(("transcript", line) for line in talk.transcript)
    return Verdict(verdict.status, verdict.summary, verdict.fix, (*lines, ("swaks", swaks(look, ""))))
