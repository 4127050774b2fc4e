"""Configuration to live parts: the one place where adapters are built and handed to the loop.

Heavy libraries are imported here inside functions, so that a command that needs none of them pays for none.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from rotator.core.errors import SealError
from rotator.core.history import events as ev
from rotator.core.parts import Parts, Progress
from rotator.core.ports import Journal
from rotator.core.secret import Secret
from rotator.rotation.adopting import Adoption, add_password, first_contact
from rotator.rotation.loop import Rotation
from rotator.wiring.brief import opener, refuse_without_journal
from rotator.wiring.parts import access_keys, aws_session, consumers, endpoints, seal

if TYPE_CHECKING:
    from rotator.config.model import Configuration, UserConfiguration
    from rotator.journal.brief import Opens


@dataclass(frozen=True, slots=True)
class Between:
    """What happens inside a step that waits.

    `logins`, `looks`: called between two logins, and between two looks for a test mail; both may raise, to end the
    process there.  `waits`: told why a series of logins has to be waited for.
    """

    logins: Callable[[], None] = lambda: None
    looks: Callable[[], None] = lambda: None
    waits: Callable[[str], None] = lambda _: None


@contextmanager
def rotation(
    configuration: Configuration,
    user: str | None,
    *,
    observer: Callable[[Progress], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    between: Between = Between(),
) -> Iterator[Rotation]:
    """The locked, writable rotation of one user.  Raises NoJournal, LockHeld, SealError, JournalError."""
    with parts_of(configuration, user, lock=True, between=between) as parts:
        yield Rotation(replace(parts, observer=observer or (lambda _: None), sleep=sleep))


@contextmanager
def reading(configuration: Configuration, user: str | None) -> Iterator[Rotation]:
    """The same beside a run that may be at work: nothing can be appended, so nothing can be changed."""
    with parts_of(configuration, user, lock=False) as parts:
        yield Rotation(parts)


def looking_on(configuration: Configuration, name: str, missing: SealError) -> Rotation:
    """The same without the seal key, which is `missing`: the journal's events are shown, and are not proven.

    Raises NoJournal, JournalError.
    """
    from rotator.journal.unproven import UnprovenJournal

    user = configuration.user(name)
    refuse_without_journal(configuration, user)
    journal = UnprovenJournal(Path(configuration.state), missing, user.account, user.name)
    return Rotation(_parts(configuration, user, journal, None, Between()))


def refuse_if_at_work(configuration: Configuration, name: str | None) -> None:
    """What a real run would be refused for: another one at work.  Raises LockHeld naming it."""
    from rotator.journal.lock import refuse_if_held

    user = configuration.user(name)
    refuse_if_held(Path(configuration.state).parent, user.account, user.name)


@contextmanager
def parts_of(
    configuration: Configuration,
    name: str | None,
    *,
    lock: bool,
    seen: Mapping[str, Event] | None = None,
    between: Between = Between(),
    opens: Opens | None = None,
) -> Iterator[Parts]:
    """The live parts of one user.  `seen`: as in wiring.parts; `opens` if its journal was looked up before.

    Raises as `rotation` does.
    """
    user = configuration.user(name)
    with (opens or opener(configuration, user))(lock=lock) as journal:
        yield _parts(configuration, user, journal, seen, between)


def _parts(
    configuration: Configuration,
    user: UserConfiguration,
    journal: Journal,
    seen: Mapping[str, Event] | None,
    between: Between,
) -> Parts:
    live, session = endpoints(user, between.logins, between.waits), aws_session(configuration)
    return Parts(
        policy=configuration.policy_for(user),
        journal=journal,
        access_keys=access_keys(session, user),
        endpoints=live,
        consumers=consumers(configuration, user, live, session, seen, between.looks),
        new_token=lambda: secrets.token_hex(8),
        verify_deadline_s=float(user.verify_deadline_s),
    )


def adopt(
    configuration: Configuration,
    name: str | None,
    *,
    key: str,
    read_secret: Callable[[str], Secret | None],
) -> Adoption:
    """First contact.  `read_secret(key id)` gives the key's secret or SMTP password, or None to go without.

    For a user that was adopted before it only adds the password.  Raises AccessError, ConfigurationError, StopError,
    RemoteFault, JournalError, SealError, LockHeld.
    """
    from rotator.journal.sqlite import create, users

    user = configuration.user(name)
    if (user.account, user.name) in users(configuration.state):
        with rotation(configuration, name) as work:
            return add_password(work, key, read_secret)
    new = partial(create, configuration.state, seal(configuration), user.account, user.name)
    keys = access_keys(aws_session(configuration), user)
    return first_contact(keys, configuration.policy_for(user), endpoints(user), key, read_secret, new)


@dataclass(frozen=True, slots=True)
class History:
    """All events of one user, verified as a chain; `head` is what a copy elsewhere is compared with."""

    events: Sequence[ev.Event]
    head: str


def history(configuration: Configuration, name: str | None) -> History:
    """Read and verify the whole journal of one user.  Raises JournalError naming the first bad event."""
    with opener(configuration, configuration.user(name))(lock=False) as journal:
        return History(journal.events(), journal.verify().mac)
