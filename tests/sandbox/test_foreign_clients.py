"""Other people's SMTP clients get along with the sandbox, as they do with SES."""

from __future__ import annotations

import os
import shutil
import subprocess
from email.message import EmailMessage
from smtplib import SMTP, SMTP_SSL, SMTPAuthenticationError
from ssl import create_default_context

import pytest

from rotator.sandbox.world import World
from tests.sandbox.clients import first_key, plain

NEWS = "news@queenofsandiego.com"


def needs(program: str) -> pytest.MarkDecorator:
    """Skip, saying so, where a program is not installed."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def test_smtplib_logs_in_and_sends(world: World) -> None:
    """Python's own client, in both kinds of TLS."""
    key, context = first_key(world), create_default_context(cafile=str(world.authority.ca_file))
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = NEWS, "a@b.org", "hello"
    with SMTP("127.0.0.1", world.smtp.port, timeout=10) as client:
        client.starttls(context=context)
        client.login(key.id, world.password_of(key))
        client.send_message(message)
    with SMTP_SSL("127.0.0.1", world.smtp.tls_port, context=context, timeout=10) as client:
        with pytest.raises(SMTPAuthenticationError, match="Authentication Credentials Invalid"):
            client.login(key.id, "wrong")
        client.login(key.id, world.password_of(key))
    assert len(world.mailboxes.messages("a@b.org")) == 1


@needs("openssl")
def test_openssl_verifies_the_endpoint(world: World) -> None:
    """`openssl s_client -starttls smtp` trusts the certificate and reads the login's reply."""
    key = first_key(world)
    command = [
        "openssl",
        "s_client",
        "-starttls",
        "smtp",
        "-connect",
        f"127.0.0.1:{world.smtp.port}",
        "-quiet",
        "-crlf",
    ]
    checks = ["-CAfile", str(world.authority.ca_file), "-verify_return_error", "-verify_ip", "127.0.0.1"]
    lines = f"EHLO x\nAUTH PLAIN {plain(key.id, world.password_of(key))}\nQUIT\n"
    run = subprocess.run([*command, *checks], input=lines, capture_output=True, text=True, timeout=20, check=False)
    assert "235 Authentication successful." in run.stdout
    assert "verify error" not in run.stderr


@needs("swaks")
@pytest.mark.parametrize(("password", "code"), [("right", 0), ("wrong", 28)])
def test_swaks_sends_and_is_refused(world: World, password: str, code: int) -> None:
    """The SMTP tester swaks ends with 0 for the right password and 28 for a wrong one."""
    support = subprocess.run(["swaks", "--support"], capture_output=True, text=True, timeout=30, check=False)
    if "TLS not available" in support.stderr + support.stdout:
        pytest.skip("swaks has no TLS here: it wants Net::SSLeay")
    key = first_key(world)
    secret = world.password_of(key) if password == "right" else password
    server = f"--server 127.0.0.1 --port {world.smtp.port} --tls --auth PLAIN --auth-user {key.id}"
    command = ["swaks", *server.split(), "--from", NEWS, "--to", "a@b.org"]
    environment = {**os.environ, "SWAKS_OPT_auth_password": secret}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert run.returncode == code, run.stdout
    assert len(world.mailboxes.messages("a@b.org")) == (1 if code == 0 else 0)
