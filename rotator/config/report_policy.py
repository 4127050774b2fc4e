"""What the report may read at AWS: figures of CloudWatch, in the regions whose rates it shows.

GetMetricData knows no resource and no namespace, so the region is the limit that AWS offers; it only reads figures.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rotator.config.model import Configuration


def report_statements(configuration: Configuration) -> Iterator[dict[str, Any]]:
    """The statement, if the file watches the account too; without it the report says that the rates are missing."""
    if configuration.alarms is not None or "suppression" in configuration.file.model_fields_set:
        yield read_the_rates(configuration)


def read_the_rates(configuration: Configuration) -> dict[str, Any]:
    """Read figures in the users' regions."""
    condition = {"StringEquals": {"aws:RequestedRegion": list(regions(configuration))}}
    statement = {"Sid": "ReadTheRates", "Effect": "Allow", "Action": ["cloudwatch:GetMetricData"], "Resource": "*"}
    return statement | {"Condition": condition}


def regions(configuration: Configuration) -> tuple[str, ...]:
    """The regions that the users send in, each once."""
    return tuple(dict.fromkeys(one.region for one in configuration.users))
