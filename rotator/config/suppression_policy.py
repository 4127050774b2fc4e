"""What reading the suppression list needs at AWS: three reads of SES, which know no resource, in the watched regions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rotator.config.model import Configuration

LIST_ACTIONS = ("ses:GetAccount", "ses:GetSuppressedDestination", "ses:ListSuppressedDestinations")


def suppression_statements(configuration: Configuration) -> Iterator[dict[str, Any]]:
    """The statement, if the file has a section `suppression`; an empty one will do."""
    if "suppression" in configuration.file.model_fields_set:
        yield read_the_list(configuration.suppression.regions)


def read_the_list(regions: tuple[str, ...]) -> dict[str, Any]:
    """Read lists and account in these regions; SES offers no resource to name, so the region is the limit."""
    condition = {"StringEquals": {"aws:RequestedRegion": list(regions)}}
    statement = {"Sid": "ReadTheSuppressionList", "Effect": "Allow", "Action": list(LIST_ACTIONS), "Resource": "*"}
    return statement | {"Condition": condition}
