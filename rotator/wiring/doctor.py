"""Configuration to the ground that the doctor stands on; and what it leaves in the journal.

The user's lock is held for moments only, for each login and the result; beside a run at work the doctor reads only and
logs in nowhere.  Heavy libraries are imported inside functions, as in wiring.rotating.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rotator.core.access_keys import KeyId
from rotator.core.errors import JournalError, LockHeld, NoJournal, SealError
from rotator.core.facts import Facts
from rotator.core.findings import CheckStatus, Finding
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.ports import Vault
from rotator.core.smtp_credential import SmtpCredential
from rotator.doctor.ground import SMTP_S, Domain, Ground, Remembered, User
from rotator.wiring.brief import brief_lock, opener
from rotator.wiring.parts import access_keys, aws_session, consumers, endpoints

if TYPE_CHECKING:
    from rotator.config.model import Configuration, UserConfiguration
    from rotator.services.aws import AwsSession


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for."""

    user: str | None = None
    recipient: str = ""
    send: bool = False


@dataclass(frozen=True, slots=True)
class Outside:
    """What tests put in the place of this machine: waiting, the resolver of host names, clients made before."""

    sleep: Callable[[float], None] = time.sleep
    resolve: Callable[..., Sequence[Any]] = socket.getaddrinfo
    smtp_s: float = SMTP_S
    session: AwsSession | None = None
    dns_s: float | None = None  # seconds for one question; None: the resolver's own


@dataclass(slots=True)
class Doctor:
    """The ground, and what the last run found."""

    ground: Ground
    known: dict[str, tuple[ev.Event, ...]] = field(default_factory=dict)  # user -> all events

    def record(self, findings: Sequence[Finding]) -> list[str]:
        """The result into every journal beside which no run was at work; whose could not be kept, and why.

        Of the result ids, targets and statuses are kept; a recipient's address is not.  "Not known" is no news.
        Raises JournalError, SealError.
        """
        kept = {key_of(one): one.status.value for one in findings if one.layer != "recipient"}
        unkept = []
        for name, user in self.ground.users.items():
            if user.remembered.lock is None or user.remembered.busy:
                continue
            last = self._last(name)
            news = {key: status for key, status in kept.items() if status != CheckStatus.NOT_KNOWN or key not in last}
            known = last | news  # a run of some checks keeps what the others said
            try:
                with user.remembered.lock.held() as held:
                    held.append(ev.DoctorRan(self.ground.now(user), tuple(known), tuple(known.values())))
            except LockHeld as error:
                unkept.append(f"{name}: what was found could not be written down: {error}")
        return unkept

    def last(self) -> dict[str, str]:
        """What the last runs found: check and target -> status."""
        return {key: status for name in self.known for key, status in self._last(name).items()}

    def _last(self, name: str) -> dict[str, str]:
        ran = (one for one in reversed(self.known[name]) if isinstance(one, ev.DoctorRan))
        last = next(ran, None)
        return dict(zip(last.checks, last.statuses, strict=True)) if last is not None else {}


def is_news(finding: Finding, last: Mapping[str, str]) -> bool:
    """Whether a finding says something else than the last run; not knowing is no news."""
    before = last.get(key_of(finding), "")
    return finding.status.value != before and not (before and finding.status is CheckStatus.NOT_KNOWN)


def key_of(finding: Finding) -> str:
    """How one check about one target is named in the journal."""
    return f"{finding.id} {finding.target}".strip()


@contextmanager
def doctor(configuration: Configuration, asked: Asked, outside: Outside | None = None) -> Iterator[Doctor]:
    """The doctor of the whole file, or of one user.  Raises ConfigurationError for an unknown user."""
    from rotator.services.dns import Nameservers
    from rotator.services.ses import SesApi

    outside = outside or Outside()
    session = outside.session or aws_session(configuration)
    chosen = configuration.chosen(asked.user)
    found = Doctor(
        Ground(
            dns=Nameservers(configuration.dns.nameservers, configuration.dns.port, outside.dns_s),
            ses=SesApi(session=session, sleep=outside.sleep),
            users={},
            domains={one.name: Domain(one.name, one.region, one.mail_from or "") for one in configuration.domains},
            recipient=asked.recipient,
            send=asked.send,
            new_token=lambda: secrets.token_hex(8),
            smtp_s=outside.smtp_s,
        )
    )
    found.ground.users = {one.name: _user(found, configuration, one, session, outside) for one in chosen}
    yield found


def _user(
    found: Doctor, configuration: Configuration, user: UserConfiguration, session: AwsSession, outside: Outside
) -> User:
    from rotator.config.model import sends_as
    from rotator.services.smtp_look import SmtpLooker

    live = endpoints(user)
    return User(
        name=user.name,
        policy=configuration.policy_for(user),
        access_keys=access_keys(session, user),
        endpoints={name: SmtpLooker(one, outside.resolve) for name, one in live.items()},
        consumers=consumers(configuration, user, live, session),
        remembered=_remembered(found, configuration, user),
        sends_as=sends_as(user) or "",
    )


def _remembered(found: Doctor, configuration: Configuration, user: UserConfiguration) -> Remembered:
    """What the user's journal says, read with the lock where it can be had, else without; or why there is nothing."""
    busy = ""
    try:
        opens = opener(configuration, user)
        try:
            journal = opens(lock=True, brief=True)  # brings one of an older version up to date
        except LockHeld as held:
            busy = str(held)
            journal = opens(lock=False)
        with journal:
            found.known[user.name] = tuple(journal.events())
            facts = fold(found.known[user.name])
            credentials = _credentials(journal.vault, facts, user)
    except (JournalError, SealError, NoJournal) as error:
        found.known.pop(user.name, None)
        return Remembered(problem=error)
    return Remembered(facts, credentials, busy=busy, lock=brief_lock(opens))


def _credentials(vault: Vault, facts: Facts, user: UserConfiguration) -> dict[str, SmtpCredential]:
    """The passwords of the key in force, one a region; read here, because the journal belongs to this thread."""
    key = KeyId(facts.run.new if facts.run is not None else facts.current)
    opened = {one.region: vault.open(key, one.region) for one in user.endpoints} if key else {}
    return {region: credential for region, credential in opened.items() if credential is not None}
