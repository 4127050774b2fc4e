"""What helps against each of Gmail's refusals, by its id: for the error itself, and for `rotator explain ID`.

Words in capitals are the reader's; the error fills in what it knows.
"""

from __future__ import annotations

from shlex import quote

ADMIN_CONSOLE = "https://admin.google.com/ac/owl/domainwidedelegation"


def login_again(mailbox: str = "ADDRESS", out: str = "FILE") -> str:
    """The command that gets a user token, with what is known filled in."""
    return f"rotator gmail login --mailbox {quote(mailbox)} --client-secrets FILE --out {quote(out)}"


def user_fixes(login: str) -> dict[str, str]:
    """What helps where a new user token does, with the command for it."""
    return {
        "gmail-scope": f"get a token with both scopes, gmail.readonly and gmail.send: {login}",
        "gmail-token-dead": f"{login}   (tokens of an app in status Testing live 7 days: publish it; others end with "
        "a password change, a revocation or 6 months without use)",
    }


GMAIL_FIXES = user_fixes(login_again()) | {
    "gmail-needs-delegation": "a Workspace alias: give the service account domain-wide delegation, "
    f"{ADMIN_CONSOLE}; a personal mailbox can never be written, it is fed by hand: leave "
    "credentials.service_account out, and the next rotation asks a person to paste",
    "gmail-not-authorised": f"authorise client id and scopes at {ADMIN_CONSOLE}",
    "gmail-wrong-mailbox": "let the credentials act as the configured mailbox: correct consumers[].mailbox",
    "gmail-api-off": "enable the Gmail API in the project that the credentials belong to: "
    "https://console.cloud.google.com/apis/library/gmail.googleapis.com, then wait a few minutes",
    "gmail-no-mailbox": "give the user a Gmail licence, or correct consumers[].mailbox",
    "gmail-no-such-alias": "set the address up in Gmail > Settings > Accounts, or correct consumers[].alias",
    "gmail-rejected": 'if it speaks of outbound servers: the admin must switch on "Allow per-user outbound gateways" '
    "(Admin console > Apps > Google Workspace > Gmail > End user access)",
    "gmail-not-written": "the mailbox's own address? name an alias: Gmail ignores a server for that one.   An alias: "
    "take credentials out of the consumer, so that a person pastes",
    "gmail-credentials": "make new credentials, or correct the path in the configuration",
    "gmail-throttled": "run the same command again later",
    "gmail-unclear": "run the same command again: the same value is pushed",
}
