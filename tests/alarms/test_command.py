"""`rotator alarms` and the figures that it lives on, against CloudWatch and SNS in the sandbox."""

from __future__ import annotations

import os
from typing import Any

import pytest

from rotator.core.errors import Exit
from rotator.sandbox.client import Sandbox
from rotator.sandbox.world import World
from tests.alarms.conftest import ONCALL
from tests.alarms.deploying import add_section, client, deploy
from tests.audit.conftest import spoil
from tests.cli.conftest import Ran, Run
from tests.cli.terminal import at_terminal

DAY_S = 86400


def failures(done: Ran) -> list[str]:
    """What `alarms status` found wrong."""
    return [one["summary"] for one in done.document["findings"] if one["status"] == "failed"]


def figures(world: World) -> dict[str, list[float]]:
    """Everything that was published, by metric."""
    found: dict[str, list[float]] = {}
    for name, dimensions, value in world.moto.metrics(world.scenario.region, "Rotator"):
        assert dimensions == {"User": world.scenario.user}
        found.setdefault(name, []).append(value)
    return found


def test_what_was_deployed_by_the_definitions_is_well(deployed: World, run: Run) -> None:
    """Every alarm and the topic: all is as it should be, and somebody is told."""
    done = run("alarms", "status", "--json")
    assert (done.code, failures(done)) == (0, [])
    assert len(done.document["findings"]) == 11


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "another threshold": ({"Threshold": 0.2}, "threshold 0.2, not 0.05"),
    "another statistic": ({"Statistic": "Sum"}, "statistic Sum, not Average"),
    "missing data is bad": ({"TreatMissingData": "breaching"}, "missing breaching, not ignore"),
    "its actions are off": ({"ActionsEnabled": False}, "tells nobody: its actions are off"),
    "it tells nobody": ({"AlarmActions": []}, "tells nobody: it has no action"),
}


@pytest.mark.parametrize(("change", "told"), CHANGES.values(), ids=CHANGES.keys())
def test_an_alarm_that_somebody_changed_is_found(deployed: World, run: Run, change: dict[str, Any], told: str) -> None:
    """What differs is named."""
    cloudwatch, name = client(deployed, "cloudwatch"), "rotator-bounce-rate-review"
    row = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    kept = ("AlarmName", "Namespace", "MetricName", "Statistic", "Period", "EvaluationPeriods", "Threshold",
            "ComparisonOperator", "TreatMissingData", "AlarmActions", "ActionsEnabled")  # fmt: skip
    cloudwatch.put_metric_alarm(**{key: row[key] for key in kept} | change)
    done = run("alarms", "status", "--json")
    assert (done.code, failures(done)) == (Exit.FAILED, [f"{name}: {told}" if ":" not in told else f"{name} {told}"])


def test_an_alarm_that_is_gone_and_one_that_rings_are_found(deployed: World, run: Run) -> None:
    """Not there is as bad as ringing."""
    cloudwatch = client(deployed, "cloudwatch")
    cloudwatch.delete_alarms(AlarmNames=["rotator-reject"])
    cloudwatch.set_alarm_state(AlarmName="rotator-daily-quota", StateValue="ALARM", StateReason="x")
    assert failures(run("alarms", "status", "--json")) == [
        "rotator-daily-quota RINGS",
        "rotator-reject is not there in us-east-1",
    ]


def test_the_limit_is_the_account_s_own(deployed: World, run: Run) -> None:
    """SES raised it: the alarm is at the old one's 80 %."""
    deployed.ses.quota_per_day = 100_000.0
    assert failures(run("alarms", "status", "--json")) == ["rotator-daily-quota: threshold 40000, not 80000"]


def test_an_address_that_nobody_confirmed_is_nobody(world: World, run: Run) -> None:
    """No test can reach it either: that is told instead of ringing."""
    add_section(world)
    deploy(world, ONCALL)
    wrong = ["rotator-alarms: 1 subscribed, none confirmed"]
    assert failures(run("alarms", "status", "--json")) == wrong
    done = run("alarms", "test", "--yes", "--json")
    assert (done.code, failures(done)) == (Exit.FAILED, wrong)


