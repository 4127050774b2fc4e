"""users.settings.sendAs: list, get, create, update, patch, delete, verify.

Nobody public knows three things of the real Gmail, so they are settings: whether update and patch try the SMTP
login (`validate_on_update`), whether a partial smtpMsa is merged into the stored one or replaces it (`merge`), and
how long the relay goes on with the old password (`relay_lag_s`).  A client must be right under all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

from rotator.sandbox.faults import Faults
from rotator.sandbox.gmail import faults as fault
from rotator.sandbox.gmail import relay
from rotator.sandbox.gmail.errors import (
    INVENTED,
    ApiError,
    NoReply,
    already_exists,
    failed_precondition,
    invalid_argument,
    not_found,
)
from rotator.sandbox.gmail.store import Alias, Msa, Security, Store, User

Body = dict[str, Any]
PLAIN_PORT = 25  # "Requires port 25", says the discovery document of securityMode none


@dataclass(frozen=True, slots=True)
class WriteRules:
    """How writes behave where the real Gmail's behaviour is not public."""

    validate_on_update: bool = False
    merge: Literal["deep", "replace"] = "deep"
    relay_lag_s: float = 0.0


class SendAs:
    """The collection.  `ask_owner` sends the verification mail to a new external address."""

    def __init__(
        self, store: Store, faults: Faults, rules: WriteRules, ca_file: Path, ask_owner: Callable[[User, Alias], None]
    ) -> None:
        self._store, self._faults, self.rules = store, faults, rules
        self._ca_file, self._ask_owner = ca_file, ask_owner

    def list(self, user: User) -> Body:
        """All aliases, the primary address first."""
        stale = bool(user.before) and self._faults.take(fault.STALE_READS)
        seen = {**user.aliases, **user.before} if stale else user.aliases
        return {"sendAs": [serialise(seen[key]) for key in user.aliases]}

    def get(self, user: User, address: str) -> Body:
        """One alias; raises ApiError 404."""
        alias = _existing(user, address)
        if address.lower() in user.before and self._faults.take(fault.STALE_READS):
            alias = user.before[address.lower()]
        return serialise(alias)

    def create(self, user: User, body: Body) -> Body:
        """A new alias, after a real login at its relay; pending until an external address is verified."""
        address = body.get("sendAsEmail", "")
        name, _, domain = address.rpartition("@")
        if not name or "." not in domain:
            raise invalid_argument("Invalid sendAsEmail")
        if address.lower() in user.aliases:
            raise already_exists()
        external = domain.lower() != user.workspace
        if external and "smtpMsa" not in body:
            raise invalid_argument("Custom from requires smtpMsa configuration")
        alias = self._changed(user, Alias(address, status="pending" if external else "accepted"), body)
        if alias.msa is not None:
            self._check_login(alias.msa)
        self._store.write(user, alias)
        if external:
            self._ask_owner(user, alias)
        return serialise(alias)

    def patch(self, user: User, address: str, body: Body) -> Body:
        """Change the fields given; raises ApiError, NoReply."""
        alias = self._checked(user, _existing(user, address), body)
        if self._faults.take(fault.PATCH_LOST):
            raise NoReply
        if self._faults.take(fault.PATCH_LATE):
            self._store.later(fault.PATCH_LATE_BY_S, lambda: self._land(user, address, body))
            raise NoReply
        if self._faults.take(fault.PATCH_IGNORED):
            return serialise(alias)
        if self._faults.take(fault.ALIAS_PENDING):
            alias = replace(alias, status="pending")
        alias = self._store.write(user, alias, self.rules.relay_lag_s)
        if self._faults.take(fault.REPLY_LOST):
            raise NoReply
        if self._faults.take(fault.REPLY_CLOSED):
            raise NoReply("closed")
        return serialise(alias)

    def update(self, user: User, address: str, body: Body) -> Body:
        """Replace the resource: what is not given becomes empty, the relay too."""
        old = _existing(user, address)
        kept = old.msa if "smtpMsa" in body or old.primary else None
        blank = replace(old, display_name="", reply_to="", signature="", treat_as_alias=False, msa=kept)
        return serialise(self._store.write(user, self._checked(user, blank, body), self.rules.relay_lag_s))

    def delete(self, user: User, address: str) -> None:
        """Remove an alias and the verification it had; the primary address cannot go."""
        alias = _existing(user, address)
        if alias.primary:
            raise ApiError(400, "cannotDeletePrimarySendAs", "Cannot delete the primary send-as address.")
        with self._store.lock:
            del user.aliases[address.lower()]
            user.before.pop(address.lower(), None)
            if alias.default:
                self._store.write(user, replace(user.aliases[user.address.lower()], default=True))

    def verify(self, user: User, address: str) -> None:
        """Send the verification mail again; only while the alias is pending."""
        alias = _existing(user, address)
        if alias.status != "pending":
            raise failed_precondition("The verification status must be pending.")
        self._ask_owner(user, alias)

    def _land(self, user: User, address: str, body: Body) -> None:
        if address.lower() in user.aliases:
            self._store.write(user, self._changed(user, _existing(user, address), body), self.rules.relay_lag_s)

    def _checked(self, user: User, old: Alias, body: Body) -> Alias:
        alias = self._changed(user, old, body)
        if self.rules.validate_on_update and "smtpMsa" in body and alias.msa is not None:
            self._check_login(alias.msa)
        return alias

    def _changed(self, user: User, old: Alias, body: Body) -> Alias:
        if body.get("isDefault") is False:
            raise invalid_argument("isDefault cannot be toggled to false")
        alias = replace(
            old,
            display_name=body.get("displayName", old.display_name),
            reply_to=body.get("replyToAddress", old.reply_to),
            signature=body.get("signature", old.signature),
            default=old.default or bool(body.get("isDefault")),
        )
        if old.primary:  # the real Gmail answers 200 and writes neither field [recorded by others]
            return alias
        alias = replace(alias, treat_as_alias=body.get("treatAsAlias", old.treat_as_alias))
        if "smtpMsa" not in body:
            return alias
        self._check_gateways(user)
        return replace(alias, msa=_msa(old.msa if self.rules.merge == "deep" else None, body["smtpMsa"]))

    def _check_gateways(self, user: User) -> None:
        workspace = self._store.workspaces.get(user.workspace or "")
        if workspace is not None and not workspace.outbound_gateways:
            raise invalid_argument(f"Per-user outbound gateways are not allowed in this domain {INVENTED}")

    def _check_login(self, msa: Msa) -> None:
        try:
            relay.check_login(msa, self._ca_file)
        except relay.RelayFailed as failure:
            raise invalid_argument(f"Could not log in to the SMTP server: {failure.text} {INVENTED}") from None


