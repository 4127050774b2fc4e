"""Notices by mail with the user's own SMTP credential, and through SES's API where that does not go.

What arrives so has proven the login as well, and needs no right of the program.  But the credential may be the very
thing that is broken: then the notice takes the other way, and says why.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.policy import SMTP
from typing import Protocol

from rotator.core.brief_lock import BriefLock
from rotator.core.errors import RotatorError
from rotator.core.evidence import took_the_new_key
from rotator.core.facts import Facts
from rotator.core.foreign_text import without_addresses
from rotator.core.notice import Notice, Notifier
from rotator.core.policy import REQUEST_DEADLINE_S, Policy
from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.core.smtp_credential import SmtpCredential
from rotator.effect import Login, attempt

LONGEST_LINE = 998  # RFC 5322 2.1.1: an id that is folded would reach a receiver as another word
WIRE = SMTP.clone(max_line_length=LONGEST_LINE, cte_type="7bit")


class Sender(Protocol):
    """What is needed of an SES endpoint."""

    name: str

    def send(
        self, credential: SmtpCredential, mail_from: str, rcpt: str, message: bytes, deadline: Deadline
    ) -> Acknowledged | Refused | Unknown:
        """One mail, on its own connection."""
        ...


@dataclass(frozen=True, slots=True)
class Own:
    """What one login for a notice needs: what was known when the credential was chosen, and AWS's time."""

    lock: BriefLock
    facts: Facts
    credential: SmtpCredential
    endpoint: Sender
    now: Callable[[], int]


class OwnMail:
    """Implements `core.notice.Notifier`.  Once the login did not go, this process takes the other way at once."""

    channel = "mail"

    def __init__(
        self,
        *,
        own: Callable[[], Own | Unknown],
        otherwise: Notifier,
        sender: str,
        recipient: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`own` is asked when the first notice is sent; Unknown says why nothing may be logged in with."""
        self._own, self._otherwise = own, otherwise
        self._sender, self._recipient, self._monotonic = sender, recipient, monotonic
        self._why = ""  # what keeps the login from it
        self._told = ""  # the same where it is remembered: without what is new every time

    def send(self, notice: Notice, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """The login has half of the time; the other way, which comes after it, a request's time of its own.

        A login whose answer was lost may have mailed: the notice then comes both ways, under the same id.
        """
        if not self._why:
            answer = self._by_login(notice, deadline)
            if isinstance(answer, Acknowledged):
                return answer
            self._why = without_addresses(answer.detail)
            self._told = self._why if isinstance(answer, Refused) else "no clear answer"
            deadline = Deadline.after(REQUEST_DEADLINE_S, self._monotonic)
        text = f"{notice.text}Sent with rotator's own rights and not with the user's password: {self._why}\n"
        answer = self._otherwise.send(replace(notice, text=text), deadline)
        if isinstance(answer, Acknowledged):
            return answer
        return replace(answer, detail=f"{answer.detail}; with the user's own password: {self._told}")

    def _by_login(self, notice: Notice, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        most = deadline.left / 2
        try:
            own = self._own()
            if isinstance(own, Unknown):
                return own
            login = Login(own.credential.key, own.endpoint.name)
            with attempt(own.lock, own.facts, login, own.now, self._monotonic) as one:
                patience = Deadline.after(min(one.deadline.left, most), self._monotonic)
                mail = letter(notice, self._sender, self._recipient)
                answer = own.endpoint.send(own.credential, self._sender, self._recipient, mail, patience)
                if isinstance(answer, Acknowledged):
                    with suppress(RotatorError):  # it is sent; the intent alone tells of the login then
                        one.accepted()
                return answer
        except RotatorError as error:
            return Unknown(str(error))


def own_key(facts: Facts, policy: Policy, endpoint: str) -> str:
    """The key to log in with: the current one; while a run is open its new one, once `endpoint` took it; or "".

    While a run is open nobody uses the old key: its last use is being watched.
    """
    run, key = facts.run, facts.current
    if run is not None:
        key = run.new if took_the_new_key(run, policy, endpoint) else ""
    return "" if facts.key(key).compromised else key


def letter(notice: Notice, sender: str, recipient: str) -> bytes:
    """The whole message, CRLF line ends.  Raises ValueError for an address with line ends."""
    mail = EmailMessage(policy=WIRE)
    mail["From"], mail["To"], mail["Subject"] = sender, recipient, notice.subject
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: so that nobody's holiday reply comes back
    mail["X-Rotator-Notice"] = notice.id
    mail.set_content(notice.text)
    return mail.as_bytes()
