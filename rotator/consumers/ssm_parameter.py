"""Parameter Store: one SecureString that holds a JSON object, or one parameter for each part under a path.

One parameter is switched by one call, so readers see one pair or the other.  `layout: path` needs several calls and is
torn for the moment between two of them: the user name is written last, so that it names the new key only once the new
password is there; a reader in between gets the old user name with the new password, which SES refuses (535), and
reads again.  The other order would let a half-written pair pass for a whole one when it is read back.
"""

from __future__ import annotations

from typing import Literal

from rotator.consumers.fields import Fields, members
from rotator.consumers.formats import NotInFormat
from rotator.consumers.in_aws import InAws
from rotator.consumers.own_canary import OwnCanary, SenderInRegion
from rotator.core.policy import ConsumerKind, Traits
from rotator.core.ports import Acknowledged, Deadline, Problem, PushAnswer, Unknown
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential
from rotator.services.parameter_store import SECURE, Parameter, ParameterStore

Layout = Literal["json", "path"]
RUNBOOK = "runbooks/consumer-push.md#parameter-store"
Stored = dict[str, Parameter]


class SsmParameter(InAws):
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
        canary = OwnCanary(endpoint, canary_from, canary_to)
        traits = Traits(name, ConsumerKind.SSM_PARAMETER, endpoint.name, reads_back=True, sends=canary.possible)
        super().__init__(traits, path, endpoint, fields, canary)
        self._store, self._path, self._layout = store, path, layout

    def _found(self, deadline: Deadline) -> list[Problem]:
        """What is there can be read and is in the right form, and we may write.  Missing parameters will be made."""
        stored = self._read(deadline)
        self._check(stored)
        return self._not_writable(self._store.not_allowed(self._written_names(), stored, deadline), RUNBOOK)

    def _written(self, credential: SmtpCredential, deadline: Deadline) -> PushAnswer:
        """Write what differs, the user name last, and read it back.  The same pair twice writes nothing."""
        stored = self._read(deadline)
        self._check(stored)
        missing = [
            (name, value, stored[name].type if name in stored else SECURE)
            for name, value in self._wanted(stored, credential)
            if name not in stored or stored[name].value != value
        ]
        for number, (name, value, kept) in enumerate(missing):
            answer = self._store.write(name, value, kept, deadline)
            if not isinstance(answer, Acknowledged):
                return Unknown(f"{self._path}: half of it is written: {answer.detail}") if number else answer
        return self._read_back(credential, deadline) if missing else Acknowledged(f"{self._path} holds it already")

    def _read_back(self, credential: SmtpCredential, deadline: Deadline) -> PushAnswer:
        """Once something is written, an error is no refusal."""
        held = self.credential(deadline)
        if isinstance(held, Unknown):
            return held
        if held != credential:
            return Unknown(f"{self._path}: did not come back as it was written")
        return Acknowledged(f"{self._path} written")

    def _pair(self, deadline: Deadline) -> SmtpCredential | None:
        """The pair that readers get."""
        stored = self._read(deadline)
        if self._layout == "json":
            return self._fields.find(stored[self._path].value if self._path in stored else None)
        called = {getattr(self._fields, part): name for part, name in self._names().items()}
        return self._fields.pair({part: stored[name].value.reveal() for part, name in called.items() if name in stored})

    def _malformed(self, error: NotInFormat) -> Problem:
        fix = "make the parameter a SecureString" + (" with a JSON object" if self._layout == "json" else "")
        return Problem("parameter-form", f"{self._path}: {error}", fix, RUNBOOK)

    def _names(self) -> dict[str, str]:
        """Part -> parameter, for layout "path"."""
        parts = ("host", "port", "security", "region", "password", "username")
        called = {part: getattr(self._fields, part) for part in parts}
        return {part: f"{self._path}/{name}" for part, name in called.items() if name is not None}

    def _read(self, deadline: Deadline) -> Stored:
        return self._store.read(self._written_names(), deadline)

    def _written_names(self) -> list[str]:
        """Every parameter that a push writes."""
        return [self._path] if self._layout == "json" else list(self._names().values())

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
