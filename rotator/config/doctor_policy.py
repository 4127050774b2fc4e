"""What the doctor may read at SES, where domains are configured: the identities by name, the rest of the account.

GetAccount and GetSuppressedDestination have no resource to name, so AWS takes nothing but `*` for them; both only read.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rotator.config.model import Configuration
from rotator.core.hosts import partition_of

WITHOUT_RESOURCE = ("ses:GetAccount", "ses:GetSuppressedDestination")


def doctor_statements(configuration: Configuration) -> Iterator[dict[str, Any]]:
    """The statements for the configured domains; none if nothing is."""
    if not configuration.domains:
        return
    account = configuration.users[0].account
    homes = [(f"arn:{partition_of(one.region)}:ses:{one.region}:{account}", one.name) for one in configuration.domains]
    identities = [f"{home}:identity/{name}" for home, name in homes]
    sets = list(dict.fromkeys(f"{home}:configuration-set/*" for home, _ in homes))
    reads: dict[str, tuple[list[str], list[str] | str]] = {
        "DoctorReadsIdentities": (["ses:GetEmailIdentity"], identities),
        "DoctorReadsSets": (["ses:GetConfigurationSet"], sets),
        "DoctorReadsSes": (list(WITHOUT_RESOURCE), "*"),
    }
    for sid, (actions, resource) in reads.items():
        yield {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
