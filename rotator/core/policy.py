"""What was decided beforehand for one IAM user: times, consumers, endpoints.  Durations in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

HOUR_S = 3600
DAY_S = 24 * HOUR_S

REQUEST_DEADLINE_S = 20  # no request of ours lives longer: a late effect is over after it
LIST_LAG_S = 60  # IAM is eventually consistent: absence is believed only this long after our last change
CLOCK_SLACK_S = 60  # Date headers have whole seconds and many servers
REFUSAL_DEADLINE_S = 15 * 60  # how long we ask SES whether it still takes the old credential
REFUSAL_ASSUMED_S = HOUR_S  # ... and how long we wait where we cannot ask
LAST_USED_LAG_S = 4 * HOUR_S  # "usually within four hours" (IAM user guide)
WRONG_PASSWORD_S = DAY_S  # 535 for a day while the old credential logs in: not lag any more
RETRY_S = HOUR_S  # when to look again at something that only time or a person mends
CANARY_GIVES_UP_S = DAY_S  # an unknown canary is repeated this long before a person is called
CANARY_BACKOFF_S = (60, 300, 900, HOUR_S, 4 * HOUR_S)  # repeats of an unknown canary, for 24 h


class Mode(IntEnum):
    """How a run treats the old key.  Ordered: a run's mode is only ever raised."""

    SCHEDULED = 0
    EMERGENCY = 1
    REVOKE_FIRST = 2

    @property
    def text(self) -> str:
        """`scheduled`, `emergency`, `revoke first`."""
        return self.name.lower().replace("_", " ")


class ConsumerKind(StrEnum):
    """What a place can be; the words of `type` in the configuration."""

    GMAIL_SEND_AS = "gmail_send_as"
    SECRETS_MANAGER = "secrets_manager"
    SSM_PARAMETER = "ssm_parameter"
    CREDENTIAL_FILE = "credential_file"
    COMMAND = "command"
    HUMAN = "human"


@dataclass(frozen=True, slots=True)
class Traits:
    """What a consumer can do, whatever its kind: the only thing the rules know of it."""

    name: str
    kind: str  # a ConsumerKind; no rule asks
    endpoint: str
    by_hand: bool = False  # a person must put the credential there
    reads_back: bool = False  # it can report the key id it holds
    sends: bool = False  # we can send a mail through it
    place: str = field(default="", compare=False)  # fingerprint of where the credential is put; "" = not known
    server: str = field(default="", compare=False)  # fingerprint of the endpoint as the file has it; "" = not known


@dataclass(frozen=True, slots=True)
class Policy:
    """The decisions for one user.  `consumers` is never empty: zero consumers is an error, not "all done"."""

    user: str
    account: str
    consumers: tuple[Traits, ...]
    sole_creator: bool = False
    max_age_s: int = 90 * DAY_S
    rotate_at_s: int = 80 * DAY_S
    grace_s: int = 72 * HOUR_S
    quiet_s: int = 24 * HOUR_S
    watch_s: int = 7 * DAY_S
    open_alarm_s: int = 48 * HOUR_S

    def __post_init__(self) -> None:
        if not self.consumers:
            raise ValueError("a user without consumers: nothing would be told the new password")

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The endpoints that a consumer uses, in the order of the file."""
        return tuple(dict.fromkeys(consumer.endpoint for consumer in self.consumers))

    def server(self, endpoint: str) -> str:
        """The fingerprint of an endpoint in use; "" = not known."""
        return next((one.server for one in self.consumers if one.endpoint == endpoint), "")

    def consumer(self, name: str) -> Traits | None:
        """The consumer of that name, or None if the file does not have it."""
        return next((one for one in self.consumers if one.name == name), None)
