"""Layer 6: the recipient, where one is named.  SES says 250 for a suppressed one too: nothing else shows it."""

from __future__ import annotations

from rotator.core.looks import Lookup
from rotator.core.times import day, iso
from rotator.doctor.checks import Kind, Subject, Verdict, broken, check, ok, warning
from rotator.doctor.dns import unanswered
from rotator.doctor.ground import Ground

EXCHANGE_ONLINE = (".mail.protection.outlook.com", ".mx.microsoft")  # Microsoft 365's own MX names
# RFC 5321 section 5.1: without an MX the address record of the name itself counts.
NULL_MX = ""


@check(
    "recipient.suppression", "the recipient is not on the account's suppression list", Kind.RECIPIENT_REGION,
    "recipient-suppressed.md", lane="ses",
)  # fmt: skip
def suppression(ground: Ground, subject: Subject) -> Verdict:
    """The entry, its reason and date; SES's own global list cannot be asked."""
    entry = ground.ses.suppressed(subject.region, subject.address)
    if entry is None:
        return ok(f"not on the account's list in {subject.region} (SES's global list cannot be asked)")
    what = f"suppressed in {subject.region} since {day(entry.since)} for a {entry.reason}"
    seen = f"{what}: SES says 250 and sends nothing"
    fix = (
        "they marked a mail as spam: ask them another way before you take them off"
        if entry.reason == "COMPLAINT"
        else "make sure that the address works again, then take it off"
    )
    return broken(seen, fix, reason=entry.reason, since=iso(entry.since))


@check("recipient.mx", "the recipient's domain takes mail, and by whom", Kind.RECIPIENT, "recipient-domain.md")
def mx(ground: Ground, subject: Subject) -> Verdict:
    """The MX of the domain; Exchange Online is named, because it refuses after SES's 250."""
    domain = subject.address.rpartition("@")[2].lower()
    answer = ground.records(domain, "MX")
    if answer.status is Lookup.NO_NAME:
        return broken(f"{domain}: {answer.status}", "correct the address", lookup=answer.status)
    if answer.status is Lookup.EMPTY:
        return _without_mx(ground, domain)
    if (silent := unanswered(answer, domain, "MX")) is not None:
        return silent
    hosts = [value.partition(" ")[2] for value in answer.values]
    if hosts == [NULL_MX]:
        return broken(f"{domain} says that it takes no mail at all (null MX, RFC 7505)", "correct the address")
    if all(_without_address(ground, host) for host in hosts):
        seen = f"{domain} MX {', '.join(hosts)}: no such host has an address, so it takes no mail"
        return broken(seen, "correct the address, or tell whoever runs that domain", lookup=Lookup.EMPTY)
    if any(host.endswith(EXCHANGE_ONLINE) for host in hosts):
        seen = f"Exchange Online ({hosts[0]}): if it refuses with 5.7.x, runbooks/recipient-exchange.md"
        return ok(seen, server="exchange-online")
    return ok(f"{domain} MX {', '.join(hosts)}")


def _without_address(ground: Ground, host: str) -> bool:
    """Whether DNS says so; a question without an answer is no such word."""
    return all(ground.records(host, kind).absent for kind in ("A", "AAAA"))


def _without_mx(ground: Ground, domain: str) -> Verdict:
    if any(ground.records(domain, kind).values for kind in ("A", "AAAA")):
        return warning(f"{domain} has no MX; mail goes to the host itself", "ask whether the address is right")
    return broken(f"{domain} has neither MX nor address: it takes no mail", "correct the address", lookup=Lookup.EMPTY)
