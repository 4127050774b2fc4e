"""A year in one snapshot: every part of the report has something to show, the hostile included."""

from __future__ import annotations

from rotator.core.access_keys import AccessKey, Instant, KeyId, LastUse, Status
from rotator.core.history import events as ev
from rotator.core.policy import Policy, Traits
from rotator.report.snapshot import Growth, Rate, Snapshot, UserSnapshot

DAY_S = 86400
NOW = 1_795_000_000
OLD, NEW, STRANGE = "AKIAOLDOLDOLDOLDAAAA", "AKIANEWNEWNEWNEWBBBB", "AKIASTRANGERSTRACCCC"
HOSTILE = "<script>alert('x')</script> & \"more\""
RELAY = Traits("relay", "credential_file", "us-east-1", reads_back=True, sends=True)
ALIAS = Traits("admin-alias", "gmail_send_as", "us-east-1", by_hand=True, sends=True)
BEGAN = NOW - 40 * DAY_S
OFF = BEGAN + 5 * DAY_S


def pushed(name: str, at: int, outcome: str = ev.Outcome.DONE) -> list[ev.Event]:
    """A push and what was answered."""
    return [ev.PushIntended(at, name, NEW, at + 20), ev.PushSettled(at + 1, name, NEW, outcome)]


def canary(name: str, at: int) -> list[ev.Event]:
    """A canary that arrived."""
    return [
        ev.CanaryIntended(at, name, "token", at + 60),
        ev.CanarySettled(at + 9, name, "token", ev.CanaryOutcome.ARRIVED, at),
    ]


def switched(effect: ev.Effect, at: int) -> list[ev.Event]:
    """A change of the old key."""
    return [ev.EffectIntended(at, effect, OLD, at + 20), ev.EffectSettled(at + 1, effect, OLD, ev.Outcome.DONE)]


ROTATED: list[ev.Event] = [
    ev.Adopted(BEGAN - DAY_S, "123456789012", "jada-ses-smtp", "AIDA", OLD, ("relay", "admin-alias"), sealed=True),
    ev.RunOpened(BEGAN, "20261015-0314-jada", 0, HOSTILE, OLD, ("relay", "admin-alias")),
    ev.CreateIntended(BEGAN + 5, (OLD,), BEGAN + 25),
    ev.KeyCreated(BEGAN + 6, NEW),
    ev.Verified(BEGAN + 30, NEW, "us-east-1"),
    *pushed("relay", BEGAN + 40),
    *pushed("admin-alias", BEGAN + 50, ev.Outcome.WAITING),
    ev.ReadBack(BEGAN + 60, "relay", NEW),
    ev.Revealed(BEGAN + 3600, "admin-alias", NEW, "jada"),
    ev.Attested(BEGAN + 7200, "admin-alias", NEW, "jada"),
    *canary("relay", BEGAN + 7300),
    *canary("admin-alias", BEGAN + 7400),
    *switched(ev.Effect.DEACTIVATE, OFF),
    ev.OldRefused(OFF + 90, OLD, seen=True),
    *canary("relay", OFF + 100),
    *canary("admin-alias", OFF + 200),
    *switched(ev.Effect.DELETE, OFF + 7 * DAY_S),
    ev.RunFinished(OFF + 7 * DAY_S + 5, "20261015-0314-jada", "rotated"),
]
AUDITS: list[ev.Event] = [
    ev.AuditSettled(NOW - 61 * DAY_S, "relay", "arrived", OLD),
    ev.AuditSettled(NOW - 31 * DAY_S, "relay", "missing", NEW),
    ev.AuditSettled(NOW - DAY_S, "relay", "arrived", NEW),
]
REFUSED = ev.AuditSettled(NOW - 60, "relay", "refused", NEW)
HALF_WAY = [event for event in ROTATED if event.at <= BEGAN + 60]


def user(name: str = "jada-ses-smtp", **more: object) -> UserSnapshot:
    """An IAM user whose key was rotated 40 days ago."""
    given: dict[str, object] = {
        "policy": Policy(name, "123456789012", (RELAY, ALIAS)),
        "events": [*ROTATED, *AUDITS],
        "keys": (AccessKey(KeyId(NEW), Status.ACTIVE, Instant(BEGAN)),),
        "last_use": {NEW: LastUse(Instant(NOW - 3600), "ses", "us-east-1")},
        "states": {NEW: "ok"},
    }
    return UserSnapshot(name, "us-east-1", **(given | more))  # type: ignore[arg-type]  # fields by name


AGED = AccessKey(KeyId(STRANGE), Status.ACTIVE, Instant(NOW - 97 * DAY_S))
OFFLINE = user("legacy-smtp", keys=(), missing="IAM could not be asked: no route to host")
OVERDUE = user(
    "app-smtp",
    keys=(AGED,),
    last_use={STRANGE: None},
    states={STRANGE: "OVERDUE (limit 90 d)"},
    overdue=True,
    events=HALF_WAY,
    questions=(f"admin-alias has to be given the new password by hand: {HOSTILE}",),
)
YEAR = Snapshot(
    NOW,
    (user(), OVERDUE, OFFLINE, UserSnapshot("never-adopted", "us-east-1")),
    rates=(
        Rate("bounce", "us-east-1", 0.05, 0.1, tuple((NOW - n * DAY_S, 0.01 + n % 5 / 100) for n in range(90, -1, -1))),
        Rate("complaint", "us-east-1", 0.001, 0.005, missing="CloudWatch: access denied"),
    ),
    growth=(
        Growth("us-east-1", tuple((NOW - n * DAY_S, n % 7, n % 3) for n in range(60, -1, -1)), seen=NOW),
        Growth("eu-west-1", missing="it was never read here"),
    ),
)
CALM = Snapshot(NOW, (user(),))
