"""SES's two reputation rates and AWS's lines for them: over the first the account is reviewed, over the second paused.

https://docs.aws.amazon.com/ses/latest/dg/reputationdashboard-cloudwatch-alarm.html, .../faqs-enforcement.html.
"""

from __future__ import annotations

from dataclasses import dataclass

NAMESPACE = "AWS/SES"


@dataclass(frozen=True, slots=True)
class Lines:
    """One rate as a part of 1; `metric` is its name in CloudWatch, without dimensions."""

    name: str
    metric: str
    review: float
    pause: float


RATES = (
    Lines("bounce", "Reputation.BounceRate", 0.05, 0.10),
    Lines("complaint", "Reputation.ComplaintRate", 0.001, 0.005),
)
