"""A file on this machine that a relay or a program reads the credential from.

Id and password are switched by one rename, so no reader ever sees half a pair.  An `after` command (postmap, a
reload) runs after each write; if it fails the push is Unknown and is made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rotator.consumers.formats import FormatName, NotInFormat, Place, find, put
from rotator.consumers.own_canary import OwnCanary, Sender
from rotator.core.policy import Traits
from rotator.core.ports import (
    Acknowledged,
    Canary,
    CanaryAnswer,
    Deadline,
    Holding,
    Problem,
    PushAnswer,
    Refused,
    Unknown,
)
from rotator.core.smtp_credential import SmtpCredential
from rotator.services import private_file, programs
from rotator.services.private_file import FileLate, FileRefused, FileUncertain


class CredentialFile:
    """Implements `rotator.core.ports.Consumer` for one pair in one file."""

    def __init__(
        self,
        *,
        name: str,
        endpoint: Sender,
        path: Path,
        style: FormatName,
        after: Sequence[str] = (),
        canary_from: str | None = None,
        canary_to: str | None = None,
    ) -> None:
        """`canary_from`: an address that may send; without it nothing is sent and read back is the proof."""
        self._canary = OwnCanary(endpoint, canary_from, canary_to)
        self.traits = Traits(name, "credential_file", endpoint.name, reads_back=True, sends=self._canary.possible)
        self._path, self._style = path, style
        self._after = tuple(after)
        self._place = Place(endpoint.host, endpoint.port, endpoint.security, name)

    def preflight(self, deadline: Deadline) -> Sequence[Problem]:
        """Directory, file and `after` program are looked at; nothing is written."""
        problems = []
        try:
            private_file.check_directory(self._path.parent)
            self._held()
            private_file.check_writable(self._path.parent)
        except FileRefused as refused:
            problems.append(
                Problem("credential-file", str(refused), "make the file one that only the service user can change")
            )
        except NotInFormat as error:
            fix = f"repair {self._path}, or correct the consumer's format"
            problems.append(Problem("credential-file", f"{self._path}: {error}", fix))
        return [*problems, *self._program_problems()]

    def push(self, credential: SmtpCredential, deadline: Deadline) -> PushAnswer:
        """Write the pair, then run `after`.  The same pair twice leaves the same file."""
        try:
            private_file.rewrite(self._path, lambda content: self._changed(content, credential), deadline)
        except NotInFormat as error:
            return Refused(f"{self._path}: {error}", f"repair {self._path}, or correct the consumer's format")
        except FileRefused as refused:
            return Refused(str(refused), "make the file one that only the service user can change, then run again")
        except (FileLate, FileUncertain) as error:
            return Unknown(str(error))
        return self._ran_after(credential, deadline)

    def holds(self, deadline: Deadline) -> Holding:
        """The key id that stands in the file now."""
        held = self._readable()
        return held if isinstance(held, Unknown) else held.key

    def send(self, canary: Canary, deadline: Deadline) -> CanaryAnswer:
        """Log in with exactly what the file holds and mail to `canary_to`."""
        return self._canary.send(canary, self._readable(), deadline)

    def instructions(self) -> Sequence[str]:
        """Nobody has to do anything."""
        return ()

    def _readable(self) -> SmtpCredential | Unknown:
        try:
            credential = self._held()
        except FileRefused as refused:
            return Unknown(str(refused))
        except NotInFormat as error:
            return Unknown(f"{self._path}: {error}")
        return credential or Unknown(f"{self._path}: no credential for {self._place.host} in it")

    def _held(self) -> SmtpCredential | None:
        found = private_file.read(self._path)
        return find(self._style, _text(found.content), self._place) if found else None

    def _changed(self, content: bytes, credential: SmtpCredential) -> bytes:
        changed = put(self._style, _text(content), credential, self._place)
        return changed.encode("utf-8", "surrogateescape")

    def _ran_after(self, credential: SmtpCredential, deadline: Deadline) -> PushAnswer:
        if not self._after:
            return Acknowledged(f"{self._path} written")
        try:
            private_file.check_program(Path(self._after[0]))
            ended = programs.run(self._after, deadline, hide=(credential.password,))
        except (FileRefused, programs.CannotStart) as error:
            return Unknown(f"{self._path} written, but its after command did not run: {error}")
        if ended.code != 0:
            return Unknown(f"{self._path} written, but its after command failed: {ended}")
        return Acknowledged(f"{self._path} written, {Path(self._after[0]).name} ran")

    def _program_problems(self) -> list[Problem]:
        if not self._after:
            return []
        try:
            private_file.check_program(Path(self._after[0]))
        except FileRefused as refused:
            fix = "name a program by its absolute path, owned by root or the service user, not writable by others"
            return [Problem("after-command", str(refused), fix)]
        return []


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
