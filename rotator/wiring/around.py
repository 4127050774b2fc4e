"""Configuration to what surrounds the commands: who is told, who is pinged, where the metrics go.

Heavy libraries are imported inside functions, as in wiring.rotating.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rotator.wiring.parts import aws_session

if TYPE_CHECKING:
    from rotator.config.model import Configuration, UserConfiguration
    from rotator.core.notice import Notice, Notifier, Turn
    from rotator.notices.metrics import Sample
    from rotator.notices.ping import Ping
    from rotator.rotation.loop import Rotation

    Figures = dict[Sample, float]


def tell(configuration: Configuration, rotation: Rotation, turn: Turn | None) -> list[str]:
    """Send and record the notices that are due about the rotation's user; a warning a channel that failed.

    Raises JournalError and LockHeld if a notice that went out cannot be recorded: it goes out again next time.
    """
    from rotator.notices.telling import Teller

    notifiers = tuple(_notifiers(configuration, configuration.user(rotation.facts.user)))
    if not notifiers:
        return []
    journal: Any = rotation.parts.journal  # the embedded one, which has a head
    return Teller(notifiers, configuration.notify.remind).tell(rotation.situation, turn, journal)


def tell_all(configuration: Configuration, notice: Notice) -> tuple[bool, list[str]]:
    """Send a notice that belongs to no user: whether somebody took it (or nobody was to), and warnings."""
    from rotator.notices.telling import send_everywhere

    notifiers = tuple(_notifiers(configuration, configuration.users[0]))
    return send_everywhere(notice, notifiers) if notifiers else (True, [])


def _notifiers(configuration: Configuration, user: UserConfiguration) -> Iterator[Notifier]:
    notify = configuration.notify
    if not (notify.mail_to or notify.sns_topic or notify.apprise_file):
        return
    session, sender = aws_session(configuration), configuration.notices_from(user)
    if notify.mail_to is not None and sender is not None:
        from rotator.services.ses_mail import SesMail

        yield SesMail(session=session, region=user.region, sender=sender, recipient=notify.mail_to)
    if notify.sns_topic is not None:
        from rotator.services.sns import SnsTopic

        yield SnsTopic(session=session, topic=notify.sns_topic)
    if notify.apprise_file is not None:
        from rotator.services.apprise_urls import notifiers_of

        yield from notifiers_of(Path(notify.apprise_file))


def ping(url: str, run: str) -> Ping:
    """The two requests of one run."""
    from rotator.notices.ping import Ping

    return Ping(url, run)


def series(name: str, **labels: str) -> Sample:
    """One series of the metrics."""
    from rotator.notices.metrics import sample

    return sample(name, **labels)


def write_metrics(configuration: Configuration, figures: Figures) -> str:
    """Put the figures into the file for Prometheus; "" or why not."""
    from rotator.notices.metrics import update

    path, users = Path(configuration.metrics_file or ""), frozenset(one.name for one in configuration.users)
    try:
        update(path, figures, users)
    except OSError as error:
        return f"{path}: {error.strerror or type(error).__name__}"
    return ""
