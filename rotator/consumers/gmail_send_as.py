"""Gmail's "Send mail as": written by API where Workspace allows it, else handed to a person; proven by a mail.

Three ways, by the credentials configured: a service account (PATCH and canary), a user token (a person pastes, we
send the canary), none (a person pastes and says so).  User name and password can never be read back.
"""

from __future__ import annotations

import email
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from typing import Literal

from rotator.consumers.canary_mail import canary_mail
from rotator.core.errors import Exit
from rotator.core.hosts import is_ses_host
from rotator.core.mail.bounce import CANARY_HEADER, Verdict, read_bounce
from rotator.core.mail.gmail_fixes import login_again
from rotator.core.policy import REQUEST_DEADLINE_S, ConsumerKind, Traits
from rotator.core.ports import (
    Arrived,
    Canary,
    CanaryAnswer,
    Deadline,
    Holding,
    LoginRefused,
    NotReadable,
    Problem,
    PushAnswer,
    Unknown,
    Waiting,
)
from rotator.core.smtp_credential import SmtpCredential
from rotator.services.gmail import SECURITY, GmailMailbox, SendAs, Sent
from rotator.services.gmail_errors import GmailError, GmailKind

SETTINGS_URL = "https://mail.google.com/mail/u/0/#settings/accounts"
ARRIVAL_S = 60.0  # a refusal shows within seconds to a minute (recorded); no verdict "no bounce" before
ROUNDING_S = 0.01
POLL_S = (1.0, 2.0, 3.0, 5.0)  # the last one repeats


@dataclass(frozen=True, slots=True)
class Server:
    """The SES endpoint that the alias must send through."""

    name: str
    host: str
    port: int
    security: Literal["starttls", "tls"]


