"""Worlds with one fault each: the doctor names it first, and accuses nothing that is healthy."""

from __future__ import annotations

import pytest

from rotator.core.findings import CheckStatus
from tests.doctor.broken import SOMEBODY, WORLDS, Broken, publishes, rotated_away, sibling
from tests.doctor.stage import Stage, accused


def test_nothing_is_wrong_with_a_healthy_world(stage: Stage) -> None:
    """With mails and a recipient asked about, every check is content and none is left open."""
    with stage.changed():
        stage.asking(send=True, recipient=SOMEBODY)
        findings = stage.examine()
    assert accused(findings) == []
    assert [one.id for one in findings if one.status is CheckStatus.NOT_KNOWN] == []


@pytest.mark.parametrize("broken", WORLDS.values(), ids=WORLDS.keys())
def test_the_planted_fault_is_named_and_nothing_else(stage: Stage, broken: Broken) -> None:
    """One fault is one finding, the first, with words of its own, a fix and a page."""
    with stage.changed(), broken.plant(stage):
        findings = stage.examine()
    assert accused(findings) == [(broken.id, broken.status)], "\n".join(
        f"{one.id} {one.target}: {one.status} {one.summary}" for one in findings
    )
    (named,) = [one for one in findings if one.id == broken.id and one.status.value == broken.status]
    assert broken.words in named.summary
    assert named.fix
    assert named.runbook.startswith("runbooks/")


def test_spf_shows_what_it_costs(stage: Stage) -> None:
    """Terms that ask DNS and answers without records: until SES is let through, and to the record's end."""
    name = "bounce.queenofsandiego.com"
    record = "v=spf1 include:amazonses.com a:mx.queenofsandiego.com a:gone.queenofsandiego.com -all"
    with publishes(name, "TXT", record)(stage):
        (found,) = [one for one in stage.examine("dns.spf") if one.id == "dns.spf"]
    assert found.status is CheckStatus.OK
    assert dict(found.evidence) == {
        "record": record, "lookups": "1", "void": "0", "lookups_to_the_end": "3", "void_to_the_end": "1",
    }  # fmt: skip


def test_siblings_below_one_organization_are_aligned(stage: Stage) -> None:
    """A MAIL FROM domain beside the author's domain is as good as one below it, once the parent has a policy."""
    with stage.changed(), sibling(stage):
        findings = stage.examine()
    assert accused(findings) == []
    (found,) = [one for one in findings if one.id == "dns.dmarc"]
    assert (found.status, dict(found.evidence)["policy"]) == (CheckStatus.OK, "reject")


def test_there_are_enough_worlds() -> None:
    """At least forty, in every layer."""
    assert len(WORLDS) >= 40
    layers = {"journal", "dns", "ses", "iam", "smtp", "gmail", "consumer", "recipient"}
    assert {one.id.partition(".")[0] for one in WORLDS.values()} == layers


def test_the_four_silences_differ(stage: Stage) -> None:
    """A missing name, an empty answer, SERVFAIL and a time-out are four findings with four remedies at most."""
    seen = set()
    for fault in ("NXDOMAIN", "EMPTY", "SERVFAIL", "TIMEOUT"):
        stage.world.dns.records.fail("bounce.queenofsandiego.com", fault)
        try:
            (found,) = [one for one in stage.examine("dns.mail_from") if one.id == "dns.mail_from"]
        finally:
            stage.world.dns.records.fail("bounce.queenofsandiego.com", None)
        assert found.status is CheckStatus.FAILED
        seen.add(dict(found.evidence)["lookup"])
    assert seen == {"no such name", "no such record", "server failure", "no answer in time"}


def test_the_seed_story(stage: Stage) -> None:
    """A stale alias and a complaint: with --send exactly those two are named, without it the alias is not known."""
    now = stage.world.clock.now()
    stage.world.ses.suppress(SOMEBODY, "COMPLAINT", now)
    try:
        with stage.changed(), rotated_away(stage):
            stage.asking(recipient=SOMEBODY)
            without = stage.examine()
            stage.asking(send=True, recipient=SOMEBODY)
            sent = stage.examine()
    finally:
        stage.client("sesv2").delete_suppressed_destination(EmailAddress=SOMEBODY)
    assert accused(sent) == [("gmail.canary", "failed"), ("recipient.suppression", "failed")]
    assert accused(without) == [("recipient.suppression", "failed")]
    (alias,) = [one for one in without if one.id == "gmail.canary"]
    assert (alias.status, alias.fix) == (CheckStatus.NOT_KNOWN, "add --send: a test mail through it")
