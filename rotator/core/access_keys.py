"""IAM access keys as values: ids, status, age, last use.  Times are whole UTC epoch seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

Instant = NewType("Instant", int)  # UTC epoch seconds, from AWS's Date header, never from the local clock
KeyId = NewType("KeyId", str)  # "AKIA" + 16 characters

KEYS_PER_USER = 2  # IAM quota AccessKeysPerUser; Inactive keys count
USE_BUCKET_S = 15 * 60  # IAM records the first use in a 15-minute span only


class Status(StrEnum):
    """The two states IAM knows; a deleted key is simply not listed."""

    ACTIVE = "Active"
    INACTIVE = "Inactive"


@dataclass(frozen=True, slots=True)
class AccessKey:
    """One row of ListAccessKeys."""

    id: KeyId
    status: Status
    created: Instant

    @property
    def active(self) -> bool:
        """Whether the key can log in (once IAM's change has reached SES)."""
        return self.status is Status.ACTIVE


@dataclass(frozen=True, slots=True)
class LastUse:
    """GetAccessKeyLastUsed: `at` None means never used; service is opaque text, shown as it came."""

    at: Instant | None
    service: str = "N/A"
    region: str = "N/A"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the rotator acts on: account id, user name and the user id that dies with the user.

    `at` is the Date of the reply that said so, 0 if it had none; it is no part of who it is.
    """

    account: str
    user: str
    user_id: str
    at: Instant = field(default=Instant(0), compare=False)


def mask(key_id: str) -> str:
    """`AKIA…FZMJ`: enough to tell two keys apart, used wherever a key id is shown."""
    return f"{key_id[:4]}…{key_id[-4:]}" if len(key_id) > 8 else key_id