def serialise(alias: Alias) -> Body:
    """An alias as every reply shows it: never the user name and the password, no false booleans, empty strings."""
    shown: Body = {
        "sendAsEmail": alias.address,
        "displayName": alias.display_name,
        "replyToAddress": alias.reply_to,
        "signature": alias.signature,
    }
    shown |= {"isPrimary": True} if alias.primary else {}
    shown |= {"isDefault": True} if alias.default else {}
    if alias.primary:
        return shown
    shown |= {"treatAsAlias": True} if alias.treat_as_alias else {}
    if alias.msa is not None:
        shown["smtpMsa"] = {"host": alias.msa.host, "port": alias.msa.port, "securityMode": alias.msa.security}
    return shown | {"verificationStatus": alias.status}


def _existing(user: User, address: str) -> Alias:
    alias = user.aliases.get(address.lower())
    if alias is None:
        raise not_found()
    return alias


def _msa(old: Msa | None, given: Body) -> Msa:
    base: Body = {} if old is None else {"host": old.host, "port": old.port, "securityMode": old.security}
    base |= {} if old is None else {"username": old.username, "password": old.password}
    merged = base | given
    for name in ("host", "port", "securityMode"):
        if not merged.get(name) or merged[name] == "securityModeUnspecified":
            raise invalid_argument(f"Missing required field: smtpMsa.{name} {INVENTED}")
    if not 0 < merged["port"] < 2**16:
        raise invalid_argument(f"Invalid smtpMsa.port {INVENTED}")
    if merged["securityMode"] == "none" and merged["port"] != PLAIN_PORT:
        raise invalid_argument(f"securityMode none requires port 25 {INVENTED}")
    return Msa(
        merged["host"],
        merged["port"],
        cast("Security", merged["securityMode"]),
        merged.get("username", ""),
        merged.get("password", ""),
    )
