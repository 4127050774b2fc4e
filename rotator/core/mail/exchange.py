"""What Exchange Online means when a recipient's server answers 5.1.x, 5.4.x or 5.7.x, and who can repair it.

Source: https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online.
None of these is about the SMTP credential, also where the text says "authentication required".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

PAGE = "runbooks/recipient-exchange.md"
ENHANCED = re.compile(r"(?<![0-9.])5\.(?:[0-9]{1,3})\.(?:[0-9]{1,3})(?![0-9.])")
# Its host names, its internal names for reasons, and its system mailbox.
SIGNS = re.compile(
    r"\.(?:mail\.protection\.outlook\.com|prod\.outlook\.com|mx\.microsoft)\b|\.onmicrosoft\.com\b|"
    r"\bRESOLVER\.[A-Z]+\.|\bmicrosoftexchange[0-9a-f]{32}@|exchangelabs\.com",
    re.IGNORECASE,
)
BANNED_IP = range(606, 650)  # 5.7.606-649


class Repairs(StrEnum):
    """Who can repair it, which is also the section of the page."""

    OUR_DNS = "our-records"
    RECIPIENT = "the-recipients-side"
    ADDRESS = "the-address"
    REPUTATION = "reputation"
    OUR_MAIL = "our-mail"


@dataclass(frozen=True, slots=True)
class Reason:
    """One enhanced status code.  `checks` are doctor checks that can show the cause on our side."""

    code: str
    means: str
    repairs: Repairs
    fix: str
    checks: tuple[str, ...] = ()


RECORDS = ("dns.spf", "dns.dkim", "dns.dmarc")
_ASK = "only an administrator at the recipient's side can change it: send them the code and the text"
_ADDRESS = "ask the recipient, by another way, for the right address"
_RECORDS = "repair what rotator doctor dns finds; both SPF (on the MAIL FROM domain) and DKIM should align with From"
_DELIST = "SES's shared addresses: tell AWS support; your own: https://sender.office.com"

REASONS: dict[str, Reason] = {
    one.code: one
    for one in (
        Reason("5.1.10", "the address does not exist there", Repairs.ADDRESS, _ADDRESS),
        Reason("5.4.1", "the domain does not take mail for this address", Repairs.ADDRESS, _ADDRESS),
        Reason("5.7.1", "the recipient's rules refuse it (restricted recipient, mail rule, block list)",
               Repairs.RECIPIENT, _ASK),
        Reason("5.7.23", "SPF failed", Repairs.OUR_DNS, _RECORDS, ("dns.spf", "dns.mail_from", "ses.mail_from")),
        Reason("5.7.25", "the sending IPv6 address has no reverse DNS record", Repairs.REPUTATION, _DELIST),
        Reason("5.7.57", "the program talks to Exchange itself, without a login", Repairs.OUR_MAIL,
               "let the program send through SES, not through the recipient's server"),
        Reason("5.7.64", "a connector at the recipient's side no longer fits", Repairs.RECIPIENT, _ASK),
        Reason("5.7.124", "the group takes mail from listed senders only", Repairs.RECIPIENT, _ASK),
        Reason("5.7.129", "the mailbox takes mail from listed senders only", Repairs.RECIPIENT, _ASK),
        Reason("5.7.133", "the group takes mail from inside its organisation only", Repairs.RECIPIENT, _ASK),
        Reason("5.7.134", "the mailbox takes mail from inside its organisation only", Repairs.RECIPIENT, _ASK),
        Reason("5.7.135", "the public folder takes mail from inside its organisation only", Repairs.RECIPIENT, _ASK),
        Reason("5.7.136", "the mail user takes mail from inside its organisation only", Repairs.RECIPIENT, _ASK),
        Reason("5.7.501", "the sender is banned for spam", Repairs.REPUTATION, _DELIST),
        Reason("5.7.502", "the sender is banned for spam", Repairs.REPUTATION, _DELIST),
        Reason("5.7.503", "the sender is banned for spam", Repairs.REPUTATION, _DELIST),
        Reason("5.7.504", "the address is not valid there", Repairs.ADDRESS, _ADDRESS),
        Reason("5.7.505", "the recipient is banned there", Repairs.ADDRESS, _ADDRESS),
        Reason("5.7.507", "the recipient's organisation blocks the sending IP", Repairs.RECIPIENT, _ASK),
        Reason("5.7.508", "too much mail from this IPv6 range", Repairs.REPUTATION, "send less at a time; try again"),
        Reason("5.7.509", "DMARC failed, and the policy of the From domain is reject", Repairs.OUR_DNS, _RECORDS,
               RECORDS),
        Reason("5.7.511", "the sending IP is banned", Repairs.REPUTATION,
               "mail the whole text and the IP to delist@microsoft.com"),
        Reason("5.7.512", "the From header is missing or malformed (RFC 5322)", Repairs.OUR_MAIL,
               "correct the From header in the sending program"),
        Reason("5.7.513", "the recipient's organisation blocks the sending IP", Repairs.RECIPIENT, _ASK),
        Reason("5.7.515", "the From domain lacks the authentication asked of bulk senders (SPF, DKIM and DMARC)",
               Repairs.OUR_DNS, _RECORDS, RECORDS),
        Reason("5.7.606", "the sending IP is banned", Repairs.REPUTATION, _DELIST),
        Reason("5.7.703", "the recipient's organisation blocks this address or domain", Repairs.RECIPIENT, _ASK),
        Reason("5.7.705", "the sending Microsoft 365 tenant is over its limit", Repairs.REPUTATION, _DELIST),
        Reason("5.7.708", "no traffic is taken from this IP", Repairs.REPUTATION, _DELIST),
        Reason("5.7.750", "the sending Microsoft 365 tenant does not own the From domain", Repairs.OUR_MAIL,
               "send through SES, or register the domain with Microsoft 365"),
        Reason("5.7.800", "the sending domain is banned for spam", Repairs.REPUTATION, _DELIST),
    )
}  # fmt: skip


def recognised(text: str) -> bool:
    """Whether Exchange speaks: by its hosts, its reason names, or a code that only it uses."""
    return SIGNS.search(text) is not None or any(_only_exchange(code) for code in ENHANCED.findall(text))


def reason(text: str) -> Reason | None:
    """The reason of a reply that Exchange gave; None if it is another server's, or a code without a line here."""
    if not recognised(text):
        return None
    for code in ENHANCED.findall(text):
        found = REASONS.get(code) or (REASONS["5.7.606"] if _banned_ip(code) else None)
        if found is not None:
            return found
    return None


def _banned_ip(code: str) -> bool:
    start, _, last = code.rpartition(".")
    return start == "5.7" and int(last) in BANNED_IP


def _only_exchange(code: str) -> bool:
    """RFC 3463 codes have small numbers; only Exchange counts in hundreds."""
    return (code in REASONS and len(code) == len("5.7.nnn")) or _banned_ip(code)
