"""A program of somebody's own that puts the credential where nothing else reaches.

It is started by its absolute path with its configured arguments: no shell, an environment of PATH and a few
`ROTATOR_HOOK_*` names that are no secrets.  On standard input it gets one line of JSON:

    {"version": 1, "action": "push", "user": "jada-ses-smtp", "consumer": "crm", "endpoint": "us-east-1",
     "host": "email-smtp.us-east-1.amazonaws.com", "port": 587, "security": "starttls", "region": "us-east-1",
     "username": "AKIA...", "password": "..."}

`check` gets the same without username and password ("action": "check") and prints the key id that the place holds,
alone; that is evidence.  Exit codes are those of sysexits.h:

    0         acknowledged: the place has the pair
    65 77 78  refused: the data, the permission, the configuration; nothing was changed there
    75        try again; so is every other code, and being killed at the deadline: the outcome is unknown

A push is made again until it is acknowledged, so it must be harmless to repeat.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from rotator.consumers.own_canary import SenderInRegion
from rotator.core.access_keys import KeyId
from rotator.core.policy import REQUEST_DEADLINE_S, ConsumerKind, Traits
from rotator.core.ports import (
    Acknowledged,
    Canary,
    CanaryAnswer,
    Deadline,
    Holding,
    NotReadable,
    Problem,
    PushAnswer,
    Refused,
    Unknown,
)
from rotator.core.smtp_credential import SmtpCredential
from rotator.services import private_file, programs
from rotator.services.private_file import FileRefused

VERSION = 1
OK, DATA, NO_PERMISSION, CONFIGURATION = 0, 65, 77, 78  # sysexits.h: EX_OK, EX_DATAERR, EX_NOPERM, EX_CONFIG
REFUSALS = {
    DATA: "it does not take this data",
    NO_PERMISSION: "it has no permission",
    CONFIGURATION: "its configuration is wrong",
}
KEY_ID = re.compile(r"[A-Z0-9]{16,128}")  # IAM's AccessKeyId, without what no id has
RUNBOOK = "runbooks/consumer-push.md#a-program-of-your-own"
SAFE = "correct its path, or make it a program that starts and, like its arguments' files, is root's or ours alone"


class Command:
    """Implements `rotator.core.ports.Consumer` for one program, or two."""

    def __init__(
        self,
        *,
        name: str,
        user: str,
        endpoint: SenderInRegion,
        push: Sequence[str],
        check: Sequence[str] = (),
        timeout_s: float = REQUEST_DEADLINE_S,
    ) -> None:
        """`push` and `check` are a program and its arguments; `timeout_s` never outlives the step's own deadline."""
        self.traits = Traits(name, ConsumerKind.COMMAND, endpoint.name, reads_back=bool(check))
        self._user, self._endpoint, self._timeout_s = user, endpoint, timeout_s
        self._push, self._check = tuple(push), tuple(check)

    def preflight(self, deadline: Deadline) -> Sequence[Problem]:
        """The programs are there, executable and in safe hands; they are not run."""
        return list(self._problems())

    def push(self, credential: SmtpCredential, deadline: Deadline) -> PushAnswer:
        """Run the program once, with the pair on its standard input."""
        given = {"username": credential.key, "password": credential.password.reveal()}
        try:
            ended = self._run(self._push, "push", given, credential, deadline)
        except (FileRefused, programs.CannotStart) as error:
            return Refused(f"not started: {error}", SAFE, "command")
        if ended is None:
            return Unknown("no time left, the program was not started")
        if ended.code == OK:
            return Acknowledged(f"{Path(self._push[0]).name} exited 0")
        if ended.code in REFUSALS:
            return Refused(f"{self._push[0]}: {ended}", f"{REFUSALS[ended.code]}: mend that, then run again", "command")
        return Unknown(f"{self._push[0]}: {ended}")

    def holds(self, deadline: Deadline) -> Holding:
        """What `check` prints, if that is a key id and it exits 0."""
        if not self._check:
            return NotReadable()
        try:
            ended = self._run(self._check, "check", {}, None, deadline)
        except (FileRefused, programs.CannotStart) as error:
            return Unknown(f"not started: {error}")
        if ended is None:
            return Unknown("no time left, the program was not started")
        if ended.code != OK:
            return Unknown(f"{self._check[0]}: {ended}")
        if not KEY_ID.fullmatch(ended.answer):
            return Unknown(f"{self._check[0]} exited 0 and did not print one key id")
        return KeyId(ended.answer)

    def send(self, canary: Canary, deadline: Deadline) -> CanaryAnswer:
        """A program cannot be sent through."""
        return Unknown("this consumer cannot be sent through")

    def instructions(self) -> Sequence[str]:
        """Nobody has to do anything."""
        return ()

    def _run(
        self,
        argv: Sequence[str],
        action: str,
        secret: dict[str, str],
        credential: SmtpCredential | None,
        deadline: Deadline,
    ) -> programs.Ended | None:
        """How the program ended; None if there is no time to start it.  Raises FileRefused, CannotStart."""
        private_file.check_command(tuple(argv))
        seconds = min(self._timeout_s, deadline.left)
        if seconds <= 0:
            return None
        return programs.run(
            argv,
            Deadline.after(seconds, deadline.monotonic),
            stdin=json.dumps(self._facts(action) | secret).encode() + b"\n",
            variables=self._variables(action, credential),
            hide=(credential.password,) if credential else (),
        )

    def _facts(self, action: str) -> dict[str, str | int]:
        endpoint = self._endpoint
        return {
            "version": VERSION,
            "action": action,
            "user": self._user,
            "consumer": self.traits.name,
            "endpoint": endpoint.name,
            "host": endpoint.host,
            "port": endpoint.port,
            "security": endpoint.security,
            "region": endpoint.region,
        }

    def _variables(self, action: str, credential: SmtpCredential | None) -> dict[str, str]:
        """For programs that only want to know what is asked; the key id is no secret, it is the SMTP user name."""
        named = {"ACTION": action, "USER": self._user, "CONSUMER": self.traits.name}
        key = {"KEY_ID": str(credential.key)} if credential else {}
        return {f"ROTATOR_HOOK_{name}": value for name, value in (named | key).items()}

    def _problems(self) -> Iterator[Problem]:
        for argv in (self._push, self._check):
            try:
                if argv:
                    private_file.check_command(argv)
            except FileRefused as refused:
                yield Problem("command", str(refused), SAFE, RUNBOOK)
