"""Other people's mail programs log in with what our files hold after a rotation: a second opinion on every byte."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.saga.launching import Zygote
from tests.saga.stage import Stage
from tests.sandbox.clients import plain

Build = Callable[..., Stage]
NEWS, FRIEND = "news@queenofsandiego.com", "friend@example.org"
FORMATS = ("msmtp", "env", "json")


def needs(program: str) -> pytest.MarkDecorator:
    """Skip, saying so, where a program is not installed."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@pytest.fixture
def rotated(build_stage: Build, zygote: Zygote) -> Stage:
    """A relay's table and one file of each other format, all with the new key; both keys are Active."""
    stage = build_stage(calm=True, launcher=zygote)
    stage.keep_consumers("relay")
    config = stage.world.place.config
    document = yaml.safe_load(config.read_text())
    place = stage.world.place.sasl_passwd.parent
    document["users"][0]["consumers"] += [
        {"type": "credential_file", "name": one, "path": str(place / one), "format": one} for one in FORMATS
    ]
    config.write_text(yaml.safe_dump(document))
    stage.places |= {f"postfix/{one}" for one in FORMATS}
    old = stage.adopt()
    stage.rotator("rotate", "--yes", code=None)
    (new,) = stage.active() - {old}
    assert stage.held()["relay"] == new
    return stage


def files(stage: Stage) -> Path:
    """Where they lie."""
    return stage.world.place.sasl_passwd.parent


def pair(stage: Stage) -> tuple[str, str]:
    """User name and password as the relay's table has them."""
    found = re.fullmatch(r"\[127\.0\.0\.1\]:\d+ (\w+):(\S+)\n", stage.world.place.sasl_passwd.read_text())
    assert found is not None
    return found[1], found[2]


def arrived(stage: Stage) -> int:
    """How many mails the friend has."""
    return len(stage.world.mailboxes.messages(FRIEND))


def run(*command: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """One foreign program."""
    path = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    return subprocess.run(
        command, input=stdin, env=path | environment, capture_output=True, text=True, timeout=60, check=False
    )


MODES = ("STARTTLS", "TLS from the first byte")


def port_of(stage: Stage, mode: str) -> int:
    """Where the endpoint speaks TLS in this way."""
    return stage.world.smtp.port if mode == "STARTTLS" else stage.world.smtp.tls_port


@needs("openssl")
@pytest.mark.parametrize("mode", MODES)
def test_openssl_logs_in_with_the_relays_line(rotated: Stage, mode: str) -> None:
    """`openssl s_client` verifies the endpoint and is let in with user name and password of sasl_passwd."""
    server = f"s_client -connect 127.0.0.1:{port_of(rotated, mode)} -quiet -crlf -verify_return_error"
    first = ("-starttls", "smtp") if mode == "STARTTLS" else ()
    trust = ("-CAfile", str(rotated.world.authority.ca_file), "-verify_ip", "127.0.0.1")
    lines = f"EHLO x\nAUTH PLAIN {plain(*pair(rotated))}\nQUIT\n"
    done = run("openssl", *server.split(), *first, *trust, stdin=lines)
    assert "235 Authentication successful." in done.stdout


@needs("swaks")
@pytest.mark.parametrize("mode", MODES)
def test_swaks_sends_with_the_env_file(rotated: Stage, mode: str) -> None:
    """A shell that sources the env file, and swaks with the two variables: the mail is there."""
    if "TLS not available" in (support := run("swaks", "--support")).stderr + support.stdout:
        pytest.skip("swaks has no TLS here: it wants Net::SSLeay (Debian: libnet-ssleay-perl)")
    script = (
        'set -a; . "$1"; SWAKS_OPT_auth_user=$SMTP_USERNAME SWAKS_OPT_auth_password=$SMTP_PASSWORD '
        'exec swaks --server 127.0.0.1 --port "$2" "$5" --auth PLAIN --from "$3" --to "$4"'
    )
    tls = "--tls" if mode == "STARTTLS" else "--tls-on-connect"
    given = (str(files(rotated) / "env"), str(port_of(rotated, mode)), NEWS, FRIEND, tls)
    done = run("sh", "-c", script, "sh", *given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert arrived(rotated) == 1


@needs("msmtp")
@pytest.mark.parametrize("mode", MODES)
def test_msmtp_sends_with_its_own_file(rotated: Stage, mode: str) -> None:
    """Msmtp takes the file as it is, with the CA of this world beside it."""
    trust = f"--tls-trust-file={rotated.world.authority.ca_file}"
    options = [f"--file={files(rotated) / 'msmtp'}", "--account=msmtp", trust, f"--from={NEWS}"]
    if mode != "STARTTLS":
        options += [f"--port={port_of(rotated, mode)}", "--tls-starttls=off"]
    done = run("msmtp", *options, FRIEND, stdin="Subject: x\n\nx\n")
    assert done.returncode == 0, done.stderr
    assert arrived(rotated) == 1


def test_every_format_holds_the_same_pair(rotated: Stage) -> None:
    """JSON and env, read by their own readers, say what the relay's table says."""
    assert json.loads((files(rotated) / "json").read_text())["password"] == pair(rotated)[1]
    reader = '. "$1"; printf "%s %s" "$SMTP_USERNAME" "$SMTP_PASSWORD"'
    shown = run("sh", "-c", reader, "sh", str(files(rotated) / "env"))
    assert tuple(shown.stdout.split()) == pair(rotated)
