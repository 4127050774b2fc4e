"""`rotator suppression`: what people, scripts and timers get."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from rotator.cli.suppression_view import bar
from rotator.sandbox.world import World
from rotator.suppression.export import Progress
from tests.cli.conftest import Run, run  # noqa: F401 - a fixture
from tests.suppression.conftest import Office


def test_an_export_says_what_it_wrote(world: World, office: Office, run: Run) -> None:  # noqa: F811
    """One line a region, the files below it; the same as one document."""
    office.suppress(4)
    told = run("suppression", "export", "--rate", "1000")
    assert told.code == 0, told.err
    first, path = told.out.splitlines()
    assert first == "✓ us-east-1  4 addresses: 4 bounced, 0 complained (2 pages)"
    assert Path(path.strip()).parent == world.place.state / "suppression"
    document = run("suppression", "export", "--rate", "1000", "--json").document
    assert document["schema"] == "rotator/suppression-export/1"
    assert [(one["region"], one["addresses"], len(one["files"])) for one in document["exports"]] == [
        ("us-east-1", 4, 1)
    ]


def test_an_export_goes_where_it_is_told(office: Office, run: Run, tmp_path: Path) -> None:  # noqa: F811
    """A directory of the person's choice, in SES's other form."""
    office.suppress(1)
    assert run("suppression", "export", "--rate", "1000", "-o", str(tmp_path / "here"), "--format", "json").code == 0
    (path,) = (tmp_path / "here").iterdir()
    assert path.read_text("utf-8") == '{"emailAddress":"user0@mail0.example.org","reason":"BOUNCE"}\n'


def test_a_list_that_has_gone_is_told(world: World, office: Office, run: Run) -> None:  # noqa: F811
    """AWS deletes the list of an account that was paused for long: the older files are the only copy."""
    addresses = office.suppress(5)
    assert run("suppression", "export", "--rate", "1000").code == 0
    for address in addresses:
        world.ses.suppression.remove(address)
    told = run("suppression", "export", "--rate", "1000")
    assert "there were 5" in told.err
    assert "runbooks/account-paused.md" in told.err


def test_the_list_is_shown_by_reason_and_time(world: World, office: Office, run: Run) -> None:  # noqa: F811
    """Only what was asked for, the latest first; `--since` counts back from AWS's time."""
    office.suppress(2)
    world.clock.advance(timedelta(days=10))
    office.suppress(1, "COMPLAINT", "angry")
    document = run("suppression", "list", "--json").document
    assert [row["address"].partition("@")[0] for row in document["rows"]] == ["angry0", "user0", "user1"]
    for arguments in (("--reason", "COMPLAINT"), ("--since", "7d")):
        told = run("suppression", "list", *arguments)
        assert [line.split()[1] for line in told.out.splitlines()[1:]] == ["angry0@mail0.example.org"]
    assert run("suppression", "list", "--since", "2020-01-31", "--json").document["complete"] is True


def test_a_list_too_long_to_show_leads_to_the_export(office: Office, run: Run) -> None:  # noqa: F811
    """What is cut off is said."""
    office.suppress(3)
    told = run("suppression", "list", "--limit", "2")
    assert len(told.out.splitlines()) == 1 + 2
    assert "rotator suppression export" in told.err
    assert run("suppression", "list", "--limit", "3", "--json").document["complete"] is True


def test_why_names_reason_time_and_mail(world: World, run: Run) -> None:  # noqa: F811
    """Who wonders where a mail went gets the mail that put the address there."""
    world.ses.suppress("Reader@Example.org", "COMPLAINT", world.clock.now(), message_id="0107-abc")
    told = run("suppression", "why", "reader@EXAMPLE.org")
    assert "reader@EXAMPLE.org is suppressed: COMPLAINT" in told.out
    assert "message  0107-abc" in told.out
    assert told.out.splitlines()[-1] == "    see   runbooks/recipient-suppressed.md"
    assert (told.code, told.out[:2]) == (0, "! ")  # an answer, and no good news: no ✗ beside a 0
    document = run("suppression", "why", "reader@example.org", "--json").document
    assert document["suppressed"] is True
    assert document["regions"][0]["message_id"] == "0107-abc"


def test_why_remembers_the_latest_export(world: World, office: Office, run: Run) -> None:  # noqa: F811
    """An address that SES has no longer was on the list once: the export knows it."""
    (address,) = office.suppress(1)
    assert run("suppression", "export", "--rate", "1000").code == 0
    world.ses.suppression.remove(address)
    told = run("suppression", "why", address)
    assert f"{address} is not on the account's list" in told.out
    assert "it was on" in told.out


@pytest.mark.parametrize("address", ["nobody", "@example.org", "a@b@c"])
def test_what_is_no_address_is_refused(world: World, run: Run, address: str) -> None:  # noqa: F811
    """Nothing is asked of AWS for it."""
    assert run("suppression", "why", address).code == 2


