"""Configuration to the ways to people: who is told what is due.

Heavy libraries are imported inside functions, as in wiring.rotating.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rotator.core.brief_lock import BriefLock, Throughout
from rotator.core.errors import RotatorError
from rotator.core.history.fold import fold
from rotator.core.ports import Unknown
from rotator.core.steps import Look
from rotator.wiring.parts import aws_session, endpoints

if TYPE_CHECKING:
    from rotator.config.model import Configuration, UserConfiguration
    from rotator.core.notice import Notice, Notifier, Turn
    from rotator.notices.own_mail import Own
    from rotator.rotation.loop import Rotation


def tell(configuration: Configuration, rotation: Rotation, turn: Turn | None) -> list[str]:
    """Send and record the notices that are due about the rotation's user; a warning a channel that failed.

    Raises JournalError and LockHeld if a notice that went out cannot be recorded: it goes out again next time.
    """
    from rotator.notices.telling import Teller

    journal: Any = rotation.parts.journal  # the embedded one, which has a head
    user = configuration.user(rotation.facts.user)
    notifiers = tuple(_notifiers(configuration, user, lambda: _own(user, rotation, Throughout(journal))))
    if not notifiers:
        return []
    teller = Teller(notifiers, configuration.notify.remind)
    if not rotation.time.agreed and teller.has_news(rotation.situation, turn, journal):
        with suppress(RotatorError):  # one Date alone may be a broken proxy's: a second reply is asked for
            rotation.look(Look.KEYS)
    return teller.tell(rotation.situation, turn, journal, timed=rotation.time.agreed)


def tell_all(configuration: Configuration, notice: Notice) -> tuple[bool, list[str]]:
    """Send a notice that belongs to no user: whether somebody took it (or nobody was to), and warnings.

    By mail with the first user's credential, whose lock is held for the one login only.
    """
    from rotator.notices.telling import send_everywhere

    user = configuration.users[0]
    with ExitStack() as stack:
        notifiers = tuple(_notifiers(configuration, user, lambda: _beside(configuration, user, stack)))
        return send_everywhere(notice, notifiers) if notifiers else (True, [])


def _notifiers(
    configuration: Configuration, user: UserConfiguration, own: Callable[[], Own | Unknown]
) -> Iterator[Notifier]:
    notify = configuration.notify
    if not (notify.mail_to or notify.sns_topic or notify.apprise_file):
        return
    session, sender = aws_session(configuration), configuration.notices_from(user)
    if notify.mail_to is not None and sender is not None:
        from rotator.notices.own_mail import OwnMail
        from rotator.services.ses_mail import SesMail

        api = SesMail(session=session, region=user.region, sender=sender, recipient=notify.mail_to)
        yield OwnMail(own=own, otherwise=api, sender=sender, recipient=notify.mail_to)
    if notify.sns_topic is not None:
        from rotator.services.sns import SnsTopic

        yield SnsTopic(session=session, topic=notify.sns_topic)
    if notify.apprise_file is not None:
        from rotator.services.apprise_urls import notifiers_of

        yield from notifiers_of(Path(notify.apprise_file))


def _beside(configuration: Configuration, user: UserConfiguration, stack: ExitStack) -> Own | Unknown:
    """The same beside whoever is at work: looked at without the lock, which is taken for the login alone."""
    from rotator.wiring.brief import brief_lock, opener
    from rotator.wiring.rotating import reading

    rotation = stack.enter_context(reading(configuration, user.name))
    rotation.survey()
    return _own(user, rotation, brief_lock(opener(configuration, user)))


def _own(user: UserConfiguration, rotation: Rotation, lock: BriefLock) -> Own | Unknown:
    """The credential in force at an endpoint, first of all one in the user's own region; Unknown if there is none.

    Raises SealError, JournalError.
    """
    from rotator.core.access_keys import KeyId
    from rotator.notices.own_mail import Own, own_key

    if not rotation.time.agreed:  # a login that is recorded in the future would stop every rotation until then
        return Unknown("AWS's time is not known")
    facts = fold(rotation.parts.journal.events())
    there = sorted(endpoints(user).values(), key=lambda one: one.region != user.region)
    for endpoint in there:
        key = own_key(facts, rotation.parts.policy, endpoint.name)
        credential = rotation.parts.journal.vault.open(KeyId(key), endpoint.region) if key else None
        if credential is not None:
            return Own(lock, facts, credential, endpoint, rotation.time.now)
    return Unknown("no password that may be used now is sealed here")
