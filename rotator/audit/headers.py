"""What the headers of a mail that arrived say: who sent it, where bounces go, and what the receiver made of it.

Only the topmost Authentication-Results counts, and only if the receiver itself wrote it (RFC 8601 section 5): every
line below it could have been written by the sender.
"""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import getaddresses, parseaddr

from rotator.core.findings import CheckStatus, Finding
from rotator.core.foreign_text import one_line
from rotator.core.mail.arrivals import Landed
from rotator.core.mail.authentication_results import Results, Verdict

PAGE = "runbooks/failed-audit.md"
SES_DOMAIN = "amazonses.com"
LONGEST_SHOWN = 100
DNS_FIX = {
    "spf": "let the MAIL FROM domain's SPF record include amazonses.com",
    "dkim": "publish the DKIM records that SES shows for the identity",
    "dmarc": "publish a DMARC record, and let SPF or DKIM pass for the domain in From",
}


def judge(mail: Landed, sender: str) -> Iterator[Finding]:
    """One finding a question; `sender` is the address that the place is to send as."""
    yield _place(mail)
    yield _author(mail, sender)
    yield _return_path(mail, sender)
    yield from _authentication(mail, domain_of(sender))


def verdicts(mail: Landed) -> tuple[Verdict, ...] | None:
    """The results of the topmost Authentication-Results; None if the receiver did not write it."""
    found = Results.of(next(iter(mail.all("Authentication-Results")), ""))
    return found.verdicts if found.server and found.server == mail.receiver.lower() else None


def domain_of(address: str) -> str:
    """What stands after the @, in lower case."""
    return address.rpartition("@")[2].strip("<>").lower()


def aligned(domain: str, author: str) -> bool:
    """Whether DMARC's relaxed alignment may hold: one is the other, or below it."""
    return bool(domain) and (domain == author or domain.endswith(f".{author}") or author.endswith(f".{domain}"))


def _place(mail: Landed) -> Finding:
    if not mail.spam:
        return Finding("mail.arrival", CheckStatus.OK, "it is in the inbox")
    fix = "look at SPF, DKIM and DMARC below, and at bounces and complaints in SES"
    return Finding("mail.arrival", CheckStatus.FAILED, "it landed in Spam", fix, f"{PAGE}#spam")


def _author(mail: Landed, sender: str) -> Finding:
    written = getaddresses(list(mail.all("From")))
    found = written[0][1] if len(written) == 1 else ""
    if found.lower() == sender.lower():
        return Finding("mail.from", CheckStatus.OK, f"From is {_shown(sender)}")
    seen = f"From is {_shown(found) or 'not one address'}, not {_shown(sender)}"
    fix = "the alias was not used: verify it again in Gmail, or correct canary_from"
    return Finding("mail.from", CheckStatus.FAILED, seen, fix, f"{PAGE}#from")


def _return_path(mail: Landed, sender: str) -> Finding:
    domain = domain_of(parseaddr(next(iter(mail.all("Return-Path")), ""))[1])
    if domain and aligned(domain, domain_of(sender)):
        return Finding("mail.return_path", CheckStatus.OK, f"bounces go to SES at {_shown(domain)}")
    if domain == SES_DOMAIN or domain.endswith(f".{SES_DOMAIN}"):
        seen = f"bounces go to {_shown(domain)}: without a MAIL FROM domain of its own, DMARC rests on DKIM alone"
        return Finding("mail.return_path", CheckStatus.OK, seen)
    fix = "the mail did not leave through SES: look at the SMTP server of the place"
    seen = f"bounces go to {_shown(domain) or 'nobody'}, which is not SES"
    return Finding("mail.return_path", CheckStatus.FAILED, seen, fix, f"{PAGE}#return-path")


def _authentication(mail: Landed, author: str) -> Iterator[Finding]:
    found = verdicts(mail)
    for method in ("spf", "dkim", "dmarc"):
        if found is None:
            seen = f"no Authentication-Results of {_shown(mail.receiver)} at the top, and no other is believed"
            fix = "let the audit's mail arrive in a mailbox whose server checks mail"
            yield Finding(f"mail.{method}", CheckStatus.NOT_KNOWN, seen, fix, f"{PAGE}#authentication")
        else:
            yield _method(method, [one for one in found if one.method == method], author)


def _method(method: str, found: list[Verdict], author: str) -> Finding:
    """DKIM must pass for the author's own domain; SPF is about the bounce domain, DMARC about the author."""
    good = [one for one in found if one.result == "pass" and (method != "dkim" or aligned(one.domain, author))]
    if good:
        return Finding(f"mail.{method}", CheckStatus.OK, f"{method} passed for {_shown(good[0].domain or author)}")
    seen = ", ".join(f"{one.result} for {_shown(one.domain)}" for one in found) or "none"
    soft = method != "dkim" and all(one.result in {"none", "neutral", "temperror"} for one in found)
    status = CheckStatus.WARNING if soft else CheckStatus.FAILED
    return Finding(f"mail.{method}", status, f"{method}: {seen}", DNS_FIX[method], f"{PAGE}#authentication")


def _shown(text: str) -> str:
    """Foreign text in one harmless line."""
    return one_line(text)[:LONGEST_SHOWN]
