"""All checks, in the order of the layers: importing the modules fills the table, LAYERS puts it in order."""

from __future__ import annotations

import rotator.doctor.consumers
import rotator.doctor.dns
import rotator.doctor.dns_dmarc
import rotator.doctor.iam
import rotator.doctor.journal
import rotator.doctor.recipient
import rotator.doctor.ses
import rotator.doctor.smtp  # noqa: F401 - as those above, for the checks that they enter
from rotator.doctor.checks import ENTERED, Check

LAYERS = {
    "journal": "Journal",
    "dns": "DNS",
    "ses": "SES",
    "iam": "IAM",
    "smtp": "SMTP",
    "gmail": "Gmail",
    "consumer": "Consumers",
    "recipient": "Recipient",
}

CHECKS: dict[str, Check] = {
    one.id: one for layer in LAYERS for one in ENTERED.values() if one.layer == layer
}  # the ids are stable
