"""Notices by way of Apprise, an optional library: one URL a line in a private file, since such URLs hold passwords.

https://github.com/caronc/apprise/wiki: the form of the URLs.  The library may log them, so its log is switched off.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rotator.core.notice import Notice, Notifier
from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.core.secret import Secret
from rotator.services.private_file import FileRefused, read

NOT_INSTALLED = "apprise is not installed: pip install 'rotator[apprise]'"


class AppriseUrl:
    """Implements `core.notice.Notifier` for one URL, called by its line's place among the URLs."""

    def __init__(self, url: Secret, number: int) -> None:
        """`number` is counted from one."""
        self.channel = f"apprise-{number}"
        self._url = url

    def send(self, notice: Notice, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """Hand it over; what the library says of a failure may quote the URL, so it is not repeated."""
        try:
            import apprise
        except ImportError:
            return Refused(NOT_INSTALLED)
        logging.getLogger("apprise").disabled = True
        service = apprise.Apprise()
        if not service.add(self._url.reveal()):
            return Refused("the URL is of a form that Apprise does not know")
        return _in_time(service, notice, deadline)


def _in_time(service: Any, notice: Notice, deadline: Deadline) -> Acknowledged | Refused | Unknown:
    """The answer, or Unknown at the deadline: the library's own time-outs do not bound a whole request."""
    answers: list[bool] = []

    def notify() -> None:
        # A plugin can fail with anything; without an answer the notice counts as not sent.
        try:
            answers.append(bool(service.notify(title=notice.subject, body=notice.text)))
        except Exception:  # noqa: BLE001
            answers.append(False)

    thread = threading.Thread(target=notify, name="apprise", daemon=True)
    thread.start()
    thread.join(deadline.left)
    if not answers:
        return Unknown("no answer in time")
    return Acknowledged() if answers[0] else Refused("the service behind the URL did not take it")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Implements `core.notice.Notifier` where the file of URLs cannot be used: says so instead of sending."""

    why: str
    channel: str = "apprise"

    def send(self, notice: Notice, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """Never sent."""
        return Refused(self.why)


def notifiers_of(path: Path) -> Iterator[Notifier]:
    """One notifier a URL in the file; empty lines and lines that begin with # are comments."""
    try:
        found = read(path, private=True)
    except FileRefused as refused:
        yield Unreadable(str(refused))
        return
    if found is None:
        yield Unreadable(f"{path}: there is no such file")
        return
    lines = (line.strip() for line in found.content.decode("utf-8", "replace").splitlines())
    for number, url in enumerate((line for line in lines if line and not line.startswith("#")), start=1):
        yield AppriseUrl(Secret(url), number)
