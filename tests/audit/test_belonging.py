"""What does not belong there: keys, users, places, a run that never ends."""

from __future__ import annotations

import pytest

from rotator.audit.belonging import UNUSED_S, key_findings, run_finding, unnamed_users, unproven
from rotator.core.access_keys import AccessKey, Instant, KeyId, LastUse, Status
from rotator.core.facts import Facts
from rotator.core.findings import CheckStatus
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.history.proven import AuditOutcome, Proof, audit_history, last_audited, last_proven
from rotator.core.policy import DAY_S, Policy, Traits
from tests.core.telling import NEW, OLD, T, adopted, opened

POLICY = Policy("u", "1", (Traits("gmail", "gmail_send_as", "e"), Traits("file", "credential_file", "e")))
OK, FAILED, WARNING = CheckStatus.OK, CheckStatus.FAILED, CheckStatus.WARNING
NOT_KNOWN = CheckStatus.NOT_KNOWN
FACTS = fold([adopted()])
NOW = T + 400 * DAY_S


def key(id: str, age_s: int, status: Status = Status.ACTIVE) -> AccessKey:
    """A listed key of that age."""
    return AccessKey(KeyId(id), status, Instant(NOW - age_s))


def told(keys: AccessKey, use: LastUse | None, facts: Facts = FACTS) -> dict[str, CheckStatus]:
    """What is said of one listed key."""
    return {one.id: one.status for one in key_findings(facts, POLICY, [keys], {keys.id: use}, NOW)}


JUST_NOW = LastUse(Instant(NOW - 60), "ses-smtp", "us-east-1")
LONG_AGO = LastUse(Instant(NOW - UNUSED_S - 1), "ses-smtp", "us-east-1")
KEYS = {
    "ours, young and used": (key(OLD, DAY_S), JUST_NOW, {"keys.age": OK}),
    "on the last second of its limit": (key(OLD, 90 * DAY_S), JUST_NOW, {"keys.age": OK}),
    "a second over its limit": (key(OLD, 90 * DAY_S + 1), JUST_NOW, {"keys.age": FAILED}),
    "old and unused": (key(OLD, 80 * DAY_S), LONG_AGO, {"keys.age": OK, "keys.unused": WARNING}),
    "old and never used": (key(OLD, 80 * DAY_S), LastUse(None), {"keys.age": OK, "keys.unused": WARNING}),
    "young and never used yet": (key(OLD, DAY_S), LastUse(None), {"keys.age": OK}),
    "nobody could ask": (key(OLD, 80 * DAY_S), None, {"keys.age": OK, "keys.unused": NOT_KNOWN}),
    "a stranger's": (key("AKIA-ELSE", DAY_S), JUST_NOW, {"keys.unknown": FAILED, "keys.age": OK}),
    "a stranger's, Inactive": (key("AKIA-ELSE", 500 * DAY_S, Status.INACTIVE), None, {"keys.unknown": FAILED}),
    "ours, Inactive and old": (key(OLD, 500 * DAY_S, Status.INACTIVE), None, {}),
}


@pytest.mark.parametrize(("keys", "use", "expected"), KEYS.values(), ids=KEYS.keys())
def test_what_is_said_of_a_key(keys: AccessKey, use: LastUse | None, expected: dict[str, CheckStatus]) -> None:
    """Age against the limit, use, and whether the journal knows it; a look-up that failed is not "unused"."""
    assert told(keys, use) == expected


def test_a_key_id_is_never_shown_whole() -> None:
    """Reports travel; the id is masked."""
    stranger = key("AKIAABCDEFGHIJKLMNOP", DAY_S)
    findings = list(key_findings(FACTS, POLICY, [stranger], {}, NOW))
    assert all("AKIAABCDEFGHIJKLMNOP" not in repr(one) for one in findings)


@pytest.mark.parametrize(("days", "status"), [(12, OK), (13, FAILED)])
def test_a_run_that_is_open_for_longer_than_it_can_take_is_told(days: int, status: CheckStatus) -> None:
    """Grace 3 d, watch 7 d and the alarm's 2 d are its time; nothing is said of it before."""
    facts = fold([adopted(), opened()])
    assert run_finding(facts, POLICY, T + days * DAY_S).status is status
    assert run_finding(FACTS, POLICY, NOW).status is OK


def test_a_user_below_the_path_that_the_file_does_not_name_is_told() -> None:
    """Nobody rotates its keys; one that is named is fine."""
    assert [one.status for one in unnamed_users("/ses/", ["u", "ghost"], ["u"])] == [FAILED]
    assert [one.status for one in unnamed_users("/ses/", ["u"], ["u", "v"])] == [OK]


def test_a_place_that_was_never_confirmed_is_told() -> None:
    """Any proof counts; a key that it was adopted with is none."""
    assert [dict(one.evidence)["consumer"] for one in unproven(POLICY, {"file": Proof(T, "read back")})] == ["gmail"]


