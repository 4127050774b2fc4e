"""Every id that an error of ours can carry, beside those of the error classes and of refusals: cause and page.

The ids stand in `--json` (`id`) and on the pages; `rotator explain ID` and the tests read this table.  What to type
stands in the error itself, which knows the names; here is what such an error means.
"""

from __future__ import annotations

from dataclasses import dataclass

from rotator.core import errors
from rotator.core.errors import Exit, RotatorError
from rotator.core.mail.gmail_fixes import GMAIL_FIXES
from rotator.core.refusals import TOLD


@dataclass(frozen=True, slots=True)
class ErrorId:
    """What an id means.  `fix` is empty where only the error itself can name it."""

    id: str
    cause: str
    fix: str
    runbook: str
    exit_code: Exit


_MAIN, _KEYS, _LEAK = "runbooks/ses-smtp-key-rotation.md", "runbooks/two-keys.md", "runbooks/compromised-key.md"
_PUSH, _GMAIL, _CONFIG = "runbooks/consumer-push.md", "runbooks/gmail.md", "runbooks/configuration.md"
_SPIKE = "runbooks/suppression-spike.md"
_ACCESS, _RESTORE, _535 = "runbooks/access.md", "runbooks/restore.md", "runbooks/smtp-535.md"

# id: (exit code, what it means, page)
OTHERS: dict[str, tuple[Exit, str, str]] = {
    "abort-too-late": (Exit.FAILED, "the new key was handed out or the old one leaked: only forward from here", _MAIN),
    "already-adopted": (Exit.FAILED, "the journal already knows which key the consumers hold", _MAIN),
    "compromised": (Exit.FAILED, "the key leaked; only a person at a terminal switches it on again", _LEAK),
    "incident-needs-key": (Exit.USAGE, "an incident is about one key, which has to be named", _LEAK),
    "no-terminal": (Exit.USAGE, "a password is shown at a terminal or written to a file of your own", _CONFIG),
    "not-a-candidate": (Exit.FAILED, "that key is not the fruit of an unclear create of ours", _KEYS),
    "not-by-hand": (Exit.USAGE, "rotator feeds that place itself", _CONFIG),
    "not-derivable": (Exit.USAGE, "no SMTP password follows from what was given", _CONFIG),
    "not-in-play": (Exit.FAILED, "that key is not the one that the run replaces or hands out", _MAIN),
    "not-proven": (Exit.FAILED, "the secret given does not log in at SES", _535),
    "not-handed-over": (Exit.FAILED, "nobody was handed the new credential of that place yet", _PUSH),
    "not-ready": (Exit.FAILED, "the new key is not proven yet, so it is not handed over", _MAIN),
    "not-sealed": (Exit.FAILED, "the password of that key was never kept here", _MAIN),
    "nothing-open": (Exit.FAILED, "no rotation is open", _MAIN),
    "paused": (Exit.FAILED, "the program was stopped for a while and its lock or deadline ran out", _MAIN),
    "reactivate-failed": (Exit.HELP_NEEDED, "IAM did not switch the key on again", _MAIN),
    "revoke-by-hand": (Exit.HELP_NEEDED, "the leaked key could not be switched off from here", _LEAK),
    "seal-kms": (Exit.FAILED, "KMS does not open the wrapped seal key", _RESTORE),
    "still-in-file": (Exit.USAGE, "the place is still in the file, so it is not forgotten", _CONFIG),
    "two-active-keys": (Exit.FAILED, "two keys are Active and nobody said which one the consumers hold", _KEYS),
    "unknown-check": (Exit.USAGE, "the doctor has no check and no layer of that name", _CONFIG),
    "unknown-consumer": (Exit.USAGE, "the file names no such place", _CONFIG),
    "unknown-key": (Exit.USAGE, "the user has no such key", _CONFIG),
    "unknown-page": (Exit.USAGE, "there is no such page, or it has no such part", _CONFIG),
    "invalid-configuration": (Exit.USAGE, "the configuration file has mistakes; all are told at once", _CONFIG),
    "duration": (Exit.USAGE, "a time is a whole number and one of s, m, h, d", _CONFIG),
    "report-file": (Exit.USAGE, "the report cannot be written there", _CONFIG),
    "clock-doubtful": (Exit.FAILED, "AWS and this machine do not agree what time it is", _RESTORE),
    "clock-needs-person": (Exit.FAILED, "the journal's time is corrected only by a person at a terminal", _RESTORE),
    "clock-right": (Exit.FAILED, "no time in the journal is later than AWS's: nothing to correct", _RESTORE),
    "clock-jumped": (Exit.RETRY, "two replies of one process tell times that do not fit together", _ACCESS),
    "key-not-found": (Exit.RETRY, "IAM does not know the key yet; its lists lag", _ACCESS),
    "stale-token": (Exit.RETRY, "the suppression list changed faster than it could be read", _SPIKE),
    "suppression-store": (Exit.FAILED, "our copy of the suppression list cannot be read or written", _SPIKE),
    "credential-file-mode": (Exit.FAILED, "others can read the file with the credential", _PUSH),
    "unknown-run": (Exit.USAGE, "the journal has no such run", _CONFIG),
    "unsafe-path": (Exit.USAGE, "others could read, change or swap a file of ours", _CONFIG),
    "wrong-account": (Exit.ACCESS, "the AWS credentials open another account than the file names", _ACCESS),
    "aws-endpoint": (Exit.ACCESS, "a file of the AWS tools would send requests to another host", _CONFIG),
    "unreadable-mailbox": (Exit.USAGE, "the file has no credentials that read that mailbox", _CONFIG),
    "no-bounce": (Exit.FAILED, "the mailbox holds no notice of an undelivered mail", "runbooks/canary.md"),
    "permission": (Exit.FAILED, "the SMTP user's policies do not allow ses:SendRawEmail", _ACCESS),
    "iam-permission": (Exit.FAILED, "the SMTP user may not send, says a simulation of its policies", _ACCESS),
    "endpoint": (Exit.FAILED, "an SMTP endpoint cannot be reached or trusted", "runbooks/smtp-endpoint.md"),
    "command": (Exit.FAILED, "the place's own program failed", _PUSH),
    "credential-file": (Exit.FAILED, "the file with the credential cannot be written or read", _PUSH),
    "after-command": (Exit.FAILED, "the command after writing the file failed", _PUSH),
    "secret-missing": (Exit.FAILED, "Secrets Manager has no such secret", _PUSH),
    "secret-deleted": (Exit.FAILED, "the secret is scheduled for deletion", _PUSH),
    "secret-replica": (Exit.FAILED, "the secret is a replica and cannot be written", _PUSH),
    "secret-rotated-twice": (Exit.FAILED, "Secrets Manager rotates this secret by itself as well", _PUSH),
    "secret-pending": (Exit.FAILED, "somebody else's version waits in AWSPENDING", _PUSH),
    "secret-not-json": (Exit.FAILED, "the secret's text is not a JSON object", _PUSH),
    "write-permission": (Exit.ACCESS, "the program's own policies do not let it write that place", _PUSH),
    "write-permission-not-known": (Exit.RETRY, "IAM could not say whether the program may write that place", _PUSH),
    "parameter-form": (Exit.FAILED, "the parameter has another form than the file says", _PUSH),
    "gmail-needs-delegation": (Exit.ACCESS, "only a service account with delegation may write this alias", _GMAIL),
    "gmail-not-authorised": (Exit.ACCESS, "the admin has not authorised this client for all scopes", _GMAIL),
    "gmail-wrong-mailbox": (Exit.ACCESS, "the credentials open another mailbox", _GMAIL),
    "gmail-scope": (Exit.ACCESS, "the token lacks a scope", _GMAIL),
    "gmail-api-off": (Exit.ACCESS, "the Gmail API is not enabled in the project of the credentials", _GMAIL),
    "gmail-token-dead": (Exit.ACCESS, "the token has expired or was revoked", _GMAIL),
    "gmail-no-mailbox": (Exit.ACCESS, "that Google user has no mailbox", _GMAIL),
    "gmail-no-such-alias": (Exit.ACCESS, "the address is not set up under Send mail as", _GMAIL),
    "gmail-rejected": (Exit.FAILED, "Gmail refused the settings; its text says why", _GMAIL),
    "gmail-throttled": (Exit.RETRY, "Gmail's quota for this user or project is used up", _GMAIL),
    "gmail-credentials": (Exit.ACCESS, "the file with Google's credentials cannot be used", _GMAIL),
    "gmail-unclear": (Exit.RETRY, "Gmail gave no clear answer; the call may have had its effect", _GMAIL),
    "gmail-primary": (Exit.FAILED, "Gmail ignores an SMTP server for the primary address", _GMAIL),
    "gmail-alias-pending": (Exit.FAILED, "the alias waits for its verification mail", _GMAIL),
    "gmail-smtp-server": (Exit.FAILED, "the alias points to another server than the endpoint", _GMAIL),
    "gmail-not-written": (Exit.FAILED, "Gmail said yes and wrote no SMTP server", _GMAIL),
    "bug": (Exit.BUG, "something that nobody foresaw; the traceback is in the file it names", _MAIN),
    "interrupted": (
        Exit.INTERRUPTED,
        "a signal ended the command: the step in hand was finished, or its wait cut short; all of it is journalled",
        _MAIN,
    ),
    "usage": (Exit.USAGE, "the command line cannot be understood", _CONFIG),
}

