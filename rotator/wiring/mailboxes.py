"""Configuration to a person's Gmail mailbox: the login that opens it, and the notices that lie in it.

Heavy libraries are imported inside functions, as in wiring.rotating.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rotator.core.errors import ConfigurationError
from rotator.core.policy import REQUEST_DEADLINE_S
from rotator.core.ports import Deadline
from rotator.wiring.parts import readable_mailbox

if TYPE_CHECKING:
    from rotator.config.model import Configuration

NOTICES = "from:mailer-daemon"  # Gmail's own, and those of SES
NOTICES_S = 60.0
NOTICES_READ = 10  # a forger can fill the top of the list; one whole message costs 20 units of Gmail's quota


def gmail_login(
    configuration: Configuration,
    mailbox: str,
    client_secrets: Path,
    out: Path,
    *,
    say: Callable[[str], None],
) -> Path:
    """Get a user token for a personal mailbox through the browser; `say` is given the address to open."""
    from rotator.services.gmail import GmailMailbox
    from rotator.services.google_auth import Access
    from rotator.services.google_login import installed_app_login

    def mailbox_of(credentials: Any) -> str:
        endpoint = configuration.google_api_endpoint
        opened = GmailMailbox(mailbox=mailbox, access=Access(lambda: credentials), api_endpoint=endpoint)
        return opened.profile(Deadline.after(REQUEST_DEADLINE_S))

    installed_app_login(
        client_secrets=client_secrets,
        mailbox=mailbox,
        out=out,
        show_url=say,
        mailbox_of=mailbox_of,
        trusted=configuration.trusted_hosts,
    )
    return out


def latest_notices(configuration: Configuration, mailbox: str) -> Iterator[bytes]:
    """The newest notices of undelivered mail in a mailbox, whole, newest first.

    Raises ConfigurationError if the file has no credentials for it, and GmailError.
    """
    opened = readable_mailbox(configuration, mailbox)
    if opened is None:
        raise ConfigurationError(
            f"no consumer in the file reads the mailbox {mailbox}",
            why="a mailbox is read with the credentials of an alias in it",
            fix="give an alias in that mailbox credentials, or save the notice and name its file",
            id="unreadable-mailbox",
        )
    deadline = Deadline.after(NOTICES_S)
    for one in opened.found(NOTICES, deadline)[:NOTICES_READ]:
        yield opened.message(one.id, deadline)
