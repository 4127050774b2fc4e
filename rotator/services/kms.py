"""One symmetric key of AWS KMS that wraps the journal's seal key, with an encryption context that must match.

A ciphertext opens only with the context it was made with; both are in CloudTrail.  The key is named in Decrypt too,
so that what another key wrapped is refused.  Wire facts: botocore 1.44.5 `kms` model.
"""

from __future__ import annotations

from typing import Any

from rotator.core.errors import AccessError, RemoteFault, SealError
from rotator.core.policy import REQUEST_DEADLINE_S
from rotator.core.ports import Deadline
from rotator.services.aws import AwsSession
from rotator.services.aws_calls import AwsCalls

KEY_SPEC = "AES_256"
NOT_OURS = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
RUNBOOK = "runbooks/restore.md#the-seal-key-is-wrapped-by-kms"


class KmsKey:
    """Implements `rotator.journal.wrapped_key.KeyWrapper`.  Raises SealError and nothing else."""

    def __init__(self, *, session: AwsSession, arn: str) -> None:
        """`arn` names the key itself, not an alias, and with it the region."""
        self.name = arn
        self._calls = AwsCalls(session, "kms", arn.split(":")[3])

    def new_key(self, context: dict[str, str]) -> tuple[bytes, bytes]:
        """A new key and its wrapped form (GenerateDataKey)."""
        reply = self._ask("generate_data_key", KeySpec=KEY_SPEC, EncryptionContext=context)
        return _part(reply, "Plaintext"), _part(reply, "CiphertextBlob")

    def unwrap(self, wrapped: bytes, context: dict[str, str]) -> bytes:
        """The key again (Decrypt)."""
        return _part(self._ask("decrypt", CiphertextBlob=wrapped, EncryptionContext=context), "Plaintext")

    def _ask(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Both calls change nothing, so both are asked again while throttled."""
        deadline = Deadline.after(REQUEST_DEADLINE_S)
        try:
            reply = self._calls.read(operation, deadline, absent=NOT_OURS, KeyId=self.name, **arguments)
        except (AccessError, RemoteFault) as error:
            raise SealError(str(error), why=_WHY, fix=error.fix, id="seal-kms", runbook=RUNBOOK) from None
        if reply is None:
            raise SealError(
                "KMS does not take the wrapped seal key: another key wrapped it, or the file was changed",
                why=_WHY, fix="put the original file back, and the original seal.kms_key", id="seal-kms",
                runbook=RUNBOOK,
            )  # fmt: skip
        return reply


_WHY = "the seal key is wrapped by a KMS key, and without it sealed secrets cannot be read or written"


def _part(reply: dict[str, Any], name: str) -> bytes:
    part = reply.get(name)
    if not isinstance(part, bytes) or not part:
        raise SealError(f"KMS answered without {name}", id="seal-kms", runbook=RUNBOOK)
    return part
