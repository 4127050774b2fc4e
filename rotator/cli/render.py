"""The only module that prints.  Results go to stdout, progress and failures to stderr, each judged for itself.

Colour: `--color`, then NO_COLOR, then FORCE_COLOR, then whether it is a terminal; `TERM=dumb` is none.  A stream that
cannot take `✓` or `…` gets words and dots.  Everything foreign loses its control characters before it is shown.
With `--json` stdout carries exactly one document, also after a failure, and the words for people go to stderr.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TextIO

from rotator.cli.text import duration
from rotator.core.foreign_text import harmless
from rotator.core.trust import byways

WIDE = 10_000  # off a terminal nothing is folded or cut: cron mail keeps its hints
COLOURS = {"ok": "32", "failed": "31;1", "waiting": "36", "warning": "33;1"}
MARKS = {"ok": "✓", "failed": "✗", "waiting": "·", "warning": "!", "skipped": "-", "unknown": "?"}
WORDS = {"ok": "ok", "failed": "FAIL", "waiting": "-", "warning": "warn", "skipped": "-", "unknown": "?"}
PLAIN = str.maketrans({"✓": "ok", "✗": "FAIL", "·": "-", "…": "...", "→": "->", "–": "-"})
NAME_WIDTH, DETAIL_WIDTH = 11, 52
LINES_KEPT = 400  # of what was said, for whoever hears how it ended


@dataclass(slots=True)
class Screen:
    """Where the words of one command go.

    `mail_flows_on` (keys) and `flow` (a sentence) are what is known when a failure has to be told.
    """

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    color: str = "auto"
    log_format: str = "text"
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    mail_flows_on: tuple[str, ...] = ()
    flow: str = ""
    about: dict[str, str] = field(default_factory=dict)  # what every line of a JSON log says: command, run
    _document: dict[str, Any] = field(default_factory=dict)
    _held: list[str] | None = None
    _kept: deque[str] = field(default_factory=lambda: deque(maxlen=LINES_KEPT))
    _bar: bool = False  # a line that moves stands on the terminal

    # --- results ---------------------------------------------------------------------------------------------------

    def out(self, text: str = "", mark: str = "", *, indent: str = "") -> None:
        """One line or several of the result, for people; nothing with `--json`."""
        self._clear_bar()
        self._kept.append(harmless(text, lines=True))
        if not self.json:
            self._write(sys.stdout, indent + self._marked(sys.stdout, mark) + harmless(text, lines=True))

    def document(self, schema: str, fields: Mapping[str, Any]) -> None:
        """The one JSON document; `finish` writes it."""
        self._document = {"schema": schema, **fields}

    def finish(self, code: int) -> None:
        """Write the document, if JSON was asked for, with the exit code that the command came to."""
        document, self._document = self._document, {}
        if self.json and document:
            first = {"schema": document["schema"], "ok": document["ok"], "exit_code": code}
            self._write(sys.stdout, json.dumps({**first, **document, "exit_code": code}, indent=2))

    def raw(self, text: str) -> None:
        """Text for another program (a password for a pipe, a policy), exactly as it is."""
        self._write(sys.stdout, text)

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Aligned columns on stdout; nothing with `--json`."""
        if self.json:
            return
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for header in headers:
            grid.add_column(Text(self.fit(sys.stdout, header)), no_wrap=True)
        for row in rows:
            grid.add_row(*(Text(self.fit(sys.stdout, harmless(cell))) for cell in row))
        page = io.StringIO()
        Console(
            file=page, width=WIDE, force_terminal=False, color_system=None,
            markup=False, emoji=False, highlight=False, legacy_windows=False,
        ).print(grid)  # fmt: skip
        self._write(sys.stdout, "\n".join(line.rstrip() for line in page.getvalue().rstrip("\n").split("\n")))

    # --- progress and failures -------------------------------------------------------------------------------------

    def say(self, text: str, mark: str = "", *, always: bool = False) -> None:
        """A line for whoever watches; `always` also when they asked for quiet."""
        self._say(text, {"message": text}, mark, always=always)

    def step(self, status: str, name: str, detail: str, ms: int | None = None) -> None:
        """One finished step of the protocol; its parts stand apart in a JSON log."""
        detail = harmless(detail)  # one line a step, whatever a reply or a program of somebody's own said
        took = f"{detail:<{DETAIL_WIDTH}}  {duration(ms)}" if ms is not None else detail
        self._say(f"{name:<{NAME_WIDTH}} {took}".rstrip(), {"message": detail, "step": name, "ms": ms}, status)

    def kept(self) -> str:
        """What was said so far, its last lines, for whoever is told how a run ended."""
        return "\n".join(self._kept)

    def bar(self, text: str) -> None:
        """A line that the next one writes over; on a terminal alone, and not for whoever wants it quiet."""
        if self.quiet or self.log_format == "json" or not sys.stderr.isatty() or self.environ.get("TERM") == "dumb":
            return
        self._bar = True
        width = shutil.get_terminal_size().columns - 1
        self._write(sys.stderr, f"\r{harmless(text)[:width]}\x1b[K", end="")

    def _clear_bar(self) -> None:
        if self._bar:
            self._bar = False
            self._write(sys.stderr, "\r\x1b[K", end="")

    def hold(self) -> None:
        """Keep progress back until `release`: a run that goes well off a terminal says one line."""
        if not sys.stderr.isatty():
            self._held = []

    def release(self, *, show: bool) -> None:
        """End `hold`; `show` prints what was kept back."""
        held, self._held = self._held, None
        for line in (held or []) if show else []:
            self._write(sys.stderr, line)

    def prompt(self, text: str) -> None:
        """A question on stderr, without a line end."""
        self._write(sys.stderr, harmless(text), end="")

    def shout(self) -> None:
        """The first line of every command while the environment sends it anywhere but to the real services."""
        found = sorted(name for name in self.environ if _redirects(name) and self.environ[name])
        if found:
            shown = ", ".join(f"{name}={self.environ[name]}" for name in found)
            self.say(f"NOT THE REAL AWS: {shown}", "warning", always=True)
        if between := byways(self.environ):
            self.say(f"NOT THE STRAIGHT WAY TO AWS: {', '.join(between)}", "warning", always=True)

    # --- how -------------------------------------------------------------------------------------------------------

    def coloured(self, stream: TextIO) -> bool:
        """Whether this stream gets colour."""
        if self.color != "auto":
            return self.color == "always"
        if self.environ.get("NO_COLOR"):
            return False
        if self.environ.get("FORCE_COLOR"):
            return True
        return stream.isatty() and self.environ.get("TERM") != "dumb"

    def fit(self, stream: TextIO, text: str) -> str:
        """The text in characters that the stream can take."""
        encoding = getattr(stream, "encoding", None) or "ascii"
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            return text.translate(PLAIN).encode(encoding, "backslashreplace").decode(encoding)
        return text

    def _marked(self, stream: TextIO, mark: str) -> str:
        if not mark:
            return ""
        shown = MARKS[mark] if self.fit(stream, MARKS[mark]) == MARKS[mark] else f"{WORDS[mark]:<4}"
        return shown + " "

    def _say(self, text: str, parts: Mapping[str, Any], mark: str, *, always: bool = False) -> None:
        text = harmless(text, lines=True)
        self._kept.append(f"{MARKS[mark]} {text}" if mark else text)
        if always or not self.quiet:
            is_json = self.log_format == "json"
            self._log(self._object(parts, mark) if is_json else self._marked(sys.stderr, mark) + text, mark or "info")

    def _object(self, parts: Mapping[str, Any], mark: str) -> str:
        """A line of a JSON log: what happened, then when, and of which command and run."""
        said = {name: harmless(one, lines=True) if isinstance(one, str) else one for name, one in parts.items()}
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return json.dumps({"level": mark or "info", **said, "time": at, **self.about})

    def _log(self, text: str, level: str) -> None:
        self._clear_bar()
        if self._held is None:
            self._write(sys.stderr, text, mark=level)
        else:
            self._held.append(text)

    def _write(self, stream: TextIO, text: str, *, end: str = "\n", mark: str = "") -> None:
        shown = self.fit(stream, text)
        if mark in COLOURS and self.log_format == "text" and self.coloured(stream):
            shown = f"\x1b[{COLOURS[mark]}m{shown[:1]}\x1b[0m{shown[1:]}"
        # Whoever read this is gone, or the disk of the log is full: a rotation does not stop for that.
        forgiven = OSError if stream is sys.stderr else BrokenPipeError
        try:
            stream.write(shown + end)
            stream.flush()
        except forgiven:
            _discard(stream)


def _redirects(name: str) -> bool:
    return name == "ROTATOR_TRUST_HOSTS" or name.startswith("AWS_ENDPOINT_URL")


def _discard(stream: TextIO) -> None:
    """Point the stream at nothing, so that the interpreter's last flush does not complain either."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


_current = Screen()


def screen() -> Screen:
    """The screen of the command at work."""
    return _current


def use(chosen: Screen) -> Screen:
    """Make `chosen` the screen of this process; main() needs it for what it did not foresee."""
    global _current  # noqa: PLW0603 - as global as stdout itself
    _current = chosen
    return chosen
