"""What is read from the headers of a mail that arrived, and what is not believed there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotator.audit.headers import aligned, judge, verdicts
from rotator.core.findings import CheckStatus
from rotator.core.mail.arrivals import Landed

SENDER = "news@queenofsandiego.com"
GOOD = (
    "mx.google.com; dkim=pass header.i=@queenofsandiego.com header.s=abc header.b=Xy; "
    "dkim=pass header.i=@amazonses.com header.s=def; "
    "spf=pass (google.com: domain of 0100@bounce.queenofsandiego.com designates 54.240.8.31 as permitted sender) "
    "smtp.mailfrom=0100-1@bounce.queenofsandiego.com; "
    "dmarc=pass (p=QUARANTINE sp=QUARANTINE dis=NONE) header.from=queenofsandiego.com"
)
OK, FAILED = CheckStatus.OK, CheckStatus.FAILED
WARNING, NOT_KNOWN = CheckStatus.WARNING, CheckStatus.NOT_KNOWN


def landed(
    results: tuple[str, ...] = (GOOD,),
    sender: str = SENDER,
    back: str = "<0100-1@bounce.queenofsandiego.com>",
    *,
    spam: bool = False,
) -> Landed:
    """A mail as Gmail keeps it, with these Authentication-Results from the top."""
    found = tuple(("Authentication-Results", one) for one in results)
    return Landed((*found, ("Return-Path", back), ("From", sender)), "mx.google.com", spam=spam)


def statuses(mail: Landed) -> dict[str, CheckStatus]:
    """What each check came to."""
    return {one.id.removeprefix("mail."): one.status for one in judge(mail, SENDER)}


def test_a_good_mail_passes_every_check() -> None:
    """Six questions, six answers."""
    assert statuses(landed()) == dict.fromkeys(("arrival", "from", "return_path", "spf", "dkim", "dmarc"), OK)


CASES = {
    "in Spam": (landed(spam=True), "arrival", FAILED),
    "from the default address of the mailbox": (landed(sender="ops@gmail.com"), "from", FAILED),
    "from two authors": (landed(sender=f"{SENDER}, b@x.org"), "from", FAILED),
    "the name beside the address does not matter": (landed(sender=f'"a@b.c" <{SENDER.upper()}>'), "from", OK),
    "bounces go to SES's own domain": (landed(back="<01@eu-west-1.amazonses.com>"), "return_path", OK),
    "bounces go to a look-alike of SES": (landed(back="<01@notamazonses.com>"), "return_path", FAILED),
    "it went through Gmail's own servers": (landed(back="<jada@gmail.com>"), "return_path", FAILED),
    "no Return-Path": (landed(back=""), "return_path", FAILED),
    "SPF fails": (landed((GOOD.replace("spf=pass", "spf=fail"),)), "spf", FAILED),
    "SPF has no opinion": (landed((GOOD.replace("spf=pass", "spf=neutral"),)), "spf", WARNING),
    "no SPF at all": (landed(("mx.google.com; dmarc=pass header.from=queenofsandiego.com",)), "spf", WARNING),
    "no DKIM at all": (landed(("mx.google.com; dmarc=pass header.from=queenofsandiego.com",)), "dkim", FAILED),
    "DKIM of SES alone": (landed(("mx.google.com; dkim=pass header.i=@amazonses.com",)), "dkim", FAILED),
    "DKIM of a domain that ends alike": (
        landed(("mx.google.com; dkim=pass header.i=@evilqueenofsandiego.com",)), "dkim", FAILED),
    "DKIM by header.d": (landed(("mx.google.com; dkim=pass header.d=mail.queenofsandiego.com",)), "dkim", OK),
    "DMARC fails": (landed((GOOD.replace("dmarc=pass", "dmarc=fail"),)), "dmarc", FAILED),
    "no DMARC record": (landed((GOOD.replace("dmarc=pass", "dmarc=none"),)), "dmarc", WARNING),
    "a result in a comment": (landed(("mx.google.com; spf=fail (x; dmarc=pass header.from=a.b)",)), "dmarc", WARNING),
    "a result in a nested comment": (landed(("mx.google.com; spf=fail (x (y); dmarc=pass) z",)), "dmarc", WARNING),
    "a result in quotes": (landed(('mx.google.com; spf=fail reason="; dmarc=pass"',)), "dmarc", WARNING),
    "written by the sender": (landed((GOOD.replace("mx.google.com", "mx.evil.com"),)), "dmarc", NOT_KNOWN),
    "by a server whose name begins alike": (
        landed((GOOD.replace("mx.google.com", "mx.google.com.evil"),)), "dmarc", NOT_KNOWN),
    "the receiver's below somebody else's": (landed(("mx.evil.com; dmarc=pass", GOOD)), "dmarc", NOT_KNOWN),
    "the sender's good one below the receiver's bad one": (
        landed((GOOD.replace("dmarc=pass", "dmarc=fail"), GOOD)), "dmarc", FAILED),
    "no results at all": (landed(()), "dkim", NOT_KNOWN),
}  # fmt: skip


@pytest.mark.parametrize(("mail", "check", "status"), CASES.values(), ids=CASES.keys())
def test_each_way_to_be_wrong_is_told_apart(mail: Landed, check: str, status: CheckStatus) -> None:
    """Only the topmost result counts, and only if the receiver wrote it; DKIM must be the author's own."""
    assert statuses(mail)[check] is status


def test_whatever_is_not_well_says_what_to_do() -> None:
    """A failure and a warning name the next action and the page."""
    for mail, _, _ in CASES.values():
        for one in judge(mail, SENDER):
            if one.status in (FAILED, WARNING):
                assert one.fix
                assert one.runbook.startswith("runbooks/failed-audit.md#")


def test_foreign_text_is_shown_without_its_control_characters() -> None:
    """A header can carry an escape sequence; a terminal must not get it."""
    told = " ".join(one.summary for one in judge(landed(sender="\x1b[31mx@y.z", back="<a@\x1b[2J.org>"), SENDER))
    assert "\x1b" not in told


@given(st.text())
def test_no_header_breaks_the_reader(text: str) -> None:
    """Anything can stand in a header; only a well-formed line of the receiver's is ever believed."""
    found = verdicts(landed((text,)))
    assert found is None or text.lower().lstrip().startswith(("mx.google.com", "(", '"'))


@pytest.mark.parametrize(
    ("domain", "same"), [("a.b", True), ("x.a.b", True), ("b", True), ("xa.b", False), ("", False), ("a.b.c", False)]
)
def test_alignment_goes_by_whole_labels(domain: str, *, same: bool) -> None:
    """`evila.b` is not below `a.b`."""
    assert aligned(domain, "a.b") is same