def test_without_permission_it_says_which(world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Access is exit code 4, and the fix is the policy."""
    nothing = {"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}
    key = world.add_caller("poor", {"Version": "2012-10-17", "Statement": [nothing]})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret)
    told = run("suppression", "export", "--rate", "1000")
    assert told.code == 4
    assert "ses:ListSuppressedDestinations" in told.err


BARS = {
    "a first export knows no total": (
        Progress("us-east-1", 3000, 3, 0, None, continued=False), "us-east-1  3000 rows  page 3  1000/s",
    ),
    "a later one says how long it takes": (
        Progress("us-east-1", 50_000, 50, 0, 100_000, continued=False),
        "us-east-1  [##########----------]  50000 of about 100000 rows  1000/s  50 s left",
    ),
    "a list that has grown is not below nothing": (
        Progress("us-east-1", 120_000, 120, 1, 100_000, continued=True),
        "us-east-1  [####################]  120000 of about 100000 rows  1000/s  0 s left  begun anew 1 times",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("progress", "line"), BARS.values(), ids=BARS.keys())
def test_the_line_that_moves(progress: Progress, line: str) -> None:
    """Rows, rate and time left, in one line."""
    assert bar(progress, 1000.0) == line


def test_an_alert_is_silent_when_there_is_nothing(world: World, run: Run) -> None:  # noqa: F811
    """With -q a timer's mail is empty on an ordinary day, save for the line that says it is a sandbox."""
    told = run("suppression", "alert", "--rate", "1000", "-q")
    assert (told.code, told.out) == (0, "")
    assert [line for line in told.err.splitlines() if "NOT THE REAL AWS" not in line] == []
    assert run("suppression", "alert", "--rate", "1000", "--json").document["looks"][0]["notice"] is None


def test_an_alert_tells_of_a_new_complaint_once(world: World, run: Run) -> None:  # noqa: F811
    """Counts, domains and the page; the second look has nothing to tell."""
    world.ses.suppress("reader@example.org", "COMPLAINT", world.clock.now())
    told = run("suppression", "alert", "--rate", "1000")
    assert told.code == 0
    assert "1 complaint in us-east-1" in told.err
    assert "example.org" in told.err
    assert "reader" not in told.err
    again = run("suppression", "alert", "--rate", "1000", "--json")
    assert again.document["looks"][0] | {"since": "", "until": "", "account_since": ""} == {
        "region": "us-east-1", "since": "", "until": "", "complaints": 0, "bounces": 0, "domains": [], "notice": None,
        "delivered": None, "account": "HEALTHY", "account_since": "", "account_notice": None,
    }  # fmt: skip


def test_an_alert_saves_the_list_of_a_paused_account(world: World, office: Office, run: Run) -> None:  # noqa: F811
    """By itself, once: the next look finds the export."""
    office.suppress(3)
    world.ses.enforcement = "SHUTDOWN"
    first = run("suppression", "alert", "--rate", "1000", "--json").document
    second = run("suppression", "alert", "--rate", "1000", "--json").document
    assert [(one["region"], one["addresses"]) for one in first["exports"]] == [("us-east-1", 3)]
    assert first["looks"][0]["account"] == "SHUTDOWN"
    assert second["exports"] == []


@pytest.fixture
def told_by_mail(world: World, office: Office) -> str:
    """The address in the configuration file that notices are mailed to."""
    path, address = world.place.config, "ops@example.net"
    written = yaml.safe_load(path.read_text("utf-8"))
    written["notify"] = {"mail_to": address, "mail_from": f"rotator@{world.scenario.domain}"}
    path.write_text(yaml.safe_dump(written), "utf-8")
    return address


def test_a_new_complaint_is_one_mail(world: World, told_by_mail: str, run: Run) -> None:  # noqa: F811
    """By the configured channel, once; no address of a reader stands in it."""
    world.ses.suppress("reader@example.org", "COMPLAINT", world.clock.now())
    for _ in range(3):
        assert run("suppression", "alert", "--rate", "1000").code == 0
    (mail,) = world.mailboxes.messages(told_by_mail)
    assert mail["Subject"] == "rotator: 1 complaint in us-east-1"
    assert mail["X-Rotator-Notice"].startswith("suppression-us-east-1-")
    assert "reader" not in mail.as_string()


def test_a_notice_that_no_channel_takes_is_repeated(world: World, told_by_mail: str, run: Run) -> None:  # noqa: F811
    """Exit 1, so that a timer is heard; the same id goes out when the channel works again."""
    world.ses.suppress("reader@example.org", "COMPLAINT", world.clock.now())
    world.faults.arm("ses_send_500", 1)
    failed = run("suppression", "alert", "--rate", "1000", "--json")
    assert (failed.code, failed.document["ok"]) == (1, False)
    again = run("suppression", "alert", "--rate", "1000", "--json").document
    assert again["looks"][0]["notice"] == failed.document["looks"][0]["notice"]
    (mail,) = world.mailboxes.messages(told_by_mail)
    assert mail["X-Rotator-Notice"] == again["looks"][0]["notice"]