# The section of its page, with the ids that stand under it.
SECTIONS: dict[str, tuple[str, ...]] = {
    "a-bug": ("bug",),
    "a-consumer-is-not-in-the-file-any-more": ("still-in-file",),
    "a-dead-token": ("gmail-token-dead", "gmail-credentials"),
    "a-program-of-your-own": ("command",),
    "alias-pending": ("gmail-alias-pending", "gmail-no-such-alias"),
    "an-argument-that-does-not-fit": (
        "duration", "no-terminal", "not-by-hand", "not-derivable", "report-file", "unreadable-mailbox", "usage",
    ),
    "an-unknown-name": ("unknown-consumer", "unknown-key", "unknown-page", "unknown-run"),
    "another-server": ("gmail-smtp-server",),
    "going-back": ("abort-too-late",),
    "later": ("gmail-throttled", "gmail-unclear"),
    "missing-delegation": ("gmail-needs-delegation", "gmail-not-authorised"),
    "not-at-an-ordinary-host": ("aws-endpoint",),
    "not-now": ("clock-jumped", "key-not-found"),
    "parameter-store": ("parameter-form",),
    "refused": ("credential-file", "credential-file-mode", "after-command"),
    "refused-and-nothing-is-wrong": (
        "already-adopted", "interrupted", "not-in-play", "not-ready", "not-sealed", "nothing-open", "paused",
        "reactivate-failed",
    ),
    "rejected": ("gmail-rejected", "gmail-not-written"),
    "scopes": ("gmail-scope", "gmail-api-off"),
    "secrets-manager": (
        "secret-missing", "secret-deleted", "secret-replica", "secret-rotated-twice", "secret-pending",
        "secret-not-json", "write-permission", "write-permission-not-known",
    ),
    "the-journal-is-ahead-of-the-clock": ("clock-doubtful", "clock-needs-person", "clock-right"),
    "the-key-that-is-in-use": ("not-proven",),
    "the-mailboxs-own-address": ("gmail-primary",),
    "the-seal-key-is-wrapped-by-kms": ("seal-kms",),
    "the-smtp-user-may-not-send": ("permission", "iam-permission"),
    "the-wrong-account-or-user": ("wrong-account",),
    "the-wrong-mailbox": ("gmail-wrong-mailbox", "gmail-no-mailbox"),
    "two-active-keys-at-the-first-contact": ("two-active-keys",),
    "waiting-for-a-person": ("not-handed-over",),
    "who-may-write-the-file": ("unsafe-path",),
    "whose-key-is-this": ("not-a-candidate",),
}  # fmt: skip
_SECTION_OF = {one: section for section, ids in SECTIONS.items() for one in ids}

