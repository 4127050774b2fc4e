"""What `rotator explain` was asked about: a code, a file, standard input or a mailbox."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rotator.cli.options import Options
from rotator.core.errors import ConfigurationError, Exit, StopError

if TYPE_CHECKING:
    from rotator.core.mail.explanation import Explanation

PAGES = "runbooks/"
SIZE_LIMIT = 25_000_000  # bytes; Gmail takes no larger mail


@dataclass(frozen=True, slots=True)
class Asked:
    """One of: a code, exit codes, a bounce's bytes, a mailbox whose newest bounce it is."""

    code: str = ""
    exit_codes: tuple[Exit, ...] = ()
    raw: bytes | None = None
    mailbox: str = ""

    def explanation(self, options: Options) -> Explanation:
        """What the bounce says.  Raises ConfigurationError, StopError, and what reading a mailbox raises."""
        from rotator.core.mail.explain_bounce import explain_bounce

        if self.raw is not None:
            return explain_bounce(self.raw)
        return _latest(options, self.mailbox)


def asked_for(code: str, bounce: str, mailbox: str, *, latest: bool) -> Asked:
    """Sort out the arguments.  Raises ConfigurationError for two questions at once and for a file that is not there."""
    if bool(mailbox) != latest:
        raise ConfigurationError("--mailbox and --latest belong together", fix="--mailbox ADDRESS --latest")
    if sum(map(bool, (code, bounce, mailbox))) > 1:
        raise ConfigurationError("one thing at a time: a code, a file or a mailbox", fix="rotator explain --help")
    if mailbox:
        return Asked(mailbox=mailbox)
    if bounce:
        return Asked(raw=_read(bounce))
    if code.startswith(PAGES):  # as an error names it; in a checkout it is a file as well
        return Asked(code=code)
    if code == "-" or (code and _is_file(code)):
        return Asked(raw=_read(code))
    chosen = tuple(one for one in Exit if code == str(int(one)))
    return Asked(code=code or "exit-codes", exit_codes=chosen)


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # longer than a name may be, or with a zero byte
        return False


def _read(name: str) -> bytes:
    try:
        if name == "-":
            source = getattr(sys.stdin, "buffer", None)
            return bytes(source.read(SIZE_LIMIT)) if source else sys.stdin.read(SIZE_LIMIT).encode()
        with Path(name).open("rb") as file:
            return file.read(SIZE_LIMIT)
    except (OSError, ValueError) as error:
        seen = f"{name}: {getattr(error, 'strerror', None) or 'it cannot be read'}"
        raise ConfigurationError(seen, fix="name a file that you may read, or - for standard input") from None


def _latest(options: Options, mailbox: str) -> Explanation:
    """The newest notice that can be believed and says something; else the newest of all."""
    from rotator.core.mail.explain_bounce import explain_bounce
    from rotator.core.mail.explanation import Authenticity
    from rotator.wiring import mailboxes

    first = None
    for raw in mailboxes.latest_notices(options.configuration(), mailbox):
        found = explain_bounce(raw, fetched=True)
        if found.authentic is not Authenticity.FAILED and found.known:
            return found
        first = first or found
    if first is None:
        raise StopError(
            f"no notice of an undelivered mail in {mailbox}",
            why="nothing there, in Spam and Trash too, is from a mailer-daemon",
            fix="give the notice of another mailbox as a file: rotator explain FILE",
            id="no-bounce",
            runbook="runbooks/canary.md",
        )
    return first