def test_a_test_reaches_whoever_is_subscribed(deployed: World, run: Run) -> None:
    """The alarm rings, and the mail says that it is a test."""
    done = run("alarms", "test", "--alarm", "rotator-jada-ses-smtp-audit-failed", "--yes", "--json")
    assert (done.code, done.document["rang"]) == (0, "rotator-jada-ses-smtp-audit-failed")
    mail = deployed.mailboxes.messages(ONCALL)[-1]
    assert mail["Subject"] == 'ALARM: "rotator-jada-ses-smtp-audit-failed" in us-east-1'
    assert "A test by rotator: nothing is wrong" in mail.get_content()
    assert "runbooks/failed-audit.md" in mail.get_content()


def test_whoever_declines_gets_a_document_too(deployed: World) -> None:
    """Nothing rings, nobody has a mail, and a script reads that."""
    seen = at_terminal(["alarms", "test", "--json"], os.environ, {"Go on? [y/N]": "n"})
    assert '"rang": null' in seen.screen
    assert not any(mail["Subject"].startswith("ALARM") for mail in deployed.mailboxes.messages(ONCALL))


def test_an_alarm_that_is_not_there_cannot_be_tried(deployed: World, run: Run) -> None:
    """A slip of the pen is a usage error; so is a file without the section."""
    assert run("alarms", "test", "--alarm", "rotator-none", "--yes").code == Exit.USAGE
    text = deployed.place.config.read_text("utf-8")
    deployed.place.config.write_text(text.replace("alarms: {}\n", ""), "utf-8")
    assert run("alarms", "status").code == Exit.USAGE


def test_where_no_alarm_was_deployed_none_can_be_tried(world: World, run: Run) -> None:
    """Nobody would be told of anything: that is exit 1, with what deploys them."""
    add_section(world)
    done = run("alarms", "test", "--yes")
    assert (done.code, "no alarm is there in us-east-1" in done.err) == (Exit.FAILED, True)
    assert "fix   rotator infra render sending" in done.err
    assert "see   runbooks/infrastructure.md#deploy" in done.err


def test_a_rotation_publishes_its_figures(deployed: World, run: Run) -> None:
    """Age of the key in use, time since the run was opened, whether the old key is used."""
    assert run("rotate", "--if-due").code == 0
    first = figures(deployed)
    assert first["KeyAgeSeconds"] == [pytest.approx(10 * DAY_S, abs=60)]
    assert (first["OpenRotationSeconds"], first["OldKeyUsed"]) == ([0.0], [0.0])
    assert run("rotate", "--yes").code == 0
    Sandbox(deployed.admin_url).advance(2 * DAY_S)
    assert run("rotate").code == 0
    ages, opened = figures(deployed)["KeyAgeSeconds"], figures(deployed)["OpenRotationSeconds"]
    assert ages[-1] == pytest.approx(12 * DAY_S, abs=60)
    assert opened[-1] == pytest.approx(2 * DAY_S, abs=60)


def test_an_audit_publishes_how_many_places_failed(deployed: World, run: Run) -> None:
    """None, then one; an audit of one place alone says nothing of the user."""
    assert run("audit").code == 0
    spoil(deployed)
    assert run("audit").code == Exit.FAILED
    assert run("audit", "--consumer", "relay").code == 0
    assert figures(deployed)["AuditFailed"] == [0.0, 1.0]


def test_an_audit_that_fails_for_a_key_rings_too(deployed: World, run: Run) -> None:
    """Every mail arrives, and a key is there that the journal does not know: exit 1, and the figure says so."""
    deployed.keys.create(deployed.scenario.user)
    assert run("audit").code == Exit.FAILED
    assert figures(deployed)["AuditFailed"] == [1.0]


def test_without_the_section_nothing_is_published(world: World, run: Run) -> None:
    """Nobody asked for figures."""
    assert run("audit").code == 0
    assert run("rotate", "--if-due").code == 0
    assert not any(one.name.startswith("monitoring:") for one in world.record.entries(0))


def test_figures_that_cannot_be_published_change_nothing(
    deployed: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller without the right: a warning, the same exit code, the same journal."""
    everything_else = {"Effect": "Allow", "NotAction": "cloudwatch:*", "Resource": "*"}
    key = deployed.add_caller("narrow", {"Version": "2012-10-17", "Statement": [everything_else]})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret)
    done = run("audit")
    assert (done.code, "could not be published" in done.err) == (0, True)
