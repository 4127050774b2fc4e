"""A file on this machine that a relay or a program reads the credential from, or several copies of one.

Id and password are switched by one rename, so no reader ever sees half a pair.  Copies are written one after the other
and each is read back; before the first is touched all of them are looked at, so that what can be known to fail fails
while all are as they were.  In between they differ, which is safe while both keys are Active.  An `after` command
(postmap, a reload) runs once all are written; if it fails the push is Unknown and is made again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from rotator.consumers.formats import FormatName, NotInFormat, Place, find, put
from rotator.consumers.own_canary import OwnCanary, Sender
from rotator.core.looks import NothingThere
from rotator.core.mixed import Mixed
from rotator.core.policy import ConsumerKind, Traits
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
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential
from rotator.services import private_file, programs
from rotator.services.private_file import FileLate, FileRefused, FileUncertain

OURS = "make the file one that only the service user can change"
SAFE = "correct its path, or make it a program that starts and, like its arguments' files, is root's or ours alone"


class CredentialFile:
    """Implements `rotator.core.ports.Consumer` for one pair in one file or in each of several copies."""

    def __init__(
        self,
        *,
        name: str,
        endpoint: Sender,
        path: Path,
        style: FormatName,
        replicas: Sequence[Path] = (),
        account: str | None = None,
        after: Sequence[str] = (),
        canary_from: str | None = None,
        canary_to: str | None = None,
    ) -> None:
        """`account`: the msmtp account to write, if its host has several.

        `canary_from`: an address that may send; without it nothing is sent and read back is the proof.
        """
        self._canary = OwnCanary(endpoint, canary_from, canary_to)
        kind = ConsumerKind.CREDENTIAL_FILE
        self.traits = Traits(name, kind, endpoint.name, reads_back=True, sends=self._canary.possible)
        self._paths, self._style = (path, *replicas), style
        self._after = tuple(after)
        self._place = Place(endpoint.host, endpoint.port, endpoint.security, name, account or "")

    def preflight(self, deadline: Deadline) -> Sequence[Problem]:
        """Directories, files and `after` program are looked at; nothing is written."""
        return [*(problem for path in self._paths for problem in self._problems(path)), *self._program_problems()]

    def push(self, credential: SmtpCredential, deadline: Deadline) -> PushAnswer:
        """Write the pair into every copy, then run `after`.  The same pair twice leaves the same files."""
        old = [held.password for path in self._paths if isinstance(held := self._read(path), SmtpCredential)]
        if (refused := self._looked_over()) is not None:
            return self._partly(refused, credential)
        for path in self._paths:
            answer = self._written(path, credential, deadline)
            if not isinstance(answer, Acknowledged):
                return self._partly(answer, credential)
        return self._ran_after([credential.password, *old], deadline)

    def holds(self, deadline: Deadline) -> Holding:
        """The key id that stands in the file now; `Mixed` if copies differ or cannot all be read."""
        held = [self._read(path) for path in self._paths]
        keys = dict.fromkeys(one.key for one in held if isinstance(one, SmtpCredential))
        unread = next((one for one in held if isinstance(one, Unknown)), None)
        if not keys or (unread is None and len(keys) == 1):
            return unread or next(iter(keys))
        return Mixed(tuple(keys), unread.detail if unread else "its copies differ")

    def send(self, canary: Canary, deadline: Deadline) -> CanaryAnswer:
        """Log in with exactly what the file and all its copies hold and mail to `canary_to`."""
        return self._canary.send(canary, self.credential(deadline), deadline)

    def credential(self, deadline: Deadline) -> SmtpCredential | Unknown:
        """What the file and all its copies hold."""
        first, *others = [self._read(path) for path in self._paths]
        unread = next((one for one in (first, *others) if isinstance(one, Unknown)), None)
        differ = any(one != first for one in others)
        return unread or (Unknown("its copies differ") if differ else first)

    def instructions(self) -> Sequence[str]:
        """Nobody has to do anything."""
        return ()

    # --- one copy ----------------------------------------------------------------------------------------------

    def _written(self, path: Path, credential: SmtpCredential, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        try:
            private_file.rewrite(path, lambda content: self._changed(content, credential), deadline, keep=True)
        except NotInFormat as error:
            return Refused(f"{path}: {error}", f"repair {path}, or correct the consumer's format")
        except FileRefused as refused:
            return Refused(str(refused), f"{_mend(path)}, then run again")
        except (FileLate, FileUncertain) as error:
            return Unknown(str(error))
        if self._read(path) != credential:
            return Unknown(f"{path}: written, and it does not give the pair back")
        return Acknowledged(str(path))

    def _looked_over(self) -> Refused | None:
        """What a push would be refused for at any copy, before the first is written."""
        found = (problem for path in self._paths for problem in self._problems(path) if not problem.warning)
        return next((Refused(problem.seen, problem.fix) for problem in found), None)

    def _partly(self, answer: Refused | Unknown, credential: SmtpCredential) -> PushAnswer:
        """A no means that all is as it was: not so once a copy has the new pair, from this push or an earlier one."""
        has = sum(self._read(path) == credential for path in self._paths)
        if len(self._paths) == 1 or not has:
            return answer
        return Unknown(f"{has} of {len(self._paths)} copies have the new pair; {answer.detail}")

    def _problems(self, path: Path) -> Iterator[Problem]:
        try:
            private_file.check_place(path)
            found = private_file.read(path)
            if found is not None:
                find(self._style, _text(found.content), self._place)
            private_file.check_writable(path.parent)
            private_file.check_replaceable(path, found)
        except FileRefused as refused:
            yield Problem("credential-file", str(refused), _mend(path))
        except NotInFormat as error:
            fix = f"repair {path}, or correct the consumer's format"
            yield Problem("credential-file", f"{path}: {error}", fix)
        else:
            if found is not None and found.narrowed:
                seen = f"{path} has mode {found.mode:04o}: a push narrows it to {found.mode & 0o640:04o}"
                fix = f"chmod 640 {path}, with the group of its readers, and see that they still read it"
                yield Problem("credential-file-mode", seen, fix, warning=True)

    def _read(self, path: Path) -> SmtpCredential | Unknown:
        try:
            found = private_file.read(path)
            credential = find(self._style, _text(found.content), self._place) if found else None
        except FileRefused as refused:
            return Unknown(str(refused))
        except NotInFormat as error:
            return Unknown(f"{path}: {error}")
        return credential or NothingThere(f"{path}: no credential for {self._place.host} in it")

    def _changed(self, content: bytes, credential: SmtpCredential) -> bytes:
        changed = put(self._style, _text(content), credential, self._place)
        return changed.encode("utf-8", "surrogateescape")

    # --- the program after it ----------------------------------------------------------------------------------

    def _ran_after(self, hide: Sequence[Secret], deadline: Deadline) -> PushAnswer:
        names = ", ".join(map(str, self._paths))
        if not self._after:
            return Acknowledged(f"{names} written")
        try:
            private_file.check_command(self._after, self._paths)
            ended = programs.run(self._after, deadline, hide=hide)
        except (FileRefused, programs.CannotStart) as error:
            return Unknown(f"{names} written, but its after command did not run: {error}")
        if ended.code != 0:
            return Unknown(f"{names} written, but its after command failed: {ended}")
        return Acknowledged(f"{names} written, {Path(self._after[0]).name} ran")

    def _program_problems(self) -> list[Problem]:
        if not self._after:
            return []
        try:
            private_file.check_command(self._after, self._paths)
        except FileRefused as refused:
            return [Problem("after-command", str(refused), SAFE)]
        return []


def _mend(path: Path) -> str:
    """What a person does about a copy that the file system refuses; a mistyped path is no question of modes."""
    if not os.path.lexists(path.parent):
        return f"correct the path in the file, or make the directory {path.parent}"
    return OURS


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