PROOFS = {
    "nothing": ([], {}),
    "a test mail arrived": ([ev.CanarySettled(T + 9, "gmail", "t", "arrived", T + 5)], {"gmail": (T + 5, "test mail")}),
    "a test mail was refused": ([ev.CanarySettled(T + 9, "gmail", "t", "refused", T + 5)], {}),
    "an audit mail arrived": ([ev.AuditSettled(T, "gmail", "arrived")], {"gmail": (T, "audit mail")}),
    "a newer audit mail that failed takes nothing away": (
        [ev.AuditSettled(T, "gmail", "arrived"), ev.AuditSettled(T + 1, "gmail", "refused")],
        {"gmail": (T, "audit mail")},
    ),
    "the newest counts": (
        [ev.ReadBack(T, "file", OLD), ev.Attested(T + 1, "file", NEW, "jada")],
        {"file": (T + 1, "a person's word")},
    ),
    "an audit mail counts from when it was sent": (
        [ev.AuditSettled(T + 99, "gmail", "arrived", OLD, T)], {"gmail": (T, "audit mail")}),
    "an audit mail that was sent before the place was told a key is about another one": (
        [ev.PushIntended(T, "gmail", NEW, T + 21), ev.AuditSettled(T + 99, "gmail", "arrived", OLD, T)], {}),
    "an audit mail that was sent after that": (
        [ev.PushIntended(T, "gmail", NEW, T + 21), ev.AuditSettled(T + 99, "gmail", "arrived", NEW, T + 1)],
        {"gmail": (T + 1, "audit mail")}),
    "an audit mail of before a person put the key there": (
        [ev.Attested(T, "gmail", NEW, "jada"), ev.AuditSettled(T + 99, "gmail", "arrived", OLD, T - 1)],
        {"gmail": (T, "a person's word")}),
    "a test mail outdoes an audit mail that was sent before it and came in later": (
        [ev.CanarySettled(T + 9, "gmail", "t", "arrived", T + 5), ev.AuditSettled(T + 99, "gmail", "arrived", OLD, T)],
        {"gmail": (T + 5, "test mail")}),
    "a proof of a time that a person called wrong is none": (
        [ev.CanarySettled(T + 99, "gmail", "t", "arrived", T + 99), ev.ClockCorrected(T, "a proxy")], {}),
    "a proof of before stays when the clock is corrected": (
        [ev.ReadBack(T, "file", OLD), ev.ClockCorrected(T, "a proxy")], {"file": (T, "read back")}),
    "an audit mail counts again once the clock is corrected": (
        [ev.PushIntended(T + 99, "gmail", NEW, T + 120), ev.ClockCorrected(T, "a proxy"),
         ev.AuditSettled(T + 9, "gmail", "arrived", NEW, T + 1)], {"gmail": (T + 1, "audit mail")}),
    "overtaken by a rotation": ([ev.AuditSettled(T + 9, "gmail", "overtaken", OLD, T)], {}),
    "forgotten": ([ev.ReadBack(T, "file", OLD), ev.Forgotten(T + 1, "file", "gone")], {}),
}  # fmt: skip


@pytest.mark.parametrize(("events", "expected"), PROOFS.values(), ids=PROOFS.keys())
def test_when_each_place_was_last_proven(events: list[ev.Event], expected: dict[str, tuple[int, str]]) -> None:
    """Told from the journal alone: what proved it, and when."""
    assert {name: (one.at, one.how) for name, one in last_proven(events).items()} == expected


def test_the_newest_audit_of_each_place_is_told_beside_it() -> None:
    """Good or bad."""
    events = [ev.AuditSettled(T, "gmail", "arrived"), ev.AuditSettled(T + 1, "gmail", AuditOutcome.REFUSED)]
    assert {name: one.outcome for name, one in last_audited(events).items()} == {"gmail": "refused"}


@pytest.mark.parametrize("outcome", AuditOutcome)
def test_no_outcome_of_an_audit_changes_what_a_rotation_knows(outcome: AuditOutcome) -> None:
    """Not even its time: a journal from a backup must not look newer for it."""
    for past in ([adopted()], [adopted(), opened()]):
        assert fold([*past, ev.AuditSettled(T + DAY_S, "gmail", outcome, OLD)]) == fold(past)


def test_a_mail_that_a_rotation_overtook_is_no_verdict() -> None:
    """What was known before stays; the newest verdict counts from when its mail was sent."""
    verdict = ev.AuditSettled(T + 9, "gmail", "refused", OLD, T)
    events = [verdict, ev.AuditSettled(T + 99, "gmail", "overtaken", OLD, T + 50)]
    assert {name: (one.at, one.outcome) for name, one in last_audited(events).items()} == {"gmail": (T, "refused")}


def test_an_audit_of_a_wrong_time_is_not_newer_than_the_correction() -> None:
    """It stays in the history, and the next one is the newest."""
    lied = [ev.AuditSettled(T + 99, "gmail", "refused", OLD, T + 99), ev.ClockCorrected(T, "a proxy")]
    assert last_audited(lied)["gmail"].at == T
    history = audit_history([*lied, ev.AuditSettled(T + 9, "gmail", "arrived", OLD, T + 5)], 0)["gmail"]
    assert [(one.at, one.outcome) for one in history] == [(T, "refused"), (T + 5, "arrived")]
