"""`rotator explain` as people and scripts meet it: words, one document, exit codes."""

from __future__ import annotations

import io
import shlex
import sys
from pathlib import Path

import pytest

from rotator.core.errors import Exit
from rotator.core.refusals import TOLD
from rotator.services.gmail_errors import GmailKind
from tests.cli.conftest import Run
from tests.explain.bounces import BAD_LOGIN, RECIPIENT, SUPPRESSED, VOUCHED, notice, prose, report

REFUSAL = {"refused_by", "layer", "credential_to_blame", "reply", "authentic", "checks"}
FAILED = VOUCHED.replace("pass", "fail")


@pytest.fixture
def bounce(tmp_path: Path) -> Path:
    """A saved bounce about the login."""
    path = tmp_path / "bounce.eml"
    path.write_bytes(notice(prose(BAD_LOGIN)))
    return path


@pytest.mark.parametrize("arguments", [["--bounce", "FILE"], ["FILE"]], ids=["named", "as it is"])
def test_a_saved_bounce_is_explained(run: Run, bounce: Path, arguments: list[str]) -> None:
    """A person reads who refused, what was said, the layer, the blame with its condition, and the next command."""
    done = run("explain", *(str(bounce) if one == "FILE" else one for one in arguments))
    assert done.code == 0
    assert "refused by   SES, at the login (AUTH), if this bounce is genuine" in done.out
    assert f"reply        {BAD_LOGIN}" in done.out
    assert "credential   to blame, if this bounce is genuine" in done.out
    assert "authentic    claimed: " in done.out
    assert "    see   runbooks/smtp-535.md" in done.out


