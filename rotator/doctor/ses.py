"""Layer 2: SES in each region.  May the account send, is the domain verified, who signs, where do bounces go."""

from __future__ import annotations

from rotator.core.looks import SesIdentity
from rotator.doctor.checks import Kind, Subject, Verdict, broken, check, ok, skipped, warning
from rotator.doctor.ground import Ground

QUOTA_WARNS = 0.8  # of the mails in 24 h
CONSOLE = "open the SES console in {region}"
# VerificationInfo.ErrorType -> what to do (SES v2 API, GetEmailIdentity)
WHY = {
    "HOST_NOT_FOUND": "the records are not in DNS: publish them (rotator doctor --zone-file)",
    "TYPE_NOT_FOUND": "the name is in DNS without the CNAME: publish it (rotator doctor --zone-file)",
    "INVALID_VALUE": "the records in DNS have another value: correct them (rotator doctor --zone-file)",
    "DNS_SERVER_ERROR": "the domain's nameservers did not answer SES: ask whoever runs them",
    "SERVICE_ERROR": "SES could not check: wait an hour, then look again",
}


@check(
    "ses.account",
    "SES lets the account send in this region",
    Kind.REGION,
    "ses-account.md#paused-or-under-review",
    lane="ses",
)
def account(ground: Ground, subject: Subject) -> Verdict:
    """Enforcement status and the sending switch."""
    found = ground.account(subject.region)
    fix = CONSOLE.format(region=subject.region)
    if found.enforcement == "SHUTDOWN":
        return broken("SES has paused the account's sending (SHUTDOWN)", f"{fix} and answer AWS's case")
    if not found.sending:
        return broken("sending is switched off for the account", "aws sesv2 put-account-sending-attributes "
                      f"--sending-enabled --region {subject.region}")  # fmt: skip
    if found.enforcement != "HEALTHY":
        seen = f"the account is under review ({found.enforcement})"
        return warning(seen, f"{fix}, read the review and lower bounces or complaints")
    return ok(f"sending enabled, {found.enforcement}")


@check(
    "ses.production",
    "the account is out of SES's sandbox",
    Kind.REGION,
    "ses-account.md#sandbox",
    needs=["ses.account"],
    lane="ses",
)
def production(ground: Ground, subject: Subject) -> Verdict:
    """In SES's sandbox only verified addresses get mail."""
    if ground.account(subject.region).production:
        return ok("production access")
    seen = "in SES's sandbox: 200 mails a day, and only to verified addresses"
    return broken(seen, f"{CONSOLE.format(region=subject.region)} and request production access")


@check(
    "ses.quota",
    "the daily quota is not used up",
    Kind.REGION,
    "ses-account.md#quota",
    needs=["ses.account"],
    lane="ses",
)
def quota(ground: Ground, subject: Subject) -> Verdict:
    """Mails of the last 24 hours against the quota."""
    found = ground.account(subject.region)
    if found.quota < 0:
        return ok(f"{found.sent:.0f} sent in 24 h, without limit")
    shown = f"{found.sent:.0f} of {found.quota:.0f} sent in 24 h"
    if found.sent >= found.quota:
        return broken(shown, "wait until the oldest are 24 h old, or request a higher quota")
    if found.sent >= QUOTA_WARNS * found.quota:
        return warning(shown, "request a higher quota before it is used up")
    return ok(f"{shown}, {found.rate:.0f} a second")


@check(
    "ses.suppression",
    "bounces and complaints are suppressed",
    Kind.REGION,
    "ses-account.md#suppression",
    needs=["ses.account"],
    lane="ses",
)
def suppression(ground: Ground, subject: Subject) -> Verdict:
    """For which reasons the account suppresses: without, repeated bounces cost the reputation."""
    reasons = ground.account(subject.region).suppressed_reasons
    missing = [one for one in ("BOUNCE", "COMPLAINT") if one not in reasons]
    if not missing:
        return ok("BOUNCE and COMPLAINT")
    fix = (
        f"aws sesv2 put-account-suppression-attributes --suppressed-reasons BOUNCE COMPLAINT --region {subject.region}"
    )
    return warning(f"the account does not suppress {' and '.join(missing)}", fix)


