"""A Postfix of its own as a relay client: Debian's programs, an own configuration, loopback only."""

from __future__ import annotations

import json
import os
import shutil
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest

SBIN, DAEMONS = "/usr/sbin", "/usr/lib/postfix/sbin"
PATIENCE_S = 60.0
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
MAIN = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
command_directory = {sbin}
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {home}/log
maillog_file_prefixes = {home}
myhostname = relay.example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
relayhost = [127.0.0.1]:{ses}
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = hash:{passwords}
smtp_sasl_security_options = noanonymous
smtp_sasl_mechanism_filter = plain, login
smtp_tls_security_level = encrypt
smtp_tls_wrappermode = {wrapped}
smtp_tls_CAfile = {ca}
smtp_tls_session_cache_database =
minimal_backoff_time = 300s
maximal_backoff_time = 300s
"""


def missing() -> str:
    """Why Postfix cannot run here; empty if it can."""
    for name in ("postfix", "postmap", "postqueue"):
        if shutil.which(name, path=SBIN) is None:
            return f"{name} is not installed (Debian: postfix)"
    if not list(Path("/usr/lib").glob("*/sasl2/libplain.so*")):
        return "no SASL mechanism PLAIN (Debian: libsasl2-modules)"
    return "" if os.geteuid() == 0 else "Postfix is started by root"


needs_postfix = pytest.mark.skipif(bool(missing()), reason=missing())


@dataclass(frozen=True, slots=True)
class Relay:
    """A running Postfix."""

    home: Path
    port: int

    def mail(self, sender: str, rcpt: str, subject: str) -> None:
        """Hand it one mail, which it takes into its queue."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, rcpt, subject
        with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as client:
            client.send_message(message)

    def queue(self) -> list[dict[str, object]]:
        """What waits, as postqueue says it."""
        told = self._run("postqueue", "-c", str(self.config), "-j")
        return [json.loads(line) for line in told.splitlines()]

    def flush(self) -> None:
        """Try all of it now."""
        self._run("postqueue", "-c", str(self.config), "-f")

    @property
    def config(self) -> Path:
        """Its configuration directory."""
        return self.home / "etc"

    @property
    def log(self) -> str:
        """What it said."""
        return (self.home / "log").read_text(errors="replace") if (self.home / "log").exists() else ""

    def wait(self, until: Callable[[], bool]) -> None:
        """Wait for something; fails with the log if it does not come."""
        end = time.monotonic() + PATIENCE_S
        while not until():
            assert time.monotonic() < end, self.log
            time.sleep(0.1)

    def _run(self, program: str, *arguments: str) -> str:
        command = [f"{SBIN}/{program}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr + self.log
        return done.stdout

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._run("postfix", "-c", str(self.config), "start")
        self.wait(self._listens)

    def stop(self) -> None:
        """End it with everything that it started."""
        self._run("postfix", "-c", str(self.config), "stop")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def postfix(passwords: Path, ca: Path, ses: int, *, wrapped: bool) -> Iterator[Relay]:
    """A relay whose next hop is the SES endpoint at port `ses`, with TLS from the first byte if `wrapped`.

    Its home lies outside pytest's private folders: its own user has to get there, and its sockets have short names.
    """
    home = Path(tempfile.mkdtemp(prefix="relay-", dir="/tmp"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    try:
        home.chmod(0o755)
        for name in ("etc", "queue", "data"):
            (home / name).mkdir(mode=0o755)
        shutil.chown(home / "data", "postfix", "postfix")
        settings = {"home": home, "sbin": SBIN, "daemons": DAEMONS, "ses": ses, "passwords": passwords, "ca": ca}
        (home / "etc" / "main.cf").write_text(MAIN.format(**settings, wrapped="yes" if wrapped else "no"))
        (home / "etc" / "master.cf").write_text(MASTER.format(port=port))
        relay = Relay(home, port)
        relay.start()
        try:
            yield relay
        finally:
            relay.stop()
    finally:
        shutil.rmtree(home)