# What stands for the names that only the error itself knows.
A_KEY, ANOTHER_KEY = "AKIA…", "AKIA…"
ABOUT = dict.fromkeys(("consumer-not-in-file", "hand-over", "still-on-old-key"), ("CONSUMER", ""))
FIXES = GMAIL_FIXES | {
    "bug": "send the file that it names with what `rotator --version` prints, then run the same command again",
    "iam-permission": "allow ses:SendRawEmail for the identity, in the user's policy, its groups, boundary and SCP",
    "usage": "rotator COMMAND --help",
    "interrupted": "run the same command again: it goes on from there",
    "not-handed-over": "rotator handover USER CONSUMER --reveal, paste, then: rotator confirm USER CONSUMER",
    "not-ready": "rotator rotate --user USER",
    "paused": "run the same command again",
    "clock-jumped": "run the same command again",
    "key-not-found": "run the same command again",
    "stale-token": "run the same command again later",
}


def error_id(id: str) -> ErrorId | None:
    """What is known of the id of an error, or None."""
    if id in OTHERS:
        code, cause, page = OTHERS[id]
        return ErrorId(id, cause, FIXES.get(id, ""), at_section(id, page), code)
    if id in TOLD:
        entry = TOLD[id]
        fix = entry.fix.format(*ABOUT.get(id, (A_KEY, ANOTHER_KEY)), user="USER")
        return ErrorId(id, entry.why, fix, entry.runbook, entry.exit_code)
    for one in _classes():
        if one.id == id:
            return ErrorId(id, one.why or str(one.__doc__), one.fix, one.runbook, one.exit_code)
    return None


def at_section(id: str, page: str) -> str:
    """The page of an error, at the section that speaks of its id; the page itself if it names one, or has none."""
    return f"{page}#{_SECTION_OF[id]}" if id in _SECTION_OF and page == OTHERS[id][2] else page


def known_ids() -> tuple[str, ...]:
    """Every id, sorted."""
    return tuple(sorted({*OTHERS, *TOLD, *(one.id for one in _classes())} - {RotatorError.id}))


def _classes() -> tuple[type[RotatorError], ...]:
    found = (one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, RotatorError))
    return tuple(one for one in found if one is not RotatorError)