@check(
    "ses.identity",
    "SES has verified the domain in this region",
    Kind.DOMAIN,
    "ses-identity.md#not-verified",
    needs=["ses.account"],
    lane="ses",
)
def identity(ground: Ground, subject: Subject) -> Verdict:
    """The domain's identity, and why it is not verified."""
    found = ground.identity(ground.domains[subject.domain])
    if found is None:
        seen = f"SES does not know {subject.domain} in {subject.region}"
        return broken(seen, "create and verify it there, or correct domains[].region")
    if found.verified:
        return ok(f"verified in {subject.region}")
    why = f" ({found.error})" if found.error else ""
    seen = f"not verified in {subject.region}: {found.status}{why}"
    return broken(seen, WHY.get(found.error, "publish the records: rotator doctor --zone-file"))


@check(
    "ses.dkim", "SES signs the domain's mail", Kind.DOMAIN, "ses-identity.md#dkim", needs=["ses.identity"], lane="ses"
)
def dkim(ground: Ground, subject: Subject) -> Verdict:
    """Signing switched on, and SES content with the keys in DNS."""
    found = _identity(ground, subject)
    if found is None:
        return skipped("SES does not know the domain")
    if not found.signing:
        fix = f"aws sesv2 put-email-identity-dkim-attributes --email-identity {found.name} --signing-enabled"
        return broken("DKIM signing is switched off", f"{fix} --region {subject.region}")
    if found.dkim_status != "SUCCESS":
        fix = "publish the three CNAMEs (rotator doctor --zone-file); SES looks again for 72 h"
        return broken(f"SES does not sign: {found.dkim_status}", fix)
    return ok(f"signing, keys by {found.dkim_origin}")


@check(
    "ses.mail_from",
    "SES uses the MAIL FROM domain",
    Kind.DOMAIN,
    "ses-identity.md#mail-from",
    needs=["ses.identity"],
    lane="ses",
)
def mail_from(ground: Ground, subject: Subject) -> Verdict:
    """Which MAIL FROM domain, its state, and what SES does while its MX is missing."""
    found, wanted = _identity(ground, subject), ground.domains[subject.domain].mail_from
    if found is None:
        return skipped("SES does not know the domain")
    if wanted and found.mail_from != wanted:
        seen = f"SES uses {found.mail_from or 'amazonses.com'}, the file says {wanted}"
        return broken(seen, f"set the MAIL FROM domain {wanted} at SES, or correct domains[].mail_from")
    if not found.mail_from:
        return ok("none: bounces go to amazonses.com, so SPF is not aligned and DKIM alone carries DMARC")
    if found.mail_from_status == "SUCCESS":
        return ok(f"{found.mail_from}, on MX failure {found.on_mx_failure}")
    consequence = (
        "SES refuses the mail (554)" if found.on_mx_failure == "REJECT_MESSAGE" else "SES uses amazonses.com meanwhile"
    )
    fix = "publish its MX (rotator doctor --zone-file); SES looks again for 72 h"
    return broken(f"{found.mail_from}: {found.mail_from_status}, {consequence}", fix)


@check(
    "ses.configuration_set",
    "the domain's configuration set lets mail through",
    Kind.DOMAIN,
    "ses-identity.md#configuration-set",
    needs=["ses.identity"],
    lane="ses",
)
def configuration_set(ground: Ground, subject: Subject) -> Verdict:
    """It exists and sends; other suppression reasons than the account's are told."""
    found = _identity(ground, subject)
    if found is None or not found.configuration_set:
        return skipped("none is set for the domain")
    name = found.configuration_set
    chosen = ground.ses.configuration_set(subject.region, name)
    if chosen is None:
        seen = f"the domain's default configuration set {name} is not there"
        return broken(seen, "create it, or take it off the identity")
    if not chosen.sending:
        fix = f"aws sesv2 put-configuration-set-sending-options --configuration-set-name {name} --sending-enabled"
        return broken(f"{name} has sending switched off", f"{fix} --region {subject.region}")
    if chosen.suppressed_reasons is not None:
        reasons = " and ".join(chosen.suppressed_reasons) or "nothing"
        return ok(f"{name}: sending enabled, suppresses {reasons} whatever the account says")
    return ok(f"{name}: sending enabled")


def _identity(ground: Ground, subject: Subject) -> SesIdentity | None:
    return ground.identity(ground.domains[subject.domain])
