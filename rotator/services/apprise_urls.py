"""Notices by way of Apprise, an optional library: one URL a line in a private file, since such URLs hold passwords.

https://github.com/caronc/apprise/wiki: the form of the URLs.  The library may log them, so its log is switched off.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
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
        return _in_time(lambda: _notify(apprise.Apprise(), self._url, notice), deadline)


def _notify(service: Any, url: Secret, notice: Notice) -> Acknowledged | Refused:
    # A plugin can fail with anything, and what it says may quote the URL.
    try:
        if not service.add(url.reveal()):
            return Refused("the URL is of a form that Apprise does not know")
        taken = service.notify(title=notice.subject, body=notice.text)
    except Exception as error:  # noqa: BLE001
        return Refused(f"the library failed: {type(error).__name__}")
    return Acknowledged() if taken else Refused("the service behind the URL did not take it")


def _in_time(
    ask: Callable[[], Acknowledged | Refused], deadline: Deadline
) -> Acknowledged | Refused | Unknown:
    """The answer, or Unknown at the deadline: the library's own time-outs do not bound a whole request."""
    answers: list[Acknowledged | Refused] = []
    thread = threading.Thread(target=lambda: answers.append(ask()), name="apprise", daemon=True)
    thread.start()
    thread.join(deadline.left)
    return answers[0] if answers else Unknown("no answer in time")


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
