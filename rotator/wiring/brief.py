"""A user's journal as doctor and audit open it: with the lock for moments only."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rotator.core.errors import NoJournal
from rotator.wiring.parts import seal

if TYPE_CHECKING:
    from rotator.config.model import Configuration, UserConfiguration
    from rotator.core.brief_lock import BriefLock
    from rotator.journal.brief import Opens


def opener(configuration: Configuration, user: UserConfiguration) -> Opens:
    """What opens the user's journal.  Raises NoJournal, SealError, JournalError."""
    from rotator.journal.sqlite import open_journal

    refuse_without_journal(configuration, user)  # before the seal: a new machine has neither
    return partial(open_journal, configuration.state, seal(configuration), user.account, user.name)


def brief_lock(opens: Opens) -> BriefLock:
    """The journal's lock, for one short effect at a time."""
    from rotator.journal.brief import BriefJournal

    return BriefJournal(opens)


def refuse_without_journal(configuration: Configuration, user: UserConfiguration) -> None:
    """Raises NoJournal if the user was never adopted here."""
    from rotator.journal.sqlite import users

    if (user.account, user.name) not in users(configuration.state):
        raise NoJournal(
            f"no journal of {user.name} in account {user.account} at {configuration.state}",
            fix=f"first use: rotator adopt --user {user.name}   lost, moved or restored: "
            "runbooks/journal-or-seal-lost.md",
        )