class GmailSendAs:
    """Implements `rotator.core.ports.Consumer` for one alias of one mailbox."""

    def __init__(
        self,
        *,
        name: str,
        server: Server,
        mailbox: str,
        alias: str,
        gmail: GmailMailbox | None = None,
        writes: bool = False,
        canary_to: str | None = None,
        wait_s: float = ARRIVAL_S,
        sleep: Callable[[float], None] = time.sleep,
        seen_elsewhere: Callable[[], bool] = lambda: False,
        of_ses: Callable[[str], bool] = is_ses_host,
    ) -> None:
        """`gmail` None: no credentials, nothing can be asked or sent.  `writes`: they are a service account's.

        `canary_to` None is the mailbox itself, whose inbox is then read; `wait_s` is how long a canary may take, and
        `seen_elsewhere` whether somebody saw it arrive where we cannot read, so that no bounce need be waited for.
        `of_ses`: whether a host is SES's; what another one thinks of a login says nothing of our keys.
        """
        self.traits = Traits(name, ConsumerKind.GMAIL_SEND_AS, server.name, by_hand=not writes, sends=gmail is not None)
        self._server, self._mailbox, self._alias = server, mailbox, alias
        self._gmail, self._writes = gmail, writes
        self._to = canary_to or mailbox
        self._wait_s, self._sleep, self._seen_elsewhere = wait_s, sleep, seen_elsewhere
        self._of_ses = of_ses

    def preflight(self, deadline: Deadline) -> Sequence[Problem]:
        """The credentials open this mailbox, and the alias exists, is verified and sends through our endpoint."""
        if self._gmail is None:
            return ()
        try:
            return self._problems(self._gmail, deadline)
        except GmailError as error:
            return (Problem(error.id, f"{self._alias}: {error}", error.fix, exit_code=error.exit_code),)

    def push(self, credential: SmtpCredential, deadline: Deadline) -> PushAnswer:
        """PATCH the alias once, or wait for a person."""
        if self._gmail is None or not self._writes:
            return Waiting(f"a person puts {credential.key} into Gmail")
        server = self._server
        return self._gmail.patch_smtp(self._alias, server.host, server.port, server.security, credential, deadline)

    def holds(self, deadline: Deadline) -> Holding:
        """Gmail never shows the user name."""
        return NotReadable()

    def send(self, canary: Canary, deadline: Deadline) -> CanaryAnswer:
        """Send one mail as the alias and watch the inbox until it, or its bounce, is there.

        Also through another server than ours: an arrival proves nothing then, a refusal that the alias cannot send.
        """
        if self._gmail is None:
            return Unknown("no Gmail credentials are configured, so nothing can be sent")
        out = _sooner(deadline, REQUEST_DEADLINE_S)  # who sends beside the rotations holds the user's lock until then
        try:
            alias = self._gmail.alias(self._alias, out)
            if not alias.accepted or not alias.host:
                return Unknown(f"{self._alias} is not verified or has no server now, so a mail would prove nothing")
            return self._through(alias.host, self._watched(self._gmail, canary, deadline, out))
        except GmailError as error:
            return Unknown(str(error))

    def newest_refusal(self, since: int, deadline: Deadline) -> str | None:
        """The reply in the newest genuine bounce, after `since`, of a mail as this alias whose login SES refused.

        A canary as this alias that arrived later outdoes it.
        """
        if self._gmail is None:
            return None
        try:
            for message in self._gmail.inbox(deadline):  # newest first
                raw = self._gmail.message(message.id, deadline)
                if not self._changed_sender(raw) and CANARY_HEADER in email.message_from_bytes(raw):
                    return None
                bounce = read_bounce(raw)
                if bounce.verdict is Verdict.LOGIN and bounce.authentic and self._is_of_us(raw, since):
                    return bounce.reply
        except GmailError:
            return None
        return None

    def _is_of_us(self, raw: bytes, since: int) -> bool:
        notice = email.message_from_bytes(raw)
        try:
            at = parsedate_to_datetime(str(notice.get("Date", ""))).timestamp()
        except (TypeError, ValueError):
            return False
        senders = [parseaddr(str(part.get("From", "")))[1].lower() for part in notice.walk() if part is not notice]
        return at > since and self._alias.lower() in senders

    def instructions(self) -> Sequence[str]:
        """The clicks in Gmail's settings; empty if the program writes by itself."""
        if self._writes:
            return ()
        server, mode = self._server, "TLS" if self._server.security == "starttls" else "SSL"
        return (
            f"sign in to Gmail as {self._mailbox} and open {SETTINGS_URL}",
            f'under "Send mail as", beside {self._alias}, choose "edit info", then "Next Step"',
            f"SMTP Server: {server.host}   Port: {server.port}   secured connection using {mode}",
            "Username: the access key id from the handover   Password: the SMTP password from the handover",
            'choose "Save Changes"; Gmail logs in at once and says if the password is wrong',
        )

    def _problems(self, gmail: GmailMailbox, deadline: Deadline) -> tuple[Problem, ...]:
        found = gmail.profile(deadline)
        if found.lower() != self._mailbox.lower():
            fix = "let the credentials act as the configured mailbox: correct consumers[].mailbox"
            seen = f"the credentials open {found}, not {self._mailbox}"
            return (Problem("gmail-wrong-mailbox", seen, fix, exit_code=Exit.ACCESS),)
        again = login_again(self._mailbox)
        problems = [
            Problem("gmail-scope", f"the token does not allow {scope}", again, exit_code=Exit.ACCESS)
            for scope in gmail.missing_scopes()
        ]
        return (*problems, *self._alias_problems(gmail.alias(self._alias, deadline)))

    def _alias_problems(self, alias: SendAs) -> list[Problem]:
        if alias.primary:
            fix = "name an alias: Gmail ignores an SMTP server for the primary address"
            return [Problem("gmail-primary", f"{self._alias} is the mailbox's own address", fix)]
        problems = []
        if not alias.accepted:
            fix = "open the verification mail and confirm the address: until then Gmail sends from the default one"
            problems.append(Problem("gmail-alias-pending", f"{self._alias} is not verified in Gmail", fix))
        if difference := self._difference(alias):
            fix = f"set it in {SETTINGS_URL}, or correct the endpoint in the configuration"
            problems.append(Problem("gmail-smtp-server", f"{self._alias}: {difference}", fix, warning=not self._writes))
        return problems

    def _difference(self, alias: SendAs) -> str:
        """How the alias's SMTP server differs from our endpoint: a password for another region is a certain 535."""
        server = self._server
        if not alias.host:
            return "has no SMTP server, Gmail sends its mail by itself"
        if alias.host.lower() != server.host.lower() or alias.port != server.port:
            return f"sends through {alias.host}:{alias.port}, not {server.host}:{server.port}"
        if alias.security != SECURITY[server.security]:
            return f"uses security {alias.security}, not {SECURITY[server.security]}"
        return ""

    def _through(self, host: str, answer: CanaryAnswer) -> CanaryAnswer:
        """What the answer is worth, if that is the host that Gmail sends through."""
        if host.lower() == self._server.host.lower():
            return answer
        detail = f"{answer.detail}; Gmail sends through {host}, not {self._server.host}"
        if not isinstance(answer, Arrived) and self._of_ses(host):
            return replace(answer, detail=detail)
        return Unknown(f"{detail}, so it proves nothing: set the server in Gmail, or put it back in the file")

    def _watched(self, gmail: GmailMailbox, canary: Canary, deadline: Deadline, out: Deadline) -> CanaryAnswer:
        seen = {message.id for message in gmail.inbox(out)}
        sent = gmail.send(canary_mail(canary, self._alias, self._to), out)
        canary.out()
        began, window = deadline.monotonic(), _sooner(deadline, self._wait_s)
        if changed := self._changed_sender(gmail.message(sent.id, deadline)):
            return Unknown(changed)
        unread: GmailError | None = None
        for pause in _polls():
            unread = None
            try:
                verdict = self._news(gmail, seen, sent, canary, deadline)
            except GmailError as error:  # the mail is out: a look that fails is made again
                if error.kind not in (GmailKind.THROTTLED, GmailKind.UNCLEAR):
                    raise
                verdict, unread = None, error
            if verdict is not None:
                return verdict
            if window.over:
                break
            self._sleep(min(pause, window.left) if unread is None else min(max(pause, unread.after_s), deadline.left))
        if unread is not None:
            raise unread
        return self._silence(deadline.monotonic() - began)

    def _news(
        self, gmail: GmailMailbox, seen: set[str], sent: Sent, canary: Canary, deadline: Deadline
    ) -> CanaryAnswer | None:
        """What the messages that were not `seen` say about our canary; None if nothing does."""
        for message in gmail.inbox(deadline):
            if message.id not in seen:
                verdict = self._verdict(gmail.message(message.id, deadline), message, sent, canary)
                seen.add(message.id)
                if verdict is not None:
                    return verdict
        return Arrived(f"seen at {self._to}") if self._seen_elsewhere() else None

    def _verdict(self, raw: bytes, message: Sent, sent: Sent, canary: Canary) -> CanaryAnswer | None:
        """What one new message says about our canary; None if it is about something else."""
        bounce = read_bounce(raw)
        if bounce.verdict is not Verdict.NONE:
            ours = bounce.canary == canary.token or message.thread == sent.thread
            if not ours or not bounce.authentic:
                return None
            if bounce.verdict is Verdict.LOGIN:
                return LoginRefused(f"SES refused Gmail's login: {bounce.reply}")
            return Unknown(f"it bounced, and not for the login ({bounce.verdict}): {bounce.reply}")
        mail = email.message_from_bytes(raw)
        if str(mail.get(CANARY_HEADER, "")).strip() != canary.token:
            return None
        if changed := self._changed_sender(raw):
            return Unknown(changed)
        return Arrived(f"arrived at {self._to} from {self._alias}, {_route(mail)}")

    def _changed_sender(self, raw: bytes) -> str:
        """Gmail silently takes the default address for an alias it does not accept."""
        sender = parseaddr(str(email.message_from_bytes(raw).get("From", "")))[1]
        if sender.lower() == self._alias.lower():
            return ""
        return f"Gmail sent it from {sender or 'nobody'} instead of {self._alias}: the alias was not used"

    def _silence(self, waited: float) -> CanaryAnswer:
        waited_s = round(waited)
        if self._to.lower() == self._mailbox.lower():
            return Unknown(f"neither the mail nor a bounce is in the inbox after {waited_s} s; look into Spam too")
        if waited < self._wait_s - ROUNDING_S:
            return Unknown(f"no bounce after {waited_s} s, which is too early to tell")
        return Arrived(f"no bounce within {waited_s} s (mail to {self._to}, which we cannot read)")


def _route(mail: Message) -> str:
    """How it came, for a person to read: SES's host in a Received line shows the relay."""
    hops = " ".join(str(value) for value in mail.get_all("Received", []))
    return "through amazonses.com" if "amazonses.com" in hops else "its path does not name SES"


def _sooner(deadline: Deadline, seconds: float) -> Deadline:
    return Deadline(min(deadline.at, deadline.monotonic() + seconds), deadline.monotonic)


def _polls() -> Sequence[float]:
    return (*POLL_S, *[POLL_S[-1]] * 200)
