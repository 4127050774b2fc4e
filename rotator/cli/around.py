"""What surrounds a scheduled command: a dead man's switch hears its start and end, Prometheus finds its figures.

A command calls `begin` once it knows its configuration; `main` calls `ended` when everything has been told.  Nothing
here changes how a command goes or exits: what fails is a line on stderr.
"""

from __future__ import annotations

import contextlib
import re
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.cli import render
from rotator.cli.signals import Interrupted
from rotator.cli.text import mask_ids
from rotator.core.secret import without_secrets

if TYPE_CHECKING:
    from rotator.cli.options import Options
    from rotator.config.model import Configuration
    from rotator.wiring.around import Figures

ADDRESS = re.compile(r"[^\s<>(),;:]+@[^\s<>(),;:]+")


@dataclass(slots=True)
class Watch:
    """One run of a scheduled command.  `run` is its UUID: of the pings, and of the lines of a JSON log."""

    command: str
    run: str
    scheduled: bool
    url: str | None
    configuration: Configuration
    figures: Figures = field(default_factory=dict)


_watch: Watch | None = None


def begin(options: Options, configuration: Configuration, command: str, *, scheduled: bool = True) -> None:
    """A command that a timer runs starts: `command` is rotate, audit or suppression.

    `scheduled` False: a person runs it, which must not calm a switch or an alarm that waits for the timer.
    """
    global _watch  # noqa: PLW0603 - one command a process, as there is one screen
    url = getattr(configuration.ping, command) if scheduled else None
    _watch = Watch(command, str(uuid.uuid4()), scheduled, url, configuration)
    options.screen.about["run"] = _watch.run
    if url is not None:
        from rotator.wiring.around import ping

        _log(f"the start was not heard at ping.{command}", ping(url, _watch.run).start())


def figure(name: str, value: float, **labels: str) -> None:
    """Note a figure for Prometheus; nothing without a command that was begun."""
    if _watch is not None and _watch.configuration.metrics_file is not None:
        from rotator.wiring.around import series

        _watch.figures[series(name, **labels)] = value


def ended(code: int) -> int:
    """The command ended with `code` and everything was told; returns the code."""
    global _watch
    watch, _watch = _watch, None
    if watch is not None:
        with contextlib.suppress(Interrupted, KeyboardInterrupt):  # a second signal: what is left is not waited for
            _measure(watch, code)
            _say_the_end(watch, code)
    return code


def _measure(watch: Watch, code: int) -> None:
    if watch.configuration.metrics_file is None:
        return
    from rotator.wiring.around import series, write_metrics

    if watch.scheduled:
        watch.figures[series("rotator_last_exit_code", command=watch.command)] = code
    if watch.scheduled and code == 0:
        watch.figures[series("rotator_last_success_timestamp_seconds", command=watch.command)] = int(time.time())
    _log("the metrics were not written", write_metrics(watch.configuration, watch.figures))


def _say_the_end(watch: Watch, code: int) -> None:
    if watch.url is None:
        return
    from rotator.wiring.around import ping

    words = ADDRESS.sub("(address)", without_secrets(mask_ids(render.screen().kept())))
    _log(f"the end was not heard at ping.{watch.command}", ping(watch.url, watch.run).end(code, words))


def _log(what: str, why: str) -> None:
    if why:
        render.screen().say(f"{what}: {why}", "warning")
