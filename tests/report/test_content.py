"""What the report says of a snapshot, before anything is drawn."""

from __future__ import annotations

import pytest

from rotator.core.evidence import Rung
from rotator.core.history import events as ev
from rotator.report import charts
from rotator.report.content import report
from rotator.report.snapshot import Growth, Rate, Snapshot, UserSnapshot
from tests.report.snapshots import (
    AUDITS,
    BEGAN,
    CALM,
    DAY_S,
    HALF_WAY,
    NEW,
    NOW,
    OFF,
    OFFLINE,
    OVERDUE,
    REFUSED,
    ROTATED,
    YEAR,
    user,
)  # fmt: skip


def rate(*values: float) -> Rate:
    """Bounce rates of successive days."""
    return Rate("bounce", "us-east-1", 0.05, 0.1, tuple((NOW + n * DAY_S, one) for n, one in enumerate(values)))


VERDICTS = {
    "all is well": (CALM, True, "every key within its limit (1 of 1 users)"),
    "the worst comes first": (
        YEAR,
        False,
        "1 overdue, 1 not adopted, 1 could not be looked up, 1 waiting for a person",
    ),
    "what could not be looked up is never shown as health": (
        Snapshot(NOW, (OFFLINE,)), False, "1 could not be looked up",
    ),
    "an open run that needs help": (
        Snapshot(NOW, (user(stuck=True),)), False, "1 open and in need of help",
    ),
    "a place that failed its newest audit": (
        Snapshot(NOW, (user(events=[*ROTATED, *AUDITS, REFUSED]),)), False, "1 failed the newest audit",
    ),
    "a place that was proven since": (
        Snapshot(NOW, (user(events=[*ROTATED, REFUSED, ev.ReadBack(NOW, "relay", NEW)]),)), True,
        "every key within its limit (1 of 1 users)",
    ),
    "a rate at AWS's line": (
        Snapshot(NOW, (user(),), rates=(rate(0.05), rate(0.0499), rate(0.2))), False,
        "2 over AWS's line for bounces or complaints",
    ),
    "a rate that is not known": (
        Snapshot(NOW, (user(),), rates=(Rate("bounce", "us-east-1", 0.05, 0.1, missing="access denied"),)), True,
        "every key within its limit (1 of 1 users)",
    ),
    "a person may take their time": (
        Snapshot(NOW, (user(questions=("paste it",)),)), True, "1 waiting for a person",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("snapshot", "ok", "verdict"), VERDICTS.values(), ids=VERDICTS.keys())
def test_the_verdict_is_one_sentence(snapshot: Snapshot, verdict: str, *, ok: bool) -> None:
    """Title and first line say whether anybody has to act, and on what."""
    told = report(snapshot)
    assert (told.ok, told.verdict) == (ok, verdict)


def test_a_run_tells_its_steps_and_its_evidence() -> None:
    """A finished rotation shows every step it went through and that each consumer survived the deactivation."""
    (run,) = report(CALM).runs
    assert [step.name for step in run.steps] == ["lock", "create", "verify", "push", "confirm", "deactivate", "delete"]
    assert (run.outcome, run.opened, run.mode) == ("rotated", BEGAN, "scheduled")
    assert [(one.consumer, one.rung, one.at) for one in run.consumers] == [
        ("admin-alias", Rung.SURVIVED, OFF + 209),
        ("relay", Rung.SURVIVED, OFF + 109),
    ]


def test_an_open_run_shows_how_far_its_evidence_goes() -> None:
    """Half-way through, the relay was read back and the person has not said anything."""
    (run,) = report(Snapshot(NOW, (user(events=HALF_WAY),))).runs
    assert (run.outcome, run.finished) == ("open", None)
    assert {one.consumer: one.rung for one in run.consumers} == {"admin-alias": Rung.NONE, "relay": Rung.READ_BACK}


def test_a_consumer_that_left_the_file_is_still_told() -> None:
    """What a consumer proved in the past does not go away with its entry in the file."""
    policy = user().policy
    assert policy is not None
    alone = type(policy)(policy.user, policy.account, policy.consumers[:1])
    (run,) = report(Snapshot(NOW, (user(policy=alone),))).runs
    assert [one.consumer for one in run.consumers] == ["admin-alias", "relay"]


def test_what_is_missing_is_said() -> None:
    """Every look-up that failed stands in the report with its reason."""
    assert report(YEAR).missing == (
        "legacy-smtp: IAM could not be asked: no route to host",
        "never-adopted: no journal here, so nothing is known of its rotations",
        "complaint rate in us-east-1: CloudWatch: access denied",
        "suppression list in eu-west-1: it was never read here",
    )


def test_a_key_over_its_limit_reaches_over_the_mark() -> None:
    """The bar of an overdue key is longer than the limit's place, that of a young one shorter."""
    young, old = (charts.bar(report(Snapshot(NOW, (one,))).keys[0]) for one in (user(), OVERDUE))
    assert young.reach < young.limit < charts.WIDTH
    assert old.limit < old.reach <= charts.WIDTH


def test_lines_and_columns_stay_in_their_box() -> None:
    """No value, however high, is drawn outside."""
    line = charts.line(Rate("bounce", "us-east-1", 0.05, 0.1, ((0, 0.0), (10, 0.9), (20, 0.02))))
    assert line.points == "0,100 500,17 1000,98"
    assert 0 < line.pause < line.review < charts.HEIGHT
    columns = charts.columns(Growth("us-east-1", ((0, 5, 5), (1, 0, 0), (2, 1, 0))))
    assert [(bounces, complaints) for _, _, bounces, complaints in columns] == [(50, 50), (0, 0), (10, 0)]
    assert charts.line(Rate("bounce", "us-east-1", 0.05, 0.1)).points == ""


OVER = {
    "nothing is known": ((), ""),
    "below both": ((0.0499,), ""),
    "the first line itself": ((0.05,), "review"),
    "the second line itself": ((0.1,), "pause"),
    "over once, and well again": ((0.2, 0.01), ""),
}


@pytest.mark.parametrize(("values", "over"), OVER.values(), ids=OVER.keys())
def test_the_newest_value_counts(values: tuple[float, ...], over: str) -> None:
    """AWS's lines are reached at the value itself."""
    assert rate(*values).over == over


def test_a_single_day_is_drawn_as_a_line() -> None:
    """A curve of one point would not be seen."""
    assert charts.line(rate(0.12)).points == "0,17 1000,17"


def test_a_year_of_columns_fills_the_box() -> None:
    """To the edge and not beyond, side by side."""
    columns = charts.columns(Growth("us-east-1", tuple((n, 1, 0) for n in range(366))))
    assert all(0 <= x < x + width <= charts.WIDTH + 1 for x, width, _, _ in columns)
    assert columns[-1][0] + columns[-1][1] >= charts.WIDTH - 3
    assert len({x for x, _, _, _ in columns}) == 366


def test_a_user_never_adopted_has_no_rows() -> None:
    """Without a journal nothing is claimed about keys or runs."""
    told = report(Snapshot(NOW, (UserSnapshot("never-adopted", "us-east-1"),)))
    assert (told.keys, told.runs, told.ok) == ((), (), False)


def test_twelve_months_of_audits_are_told_for_every_place() -> None:
    """What is older is left out; a place that was never audited is told, too."""
    old = ev.AuditSettled(NOW - 370 * DAY_S, "relay", "missing")
    relay, alias = report(Snapshot(NOW, (user(events=[old, *ROTATED, *AUDITS]),))).audits
    assert [one.outcome for one in relay.audits] == ["arrived", "missing", "arrived"]
    assert (relay.consumer, relay.proven, relay.by, relay.broken) == ("relay", NOW - DAY_S, "audit mail", False)
    assert (alias.consumer, alias.audits, alias.by) == ("admin-alias", (), "test mail")