def test_a_bounce_comes_through_a_pipe_as_bytes(run: Run, bounce: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both spellings of standard input read it, and its bytes need not be text."""
    for arguments in (["--bounce", "-"], ["-"]):
        for stdin in (bounce.read_bytes(), b"\xff\xfe" + bounce.read_bytes()):
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            done = run("explain", *arguments, "--json", stdin=None)
            assert done.document["schema"] == "rotator/explain/1"


def test_the_document_of_a_bounce(run: Run, bounce: Path) -> None:
    """A script reads the six fields by their names."""
    found = run("explain", str(bounce), "--json").document
    assert {name: found[name] for name in ("schema", "ok", *sorted(REFUSAL - {"checks"}))} == {
        "schema": "rotator/explain/1",
        "ok": True,
        "authentic": "claimed",
        "credential_to_blame": True,
        "layer": "credential",
        "refused_by": "ses_auth",
        "reply": BAD_LOGIN,
    }
    assert "smtp.auth" in found["checks"]


def test_a_suppressed_recipient_is_named_for_the_next_look(run: Run, tmp_path: Path) -> None:
    """The second failure is not the first one: another layer, and nobody rotates a key for it."""
    path = tmp_path / "suppressed.eml"
    path.write_bytes(report(SUPPRESSED))
    done = run("explain", str(path), "--json")
    assert (done.code, done.document["layer"], done.document["credential_to_blame"]) == (0, "suppression", False)
    assert (done.document["recipient"], done.document["checks"]) == (RECIPIENT, ["recipient.suppression"])


def test_a_fake_is_called_untrusted(run: Run, tmp_path: Path) -> None:
    """Whoever forges a bounce does not make anybody rotate a key."""
    path = tmp_path / "fake.eml"
    path.write_bytes(notice(prose(BAD_LOGIN), results=FAILED))
    found = run("explain", str(path), "--json").document
    assert (found["layer"], found["authentic"], found["credential_to_blame"]) == ("untrusted", "failed", False)


UNKNOWN = {"a letter": b"Dear Sir", "nothing": b"", "bytes": bytes(range(256))}


@pytest.mark.parametrize("content", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_is_no_bounce_is_said_to_be_unknown(run: Run, tmp_path: Path, content: bytes) -> None:
    """No guess: exit 1, layer unknown, nobody blamed."""
    path = tmp_path / "something"
    path.write_bytes(content)
    done = run("explain", "--bounce", str(path), "--json")
    found = done.document
    assert (done.code, found["ok"], found["layer"], found["credential_to_blame"]) == (1, False, "unknown", False)


def test_foreign_words_cannot_paint_the_screen(run: Run, tmp_path: Path) -> None:
    """A reply is quoted without what would move the cursor, and at a length that fits."""
    path = tmp_path / "bounce.eml"
    path.write_bytes(notice(prose(f"535 \x1b[2J\u202eevil {'x' * 9000}")))
    done = run("explain", str(path))
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    assert len(done.out) < 4000


CODES = {
    "an exit code": ("3", "exit-code", None),
    "a reply's code": ("535", "reply", "credential"),
    "a whole reply": ("535 Authentication Credentials Invalid", "reply", "credential"),
    "a whole reply, not in quotes": ("554 Sending paused for this account", "reply", "account"),
    "a passing one": ("454 Temporary authentication failure", "reply", "network"),
    "a quota": ("454 Throttling failure: Maximum sending rate exceeded", "reply", "account"),
    "TLS left out": ("530 Must issue a STARTTLS command first", "reply", "tls"),
    "Exchange's code": ("5.7.509", "reply", "recipient"),
    "a yes": ("250 Ok", "reply", "unknown"),
    "an error of a class": ("seal", "error", None),
    "a refusal of a rule": ("strangers-key", "error", None),
    "an error of one place": ("gmail-token-dead", "error", None),
}


@pytest.mark.parametrize(("code", "kind", "layer"), CODES.values(), ids=CODES.keys())
def test_a_code_is_explained(run: Run, code: str, kind: str, layer: str | None) -> None:
    """Exit codes, ids of errors and replies of servers are found, each with the six fields in its document."""
    done = run("explain", *code.split(), "--json")
    found = done.document
    assert (done.code, found["schema"], found["kind"], found["layer"]) == (0, "rotator/explain/1", kind, layer)
    assert found.keys() >= REFUSAL
    assert found["credential_to_blame"] is (layer == "credential")


NONSENSE = ["99", "599 nonsense", "dns.nonsense", "no-such-id", "535x", "../../etc", "x" * 5000, "a\x00b"]


@pytest.mark.parametrize("code", NONSENSE, ids=range(len(NONSENSE)))
def test_an_unknown_code_is_said_to_be_unknown(run: Run, code: str) -> None:
    """Exit 1 and what can be asked, never the nearest thing that sounds alike."""
    done = run("explain", code, "--json")
    assert (done.code, done.document["ok"], done.document["layer"]) == (Exit.FAILED, False, "unknown")


def test_the_name_of_a_command_is_said_to_be_one(run: Run) -> None:
    """Whoever looks a command up is sent to its help."""
    done = run("explain", "correct-clock")
    assert (done.code, "a command: rotator correct-clock --help" in done.err) == (Exit.FAILED, True)


def test_the_checks_of_a_535_are_asked_so_that_they_can_know(run: Run) -> None:
    """Without a test mail the canaries answer "not known"; and a password put back is looked for before a new key."""
    done = run("explain", "535")
    assert "Next: rotator doctor --send iam.keys smtp.auth " in done.out
    fix = next(line for line in done.out.splitlines() if line.startswith("    fix"))
    by_hand, cause = fix.index("rotator handover USER CONSUMER --reveal"), fix.index("find what put another credential")
    assert by_hand < cause < fix.index("rotator rotate --user USER")


USAGE = {
    "a file that is not there": ["--bounce", "/nowhere/bounce.eml"],
    "a directory": ["--bounce", "/"],
    "two questions": ["535", "--bounce", "-"],
    "a mailbox without --latest": ["--mailbox", "ops@example.com"],
    "--latest without a mailbox": ["--latest"],
}


@pytest.mark.parametrize("arguments", USAGE.values(), ids=USAGE.keys())
def test_a_question_that_cannot_be_meant(run: Run, arguments: list[str]) -> None:
    """A slip in the command line is exit 2, which no script takes for an answer."""
    assert run("explain", *arguments).code == Exit.USAGE


def test_the_next_command_can_be_pasted_whatever_the_bounce_says(run: Run, tmp_path: Path) -> None:
    """The recipient in a bounce is chosen by whoever sent it: to a shell it is one plain word."""
    hostile = "`touch${ifs}x`@contoso.example"
    path = tmp_path / "bounce.eml"
    path.write_bytes(report("smtp; 550 5.1.1 no such user").replace(RECIPIENT.encode(), hostile.encode()))
    done = run("explain", str(path))
    command = next(line for line in done.out.splitlines() if line.startswith("Next: "))
    assert f"'{hostile}'" in command
    assert shlex.split(command)[-2:] == ["--recipient", hostile]


def test_every_refusal_of_gmail_is_explained_with_what_helps(run: Run) -> None:
    """The answer to an id is no pointer to the error that the reader has just seen."""
    for kind in GmailKind:
        said = run("explain", kind.value)
        assert (said.code, "the error names what to type" in said.out) == (0, False), said.out
    assert "credentials.service_account" in run("explain", "gmail-needs-delegation").out


@pytest.mark.parametrize("what", TOLD)
def test_what_a_run_stops_at_is_explained_with_its_commands(run: Run, what: str) -> None:
    """Words in capitals are the reader's; no placeholder of ours is left."""
    fix = run("explain", what, "--json").document["fix"]
    assert fix
    assert "{" not in fix


def test_an_interruption_is_explained_as_it_happens(run: Run) -> None:
    """A signal also cuts a wait short; in either case the same command goes on."""
    said = run("explain", "interrupted").out
    assert "its wait cut short" in said
    assert "run the same command again" in said


def test_the_commands_of_a_refused_login_name_the_user(run: Run) -> None:
    """With several users in the file a command without one is refused."""
    said = run("explain", "535 Authentication Credentials Invalid").out
    assert "rotator rotate --user USER" in said
    assert "rotator handover USER CONSUMER --reveal" in said
