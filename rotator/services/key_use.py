"""A customer's KMS key under a place of ours: what a service asks of it in our name, and what a policy may ask back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rotator.core.hosts import smtp_host


@dataclass(frozen=True, slots=True)
class KeyUse:
    """The key by its ARN, and the context of the service's request to KMS."""

    arn: str
    context: Mapping[str, Sequence[str]]


def use_of(
    key: str, place: str, service: str, encryption: Mapping[str, str], members: Sequence[str]
) -> KeyUse | None:
    """The use of `key` (an id or an ARN) for the place with the ARN `place`; None for an alias, or no key at all.

    An alias names a key that only KMS knows.  `encryption`: what is known of the encryption context, whose names are
    `members`.
    """
    _, partition, _, region, account, *_ = place.split(":")
    arn = key if not key or key.startswith("arn:") else f"arn:{partition}:kms:{region}:{account}:key/{key}"
    if ":key/" not in arn or "/alias/" in arn:
        return None
    context: dict[str, Sequence[str]] = {
        "kms:ViaService": [smtp_host(region).replace("email-smtp", service, 1)],
        "kms:CallerAccount": [account],
        "kms:EncryptionContextKeys": list(members),
    }
    return KeyUse(arn, context | {f"kms:EncryptionContext:{name}": [value] for name, value in encryption.items()})


def keys_own_policy() -> str:
    """Every key has a policy of its own, and grants; we are not allowed to read them."""
    return "the key's own policy or a grant may"
