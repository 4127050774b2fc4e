"""The error tree: what a person is told, the exit code a timer sees, the page that helps.

    RotatorError
      ConfigurationError (2)     the file, a path, an unknown user or key: nothing was tried
        NoJournal
      AccessError (4)            no credentials, no permission, the wrong account
      StopError (1)              refused, state as before: strangers' keys, quota, seal, disk, journal
      HelpNeeded (3)             open, and a person is needed now; says on which key mail flows
      LockHeld (5)               another run is at work; its owner is named
      RemoteFault (6)            throttled, timed out, 5xx: worth another try
      ConsumerError (1)          a consumer cannot be asked or told

Whatever else escapes is a bug (70).  Every instance says what was seen (`str`), `why`, `fix` and `runbook`;
never a secret.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes, a contract with cron, systemd and scripts."""

    OK = 0
    FAILED = 1
    USAGE = 2
    HELP_NEEDED = 3
    ACCESS = 4
    LOCKED = 5
    RETRY = 6
    WOULD_CHANGE = 7
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143


class RotatorError(Exception):
    """Base of all errors that are told to a person."""

    exit_code: Exit = Exit.FAILED
    id: str = "error"
    why: str = ""
    fix: str = ""
    runbook: str = ""

    def __init__(
        self,
        seen: str,
        *,
        why: str | None = None,
        fix: str | None = None,
        id: str | None = None,
        runbook: str | None = None,
    ) -> None:
        super().__init__(seen)
        self.why = self.why if why is None else why
        self.fix = self.fix if fix is None else fix
        self.id = self.id if id is None else id
        self.runbook = self.runbook if runbook is None else runbook


class ConfigurationError(RotatorError):
    """The configuration, a path or an argument cannot be used."""

    exit_code = Exit.USAGE
    id = "configuration"
    why = "the configuration or an argument cannot be used; nothing was tried"
    fix = "correct it, then: rotator config check"
    runbook = "runbooks/configuration.md"


class NoJournal(ConfigurationError):
    """There is no journal for this user on this machine."""

    id = "no-journal"
    why = "the journal is the only memory of which keys are ours; without it nothing may be touched"
    fix = "first use: rotator adopt.  Lost, moved or restored: runbooks/journal-or-seal-lost.md"
    runbook = "runbooks/journal-or-seal-lost.md"


class AccessError(RotatorError):
    """No credentials, no permission, or the wrong account."""

    exit_code = Exit.ACCESS
    id = "access"
    why = "AWS or Google does not let this program in"
    fix = "check the credentials of the service user and its policy: rotator config policy"
    runbook = "runbooks/access.md"


class StopError(RotatorError):
    """Refused before anything changed."""

    exit_code = Exit.FAILED
    id = "stopped"
    runbook = "runbooks/ses-smtp-key-rotation.md"


class SealError(StopError):
    """The seal key is missing, unsafe or not the one the journal was written with."""

    id = "seal"
    why = "sealed secrets cannot be read or written without the seal key"
    fix = "put the original seal key back; never make a new one for an old journal"
    runbook = "runbooks/restore.md#the-seal-key"


class JournalError(StopError):
    """The journal cannot be read, written or believed."""

    id = "journal"
    why = "without a journal that can be written nothing may be changed"
    fix = "check the disk and the file, then run the same command again; damaged: restore it"
    runbook = "runbooks/restore.md#a-damaged-journal-or-a-full-disk"


class HelpNeeded(RotatorError):
    """The run is open and a person is needed now."""

    exit_code = Exit.HELP_NEEDED
    id = "help-needed"
    runbook = "runbooks/ses-smtp-key-rotation.md"


class LockHeld(RotatorError):
    """Another run holds the lock of this user."""

    exit_code = Exit.LOCKED
    id = "locked"
    why = "two rotations of one user never interleave"
    fix = "wait for it; a stopped owner can be continued or ended by its process id"
    runbook = "runbooks/ses-smtp-key-rotation.md#the-lock-is-held"


class Overtaken(LockHeld):
    """A rotation began or went on since this process looked: what it was about to do was about another state."""

    id = "overtaken"
    why = "a login or a test mail is about one key, and a run has moved on to another since this command looked"
    fix = "run the same command again once rotator status says that the run rests"


class RemoteFault(RotatorError):
    """The other side is unwell: throttled, unreachable, 5xx.  Nothing was learnt."""

    exit_code = Exit.RETRY
    id = "remote"
    why = "the other side did not answer in a way that says anything"
    fix = "run the same command again later"
    runbook = "runbooks/access.md"


class KeyNotFound(RemoteFault):
    """IAM does not know the key it was asked about; of a new one that means nothing, because lists and look-ups lag."""

    id = "key-not-found"


class ConsumerError(RotatorError):
    """A consumer cannot be asked or told; the only error a consumer raises."""

    exit_code = Exit.FAILED
    id = "consumer"
    why = "the place that holds the credential could not be reached or written"
    fix = "rotator doctor consumer gmail looks at every place; mend what it says, then run the same command again"
    runbook = "runbooks/consumer-push.md"
