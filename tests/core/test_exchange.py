"""Exchange's own words and codes, and those of other servers that only look alike."""

from __future__ import annotations

import pytest

from rotator.core.mail.exchange import REASONS, Repairs, reason, recognised

FROM_EXCHANGE = {
    "a code that only Exchange has": ("550 5.7.509 Access denied, sending domain x does not pass DMARC", "5.7.509"),
    "the first of the banned addresses": ("550 5.7.606 Access denied, banned sending IP [192.0.2.1]", "5.7.606"),
    "the last of the banned addresses": ("550 5.7.649 Access denied, banned sending IP [192.0.2.1]", "5.7.606"),
    "a small code, by the name of the host": ("550 5.7.1 no [AM0EUR01FT1.eop.mail.protection.outlook.com]", "5.7.1"),
    "a small code, by Exchange's name of the reason": (
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found",
        "5.1.10",
    ),
    "a small code, by the new MX names": ("550 5.7.23 SPF a.b-v1.mx.microsoft", "5.7.23"),
    "the first code with a line": ("550 5.7.999 and 5.7.133, says x.prod.outlook.com", "5.7.133"),
}


@pytest.mark.parametrize(("reply", "code"), FROM_EXCHANGE.values(), ids=FROM_EXCHANGE.keys())
def test_a_reply_of_exchange_has_its_reason(reply: str, code: str) -> None:
    """The code says who repairs it."""
    found = reason(reply)
    assert found is REASONS[code]
    assert found.means
    assert found.fix


OTHERS = {
    "a small code of any server": "550 5.7.1 refused by policy",
    "Google's": "550 5.7.26 unauthenticated mail is not accepted",
    "below the banned addresses": "550 5.7.605 what",
    "beyond the banned addresses": "550 5.7.650 what",
    "a code that has no line": "550 5.7.999 x.prod.outlook.com",
    "a version number": "550 see 15.7.509.1",
    "no code": "550 no",
}


@pytest.mark.parametrize("reply", OTHERS.values(), ids=OTHERS.keys())
def test_another_server_s_reply_is_not_exchange_s(reply: str) -> None:
    """Codes that mean something else elsewhere are not explained with Exchange's words."""
    assert reason(reply) is None


def test_exchange_is_recognised_without_a_line_for_the_code() -> None:
    """That it was Exchange can be said also where nobody knows what it meant."""
    assert recognised("550 5.7.999 x.prod.outlook.com")
    assert not recognised("550 5.7.1 refused by policy")


def test_what_our_records_cause_names_the_checks() -> None:
    """Only what is on our side is for the doctor to look at."""
    assert {one.code for one in REASONS.values() if one.checks} == {"5.7.23", "5.7.509", "5.7.515"}
    assert {one.repairs for one in REASONS.values() if one.checks} == {Repairs.OUR_DNS}
