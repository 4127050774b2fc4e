"""The steps a decision can name, a closed union.  What is dangerous can only be built from its proof.

`Deactivate` takes a `Replaced`, `Delete` a `Retired`; both are values that `evidence` alone makes from facts.
The numbers are those of the protocol (see `next_step.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from rotator.core.access_keys import Instant


class Look(StrEnum):
    """What can be observed."""

    IDENTITY = "identity"
    KEYS = "keys"
    LAST_USE = "last use"
    READ_BACK = "read back"
    REFUSAL = "refusal"  # does SES refuse the old credential yet?


@dataclass(frozen=True, slots=True)
class Observe:
    """Look at something that the decision needs and that is missing or too old.  `target`: key id or consumer."""

    number: ClassVar[int] = 2
    what: Look
    target: str = ""


@dataclass(frozen=True, slots=True)
class Preflight:
    """Try whatever could fail later while nothing has changed."""

    number: ClassVar[int] = 3


@dataclass(frozen=True, slots=True)
class Create:
    """Create the new key; `listed` are the ids that exist now."""

    number: ClassVar[int] = 4
    listed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Orphan:
    """A key of an unclear create of ours, proven (sole creator) or disowned by a person.  Nobody was given it."""

    key: str


@dataclass(frozen=True, slots=True)
class OwnUnpushed:
    """A key we created, whose secret is sealed here and that nobody was given."""

    key: str


@dataclass(frozen=True, slots=True)
class Discard:
    """Delete a new key nobody was given: deactivated first, deleted in the next turn."""

    number: ClassVar[int] = 4
    what: Orphan | OwnUnpushed
    active: bool


@dataclass(frozen=True, slots=True)
class Verify:
    """Prove the new key by logging in at one endpoint; `compare_old` asks whether the old one still works."""

    number: ClassVar[int] = 5
    key: str
    endpoint: str
    compare_old: bool = False


@dataclass(frozen=True, slots=True)
class Push:
    """Tell one consumer."""

    number: ClassVar[int] = 6
    consumer: str
    key: str


@dataclass(frozen=True, slots=True)
class SendCanary:
    """Send one mail through one consumer; `number` 7 before the old key is off, 9 and 10 after."""

    consumer: str
    number: int = 7


@dataclass(frozen=True, slots=True)
class VerifiedKey:
    """The new key logged in at every endpoint that a consumer uses."""

    key: str
    endpoints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConfirmedConsumer:
    """One consumer's evidence was enough for the run's mode."""

    name: str
    rung: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """The old key with the proof that it is replaced: a verified successor, every consumer confirmed."""

    key: str
    successor: VerifiedKey
    confirmed: tuple[ConfirmedConsumer, ...]

    def __post_init__(self) -> None:
        if not self.confirmed or self.key == self.successor.key:
            raise ValueError("a key is replaced only by another key that every consumer has")


@dataclass(frozen=True, slots=True)
class Deactivate:
    """Switch the old key off: the probe that can be undone."""

    number: ClassVar[int] = 9
    retired: Replaced


@dataclass(frozen=True, slots=True)
class Revoke:
    """Switch a leaked key off at once, ungated: a person's choice in an incident."""

    number: ClassVar[int] = 9
    key: str


@dataclass(frozen=True, slots=True)
class Reactivate:
    """Switch the old key on again because somebody needs it.  Never a compromised key."""

    number: ClassVar[int] = 9
    key: str
    why: str


@dataclass(frozen=True, slots=True)
class Retired:
    """An Inactive key of ours that may go: watched out, compromised, or making room.  Made by `evidence` alone."""

    key: str
    why: str


Deletable = Retired | Orphan | OwnUnpushed


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a retired key and erase its sealed secret."""

    number: ClassVar[int] = 11
    what: Retired


@dataclass(frozen=True, slots=True)
class Forget:
    """A key of ours is gone without us: record it; the protocol replaces it."""

    number: ClassVar[int] = 2
    key: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until`.  `urgent`: something is wrong meanwhile, a person should know."""

    number: int
    until: Instant
    why: str
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """Only a person can go on; there is no deadline, the old key works."""

    number: int
    what: str  # an id: "hand-over", "whose-key", ...
    targets: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Stop: going on could harm somebody.  `id` names the refusal (see `refusals.py`), `seen` fills its text."""

    number: int
    id: str
    seen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finish:
    """The run is over ("rotated", "aborted"), or none is open ("nothing open")."""

    number: ClassVar[int] = 11
    outcome: str


Step = (
    Observe
    | Preflight
    | Create
    | Discard
    | Verify
    | Push
    | SendCanary
    | Deactivate
    | Revoke
    | Reactivate
    | Delete
    | Forget
    | Wait
    | Ask
    | Refuse
    | Finish
)
