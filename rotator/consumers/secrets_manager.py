"""A secret of AWS Secrets Manager, a JSON object: put aside as AWSPENDING, read back, then made AWSCURRENT.

Readers see the old pair or the new one, never a mixture.  Every part of a push can be repeated: the version's id
follows from what it holds and from the version it was made of, and a late move of AWSCURRENT fails because it names
the version that it takes the label from.  AWSPREVIOUS is Secrets Manager's own doing and stays.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

from rotator.consumers.fields import Fields, members
from rotator.consumers.formats import NotInFormat
from rotator.consumers.in_aws import InAws, refused
from rotator.consumers.own_canary import OwnCanary, SenderInRegion
from rotator.core.errors import AccessError, RemoteFault
from rotator.core.policy import ConsumerKind, Traits
from rotator.core.ports import Acknowledged, Deadline, Problem, PushAnswer, Unknown
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential
from rotator.services.secrets_manager import CURRENT, PENDING, Description, SecretStore, Version

OURS = "rotator-"  # how our version ids begin: whoever looks at the secret sees whose they are
NAMESPACE = uuid.UUID("7f1f1d0e-6a55-5b43-9e0b-5f5f6d8f6a10")  # ours alone, so that no other uuid5 is the same
RUNBOOK = "runbooks/consumer-push.md#secrets-manager"


class SecretsManager(InAws):
    """Implements `rotator.core.ports.Consumer` for one secret."""

    def __init__(
        self,
        *,
        name: str,
        endpoint: SenderInRegion,
        store: SecretStore,
        fields: Fields | None = None,
        canary_from: str | None = None,
        canary_to: str | None = None,
    ) -> None:
        """`canary_from`: an address that may send; without it nothing is sent and read back is the proof."""
        canary = OwnCanary(endpoint, canary_from, canary_to)
        traits = Traits(name, ConsumerKind.SECRETS_MANAGER, endpoint.name, reads_back=True, sends=canary.possible)
        super().__init__(traits, f"secret {store.secret_id}", endpoint, fields, canary)
        self._store = store

    def _found(self, deadline: Deadline) -> list[Problem]:
        """The secret is there, readable, a JSON object, nobody else is changing it, and we may."""
        described = self._store.describe(deadline)
        if described is None:
            return [self._missing()]
        if found := list(self._problems(described)):
            return found
        members(self._text_of(self._store.value(deadline)))
        return self._not_writable(self._store.not_allowed(described, deadline), RUNBOOK)

    def _written(self, credential: SmtpCredential, deadline: Deadline) -> PushAnswer:
        """Put the pair aside, read it back, move AWSCURRENT.  The same pair twice makes one version."""
        described = self._store.describe(deadline)
        if described is None:
            return refused(self._missing())
        problem = next(self._problems(described), None)
        return refused(problem) if problem else self._staged(credential, described, deadline)

    def _pair(self, deadline: Deadline) -> SmtpCredential | None:
        """The pair in the version that readers get."""
        return self._fields.find(self._text_of(self._store.value(deadline)))

    def _malformed(self, error: NotInFormat) -> Problem:
        fix = "make its AWSCURRENT version a JSON object, or name another secret"
        return Problem("secret-not-json", f"{self._what}: {error}", fix, RUNBOOK)

    # --- the push, part by part --------------------------------------------------------------------------------

    def _staged(self, credential: SmtpCredential, described: Description, deadline: Deadline) -> PushAnswer:
        base = self._store.value(deadline) if described.holder(CURRENT) else None
        text = self._fields.put(self._text_of(base), credential, self._endpoint)
        if base is not None and members(base.text) == members(text):
            return self._tidied(described, base.id, deadline)
        token = self._token(credential, base.id if base else "")
        answer = self._put_aside(token, text, credential, deadline)
        if isinstance(answer, Acknowledged) and base is not None:
            answer = self._store.move(CURRENT, off=base.id, to=token, deadline=deadline)
        if not isinstance(answer, Acknowledged):
            return answer
        return self._finished(token, deadline)

    def _put_aside(self, token: str, text: Secret, credential: SmtpCredential, deadline: Deadline) -> PushAnswer:
        answer = self._store.put(token, text, deadline)
        if not isinstance(answer, Acknowledged):
            return answer
        stored = self._store.value(deadline, version=token)
        if stored is None or self._fields.find(stored.text) != credential:
            return Unknown(f"{self._what}: the version {token} did not come back as it was put")
        return answer

    def _finished(self, token: str, deadline: Deadline) -> PushAnswer:
        """From here on readers have the new pair, so that nothing that fails is a refusal."""
        try:
            described = self._store.describe(deadline)
        except (AccessError, RemoteFault) as error:
            return Unknown(f"{self._what}: AWSCURRENT was moved, then: {error}")
        if described is None or described.holder(CURRENT) != token:
            return Unknown(f"{self._what}: AWSCURRENT was moved, and is not seen on the new version yet")
        return self._tidied(described, token, deadline)

    def _tidied(self, described: Description, version: str, deadline: Deadline) -> PushAnswer:
        """AWSPENDING off our version: left there, the next rotation would look unfinished to other tools."""
        if described.holder(PENDING) == version:
            answer = self._store.move(PENDING, off=version, to="", deadline=deadline)
            if not isinstance(answer, Acknowledged):
                return Unknown(f"{self._what}: the new pair is AWSCURRENT, AWSPENDING is still on it: {answer.detail}")
        return Acknowledged(f"{self._what}: AWSCURRENT is version {version}")

    def _token(self, credential: SmtpCredential, base: str) -> str:
        """The id of the version that is `base` with our pair in it: the same pair on the same base is the same id.

        The password is not part of it (an id is seen by many), but follows from the key id and the region.
        """
        parts = [self._store.secret_id, base, self._endpoint.name, self._fields.public(credential, self._endpoint)]
        return f"{OURS}{uuid.uuid5(NAMESPACE, json.dumps(parts))}"

    def _missing(self) -> Problem:
        command = f"aws secretsmanager create-secret --region {self._store.region} --name {self._store.secret_id}"
        return Problem("secret-missing", f"{self._what}: not there", f"make it: {command}", RUNBOOK)

    def _problems(self, described: Description) -> Iterator[Problem]:
        if described.deleted:
            fix = f"aws secretsmanager restore-secret --secret-id {self._store.secret_id}, or name another secret"
            yield Problem("secret-deleted", f"{self._what}: scheduled for deletion", fix, RUNBOOK)
        if described.primary_region not in ("", self._store.region):
            fix = f"name the secret in {described.primary_region}: replicas follow it and cannot be written"
            yield Problem("secret-replica", f"{self._what}: a replica", fix, RUNBOOK)
        if described.rotates:
            fix = f"aws secretsmanager cancel-rotate-secret --secret-id {self._store.secret_id}"
            yield Problem("secret-rotated-twice", f"{self._what}: AWS rotates it too", fix, RUNBOOK)
        pending = described.holder(PENDING)
        if pending and pending != described.holder(CURRENT) and not pending.startswith(OURS):
            seen = f"{self._what}: somebody else's rotation is under way (AWSPENDING on version {pending})"
            yield Problem("secret-pending", seen, "let it end, or take AWSPENDING off that version", RUNBOOK)

    def _text_of(self, version: Version | None) -> Secret | None:
        """The text of a version; a binary one cannot be a JSON object.  Raises NotInFormat."""
        if version is not None and version.text is None:
            raise NotInFormat("the value is binary or empty")
        return version.text if version else None
