"""Findings: which layer is broken, and whether anything failed."""

from __future__ import annotations

import pytest

from rotator.core.findings import CheckStatus, Finding, failed, first_broken_layer

DNS = Finding("dns.spf", CheckStatus.OK, "v=spf1 include:amazonses.com -all")
WARNED = Finding("dns.dmarc", CheckStatus.WARNING, "p=none", fix="set p=quarantine")
SMTP = Finding("smtp.tcp_tls", CheckStatus.FAILED, "refused", fix="open port 587")
AUTH = Finding("smtp.auth", CheckStatus.SKIPPED, "needs smtp.tcp_tls")
UNSEEN = Finding("consumer.admin-alias", CheckStatus.NOT_KNOWN, "a password cannot be read back", fix="add --send")

LISTS = {
    "nothing wrong": ([DNS, AUTH, UNSEEN], "", False, False),
    "a warning fails only when one is strict": ([DNS, WARNED], "", False, True),
    "a failure names its layer, skipped ones do not count": ([WARNED, SMTP, AUTH], "smtp", True, True),
    "a key that is merely old breaks no layer": (
        [Finding("iam.age", CheckStatus.FAILED, "97 days old", fix="rotate")], "", True, True),
    "what mail suffers from is named behind it too": (
        [Finding("iam.age", CheckStatus.FAILED, "97 days old", fix="rotate"), SMTP], "smtp", True, True),
    "the first failure given": ([SMTP, Finding("ses.account", CheckStatus.FAILED, "")], "smtp", True, True),
}


@pytest.mark.parametrize(("findings", "layer", "fails", "strictly"), LISTS.values(), ids=LISTS.keys())
def test_what_findings_add_up_to(findings: list[Finding], layer: str, *, fails: bool, strictly: bool) -> None:
    """Only failures fail; warnings do when one is strict; the first failure names the layer."""
    assert first_broken_layer(findings) == layer
    assert failed(findings) is fails
    assert failed(findings, strict=True) is strictly
