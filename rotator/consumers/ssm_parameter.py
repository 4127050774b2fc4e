"""Parameter Store: one SecureString that holds a JSON object, or one parameter for each part under a path.

One parameter is switched by one call, so readers see one pair or the other.  `layout: path` needs several calls and is
torn for the moment between two of them: the user name is written last, so that it names the new key only once the new
password is there; a reader in between gets the old user name with the new password, which SES refuses (535), and
reads again.  The other order would let a half-written pair pass for a whole one when it is read back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rotator.consumers.fields import Fields, members
from rotator.consumers.formats import NotInFormat
from rotator.consumers.own_canary import OwnCanary, SenderInRegion
from rotator.core.errors import AccessError, RemoteFault
from rotator.core.looks import NothingThere
from rotator.core.policy import Traits
from rotator.core.ports import (
    Acknowledged,
    Canary,
    CanaryAnswer,
    Deadline,
    Holding,
    Problem,
    PushAnswer,
    Refused,
    Unknown,
)
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential
from rotator.services.parameter_store import SECURE, Parameter, ParameterStore

Layout = Literal["json", "path"]
RUNBOOK = "runbooks/consumer-push.md#parameter-store"
Stored = dict[str, Parameter]


class SsmParameter:
    """Implements `rotator.core.ports.Consumer` for one parameter or for the parameters under one path."""

    def __init__(
        self,
        *,
        name: str,
        endpoint: SenderInRegion,
        store: ParameterStore,
        path: str,
        layout: Layout = "json",
        fields: Fields | None = None,
        canary_from: str | None = None,
        canary_to: str | None = None,
    ) -> None:
        """`path` is the parameter's name, or with layout "path" what stands before the names of `fields`."""
        self._canary = OwnCanary(endpoint, canary_from, canary_to)
        self.traits = Traits(name, "ssm_parameter", endpoint.name, reads_back=True, sends=self._canary.possible)
        self._endpoint, self._store, self._path = endpoint, store, path
        self._layout, self._fields = layout, fields or Fields()

    def preflight(self, deadline: Deadline) -> Sequence[Problem]:
        """What is there can be read and is in the right form; nothing is written.  Missing ones will be made."""
        try:
            stored = self._read(deadline)
            self._check(stored)
        except (AccessError, RemoteFault) as error:
            return [Problem(error.id, f"{self._path}: {error}", error.fix, error.runbook, exit_code=error.exit_code)]
        except NotInFormat as error:
            return [Problem("parameter-form", f"{self._path}: {error}", self._fix(), RUNBOOK)]
        return []

    def push(self, credential: SmtpCredential, deadline: Deadline) -> PushAnswer:
        """Write what differs, the user name last, and read it back.  The same pair twice writes nothing."""
        written = False
        try:
            stored = self._read(deadline)
            self._check(stored)
            for name, value in self._wanted(stored, credential):
                if name in stored and stored[name].value == value:
                    continue
                kept = stored[name].type if name in stored else SECURE
                answer = self._store.write(name, value, kept, deadline)
                if not isinstance(answer, Acknowledged):
                    return Unknown(f"{self._path}: half of it is written: {answer.detail}") if written else answer
                written = True
            if written and self._pair(self._read(deadline)) != credential:
                return Unknown(f"{self._path}: did not come back as it was written")
        except AccessError as error:
            return Unknown(str(error)) if written else Refused(f"{self._path}: {error}", error.fix, error.id)
        except RemoteFault as error:
            return Unknown(f"{self._path}: {error}")
        except NotInFormat as error:
            return Refused(f"{self._path}: {error}", self._fix(), "parameter-form")
        return Acknowledged(f"{self._path} {'written' if written else 'holds it already'}")

    def holds(self, deadline: Deadline) -> Holding:
        """The user name that readers get."""
        held = self._held(deadline)
        return held if isinstance(held, Unknown) else held.key

    def send(self, canary: Canary, deadline: Deadline) -> CanaryAnswer:
        """Log in with exactly what readers get and mail to `canary_to`."""
        if not self._canary.possible:
            return self._canary.send(canary, Unknown(""), deadline)
        return self._canary.send(canary, self._held(deadline), deadline)

    def credential(self, deadline: Deadline) -> SmtpCredential | Unknown:
        """What readers get now."""
        return self._held(deadline)

    def instructions(self) -> Sequence[str]:
        """Nobody has to do anything."""
        return ()

    def _names(self) -> dict[str, str]:
        """Part -> parameter, for layout "path"."""
        parts = ("host", "port", "security", "region", "password", "username")
        called = {part: getattr(self._fields, part) for part in parts}
        return {part: f"{self._path}/{name}" for part, name in called.items() if name is not None}

    def _read(self, deadline: Deadline) -> Stored:
        return self._store.read([self._path] if self._layout == "json" else list(self._names().values()), deadline)

    def _wanted(self, stored: Stored, credential: SmtpCredential) -> list[tuple[str, Secret]]:
        """(parameter, value) in the order of writing."""
        if self._layout == "json":
            old = stored[self._path].value if self._path in stored else None
            new = self._fields.put(old, credential, self._endpoint)
            return [(self._path, old if old is not None and members(old) == members(new) else new)]
        values = self._fields.public(credential, self._endpoint)
        names = self._names()
        texts = {part: Secret(str(values[getattr(self._fields, part)])) for part in names if part != "password"}
        return [(name, texts.get(part, credential.password)) for part, name in names.items()]

    def _check(self, stored: Stored) -> None:
        """Raises NotInFormat for what would be kept in clear text, or is no JSON object."""
        secret = self._path if self._layout == "json" else self._names()["password"]
        if secret in stored and stored[secret].type != SECURE:
            raise NotInFormat(f"{secret} is a {stored[secret].type}: a password there could be read without a key")
        if self._layout == "json" and secret in stored:
            members(stored[secret].value)

    def _pair(self, stored: Stored) -> SmtpCredential | None:
        if self._layout == "json":
            return self._fields.find(stored[self._path].value if self._path in stored else None)
        called = {getattr(self._fields, part): name for part, name in self._names().items()}
        return self._fields.pair({part: stored[name].value.reveal() for part, name in called.items() if name in stored})

    def _held(self, deadline: Deadline) -> SmtpCredential | Unknown:
        try:
            credential = self._pair(self._read(deadline))
        except (AccessError, RemoteFault, NotInFormat) as error:
            return Unknown(f"{self._path}: {error}")
        return credential or NothingThere(f"{self._path}: no user name and password there")

    def _fix(self) -> str:
        return "make the parameter a SecureString" + (" with a JSON object" if self._layout == "json" else "")
