"""The credential as members of a JSON object or as named parameters: which part is called what.

Members that are not ours stay as they are.  Texts here are secrets as a whole: nobody knows what else is in them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rotator.consumers.formats import NotInFormat
from rotator.consumers.own_canary import SenderInRegion
from rotator.core.access_keys import KeyId
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential


@dataclass(frozen=True, slots=True)
class Fields:
    """What each part is called; None: it is not written."""

    username: str = "username"
    password: str = "password"  # noqa: S105 - a name
    host: str | None = "host"
    port: str | None = "port"
    security: str | None = None
    region: str | None = None

    def public(self, credential: SmtpCredential, endpoint: SenderInRegion) -> dict[str, str | int]:
        """Name -> value of everything but the password."""
        values: dict[str | None, str | int] = {
            self.host: endpoint.host,
            self.port: endpoint.port,
            self.security: endpoint.security,
            self.region: endpoint.region,
            self.username: credential.key,
        }
        return {name: value for name, value in values.items() if name is not None}

    def put(self, text: Secret | None, credential: SmtpCredential, endpoint: SenderInRegion) -> Secret:
        """The object with our members replaced or added; None is an empty one.  Raises NotInFormat."""
        ours = {**self.public(credential, endpoint), self.password: credential.password.reveal()}
        try:
            return Secret(json.dumps(members(text) | ours, ensure_ascii=False, allow_nan=False))
        except ValueError:
            raise NotInFormat("the value holds a number that JSON does not have") from None

    def find(self, text: Secret | None) -> SmtpCredential | None:
        """The pair in the object, or None.  Raises NotInFormat."""
        return self.pair(members(text))

    def pair(self, found: Mapping[str, Any]) -> SmtpCredential | None:
        """The pair among named values, or None."""
        user, password = found.get(self.username), found.get(self.password)
        if isinstance(user, str) and isinstance(password, str) and user and password:
            return SmtpCredential(KeyId(user), Secret(password))
        return None


def members(text: Secret | None) -> dict[str, Any]:
    """The object's members; None has none.  Raises NotInFormat, and never quotes the text."""
    if text is None:
        return {}
    try:
        found = json.loads(text.reveal())
    except ValueError:
        raise NotInFormat("the value is not JSON") from None
    if not isinstance(found, dict):
        raise NotInFormat("the value is JSON, but not an object")
    return found
