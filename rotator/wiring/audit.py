"""Configuration to a running audit: the places with the audit's own recipient, and the far end that is looked at."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rotator.audit.belonging import unnamed_users
from rotator.audit.users import UserAudit
from rotator.config import kinds
from rotator.core.errors import AccessError, ConfigurationError, LockHeld, NoJournal, RemoteFault
from rotator.core.findings import CheckStatus, Finding
from rotator.wiring import rotating
from rotator.wiring.brief import brief_lock, opener
from rotator.wiring.parts import aws_session, gmail_mailbox

if TYPE_CHECKING:
    from rotator.config.model import Configuration, UserConfiguration
    from rotator.core.mail.arrivals import Arrivals


@dataclass(frozen=True, slots=True)
class AuditWork:
    """Everything one audit works with.  `arrivals` None: no address is configured, nothing is sent."""

    users: tuple[UserAudit, ...]
    arrivals: Arrivals | None
    timeout_s: float
    configuration: Configuration
    not_adopted: tuple[str, ...] = ()

    def unadopted(self) -> Iterator[Finding]:
        """Users of the file that have no journal here, which nobody can audit."""
        for name in self.not_adopted:
            seen, fix = f"{name} was never adopted: nothing of it can be audited", f"rotator adopt --user {name}"
            page, evidence = "runbooks/restore.md#first-use", (("user", name),)
            yield Finding("users.adopted", CheckStatus.FAILED, seen, fix, page, evidence)

    def strangers(self) -> Iterator[Finding]:
        """Users below aws.user_path that the file does not name; nothing if no path is configured."""
        return _strangers(self.configuration)


@contextmanager
def auditing(configuration: Configuration, user: str | None, consumer: str = "") -> Iterator[AuditWork]:
    """The audit of one user, or of all that were adopted; none is locked for longer than one mail takes to go out.

    Raises NoJournal, SealError, JournalError, AccessError, RemoteFault, ConfigurationError.
    """
    chosen = configuration.chosen(user)
    if consumer:
        chosen = tuple(one for one in chosen if consumer in {place.name for place in one.consumers})
    if not chosen:
        raise ConfigurationError(f"no user has a consumer {consumer!r}", fix="rotator status lists them")
    redirected = _redirected(configuration)
    with ExitStack() as stack:
        users, not_adopted = _opened(stack, redirected, chosen)
        timeout_s = float(configuration.audit.timeout)
        yield AuditWork(users, _arrivals(redirected), timeout_s, redirected, not_adopted)


def _opened(
    stack: ExitStack, configuration: Configuration, chosen: tuple[UserConfiguration, ...]
) -> tuple[tuple[UserAudit, ...], tuple[str, ...]]:
    """The audits of the adopted users, and who is not adopted.  Raises NoJournal if nobody is."""
    users, not_adopted, error = list[UserAudit](), list[str](), NoJournal("nobody was adopted here")
    for one in chosen:
        try:
            users.append(_user_audit(stack, configuration, one))
        except NoJournal as missing:
            not_adopted, error = [*not_adopted, one.name], missing
    if not users:
        raise error
    return tuple(users), tuple(not_adopted)


def _strangers(configuration: Configuration) -> Iterator[Finding]:
    from rotator.services.iam_users import users_below

    path = configuration.aws.user_path
    if path is None:
        return
    try:
        found = users_below(aws_session(configuration), path, configuration.users[0].region)
    except (AccessError, RemoteFault) as error:
        seen, fix = f"the users below {path} could not be listed: {error}", "rotator config policy allows it"
        yield Finding("users.unnamed", CheckStatus.NOT_KNOWN, seen, fix, "runbooks/access.md")
        return
    yield from unnamed_users(path, found, [one.name for one in configuration.users])


def _user_audit(stack: ExitStack, configuration: Configuration, user: UserConfiguration) -> UserAudit:
    seen = {one.name: threading.Event() for one in user.consumers}
    opens = opener(configuration, user)
    lock = brief_lock(opens)
    with suppress(LockHeld), lock.held():  # a journal of an older version is brought up to date, for whoever reads it
        pass
    parts = stack.enter_context(rotating.parts_of(configuration, user.name, lock=False, seen=seen, opens=opens))
    return UserAudit(parts, lock, {one.name: _sender(one) for one in user.consumers}, seen)


def _sender(one: kinds.Consumer) -> str:
    """The address that mail from this place must come from; empty for one that we cannot send through."""
    if isinstance(one, kinds.GmailSendAs):
        return one.alias
    return (one.canary_from or "") if isinstance(one, kinds.READABLE) else ""


def _redirected(configuration: Configuration) -> Configuration:
    """The same file with every test mail going to the audit's address."""
    mail_to = configuration.audit.mail_to
    if mail_to is None:
        return configuration
    users = tuple(
        replace(user, consumers=tuple(_mailing_to(one, mail_to) for one in user.consumers))
        for user in configuration.users
    )
    return replace(configuration, users=users)


def _mailing_to(one: kinds.Consumer, mail_to: str) -> kinds.Consumer:
    sends = isinstance(one, (kinds.GmailSendAs, *kinds.READABLE))
    return one.model_copy(update={"canary_to": mail_to}) if sends else one


def _arrivals(configuration: Configuration) -> Arrivals | None:
    from rotator.config.rules import mailbox_credentials
    from rotator.services.arrivals_gmail import GmailArrivals

    arrival = configuration.audit.arrival
    if arrival is None:
        return None
    if arrival.sqs is not None:
        return _queue(configuration, arrival.sqs)
    mailbox = arrival.gmail or ""
    credentials = arrival.credentials or mailbox_credentials(configuration.users, mailbox)
    if credentials is None:
        raise ConfigurationError(f"audit.arrival: nothing opens the mailbox {mailbox}")
    return GmailArrivals(gmail_mailbox(configuration, mailbox, credentials))


def _queue(configuration: Configuration, url: str) -> Arrivals:
    from rotator.core.trust import queue_region
    from rotator.services.sqs import EventQueue

    region = queue_region(url) or configuration.users[0].region
    return EventQueue(session=aws_session(configuration), url=url, region=region)
