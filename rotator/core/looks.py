"""What the doctor's look-ups ask and answer: DNS, SES's API and one SMTP conversation, as values and contracts.

A look-up changes nothing.  A missing name, an empty answer, SERVFAIL and a time-out are four different answers,
because four different people repair them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.core.smtp_credential import SmtpCredential


class Lookup(StrEnum):
    """How a DNS question ended."""

    FOUND = "found"
    NO_NAME = "no such name"  # NXDOMAIN: nothing of that name, of any type
    EMPTY = "no such record"  # the name is there, without a record of this type
    SERVFAIL = "server failure"  # the servers of the zone do not answer rightly, or DNSSEC fails
    TIMEOUT = "no answer in time"  # our own nameservers, or the way to them
    UNUSABLE = "unusable answer"  # REFUSED, a broken packet, a name that cannot be asked for


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """The records of one name and type; TXT strings are joined, names are lower case without the last dot."""

    status: Lookup
    values: tuple[str, ...] = ()
    detail: str = ""

    @property
    def absent(self) -> bool:
        """Whether the zone says that there is no such record; an unanswered question is not that."""
        return self.status in (Lookup.NO_NAME, Lookup.EMPTY)


class Dns(Protocol):
    """The configured nameservers.  Never raises; safe to use from several threads."""

    def ask(self, name: str, kind: str) -> DnsAnswer:
        """One question: `kind` is A, AAAA, CNAME, MX, NS or TXT; an MX reads `10 host`."""
        ...


@dataclass(frozen=True, slots=True)
class SesAccount:
    """GetAccount in one region."""

    enforcement: str  # HEALTHY, PROBATION, SHUTDOWN
    production: bool  # False: SES's own sandbox
    sending: bool
    quota: float  # mails in 24 h; -1 = without limit
    sent: float
    rate: float  # mails a second
    suppressed_reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SesIdentity:
    """GetEmailIdentity, as far as it decides whether mail is sent and trusted."""

    name: str
    verified: bool
    status: str  # PENDING, SUCCESS, FAILED, TEMPORARY_FAILURE, NOT_STARTED
    error: str  # why not: HOST_NOT_FOUND, ...; "" if SES gives no reason
    signing: bool
    dkim_status: str
    tokens: tuple[str, ...]
    hosted_zone: str  # where the DKIM CNAMEs point; never assumed
    dkim_origin: str  # AWS_SES, EXTERNAL, ...
    mail_from: str  # "" = none
    mail_from_status: str
    on_mx_failure: str  # USE_DEFAULT_VALUE, REJECT_MESSAGE
    configuration_set: str  # "" = none


@dataclass(frozen=True, slots=True)
class SesConfigurationSet:
    """GetConfigurationSet: it can stop mail, and suppress for other reasons than the account does."""

    name: str
    sending: bool
    suppressed_reasons: tuple[str, ...] | None  # None: the account's


@dataclass(frozen=True, slots=True)
class SuppressedAddress:
    """One entry of the account-level suppression list."""

    reason: str  # COMPLAINT, BOUNCE
    since: int  # UTC epoch seconds


class Ses(Protocol):
    """SES's API for reading, one client a region, at the service's rate.  All raise AccessError, RemoteFault."""

    def account(self, region: str) -> SesAccount:
        """What the account may do in this region."""
        ...

    def identity(self, region: str, name: str) -> SesIdentity | None:
        """A domain or an address; None if SES does not know it in this region."""
        ...

    def configuration_set(self, region: str, name: str) -> SesConfigurationSet | None:
        """A configuration set; None if there is none of that name in this region."""
        ...

    def suppressed(self, region: str, address: str) -> SuppressedAddress | None:
        """The entry of an address, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate that the server showed, after it was verified."""

    tls: str  # "TLSv1.3"
    issuer: str
    not_after: int  # UTC epoch seconds


@dataclass(frozen=True, slots=True)
class Conversation:
    """How far one SMTP conversation came.  `failed` names the first part that did not work; "" = none.

    Parts in order: name, tcp, tls (with what is said before it), ehlo.  `seen` is what was met there, with the
    usual mix-ups of ports translated; `transcript` holds no credential.
    """

    failed: str
    seen: str
    addresses: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()  # addresses that took no connection
    certificate: Certificate | None = None
    offers: tuple[str, ...] = ()  # lines of the EHLO reply
    transcript: tuple[str, ...] = ()


class SmtpLook(Protocol):
    """One SES SMTP endpoint, looked at part by part."""

    name: str
    region: str
    host: str
    port: int
    security: str

    def converse(self, deadline: Deadline) -> Conversation:
        """Name, TCP, TLS and EHLO on the first address that takes a connection; no AUTH."""
        ...

    def login(self, credential: SmtpCredential, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """One AUTH.  `Refused.id` is the `Meaning` of SES's reply."""
        ...

    def send(
        self, credential: SmtpCredential, mail_from: str, rcpt: str, message: bytes, deadline: Deadline
    ) -> Acknowledged | Refused | Unknown:
        """Send one mail.  `Refused.id` is the `Meaning` of SES's reply."""
        ...


@dataclass(frozen=True, slots=True)
class NothingThere(Unknown):
    """The place was read, and no credential of this endpoint stands in it."""


@runtime_checkable
class HoldsCredential(Protocol):
    """A consumer that can be read back whole."""

    def credential(self, deadline: Deadline) -> SmtpCredential | Unknown:
        """What its readers get now; Unknown says why it cannot be read."""
        ...


@runtime_checkable
class ReadsBounces(Protocol):
    """A consumer whose mailbox we can read."""

    def newest_refusal(self, since: int, deadline: Deadline) -> str | None:
        """The reply in the newest genuine bounce after `since` (epoch seconds) that says that SES refused its login."""
        ...


SmtpLooks = Mapping[str, SmtpLook]
