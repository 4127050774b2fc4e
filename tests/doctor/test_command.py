"""`rotator doctor` as a person, a timer and a script meet it."""

from __future__ import annotations

import json
import re

from rotator.core.findings import CheckStatus
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.journal.sealing import KeyFileSeal
from rotator.journal.sqlite import open_journal
from rotator.sandbox.client import Sandbox
from rotator.sandbox.world import World
from tests.cli.conftest import Run, adopted, run, world  # noqa: F401 - fixtures
from tests.doctor.broken import rotated_away
from tests.doctor.stage import Stage, accused

FIELDS = {"id", "target", "status", "summary", "hint", "runbook", "evidence", "ms"}


def events(world: World) -> tuple[ev.Event, ...]:  # noqa: F811
    """What the journal of this world holds."""
    place, seal = world.place, KeyFileSeal.load(str(world.place.seal_key))
    with open_journal(str(place.journal), seal, world.scenario.account, world.scenario.user, lock=False) as journal:
        return tuple(journal.events())


def test_a_script_reads_one_document(run: Run, adopted: World) -> None:  # noqa: F811
    """rotator/doctor/1: counts, the first broken layer, one row a check and target."""
    done = run("doctor", "--json")
    told = done.document
    assert (told["schema"], told["ok"], told["exit_code"], done.code) == ("rotator/doctor/1", True, 0, 0)
    assert told["counts"]["ok"] + told["counts"]["warning"] + told["counts"]["not_known"] + told["counts"][
        "skipped"] == len(told["checks"])  # fmt: skip
    assert told["first_broken"] is None
    assert {frozenset(row) for row in told["checks"]} == {frozenset(FIELDS)}
    assert told["wall_ms"] >= max(row["ms"] for row in told["checks"])


def test_warnings_fail_only_when_one_is_strict(run: Run, adopted: World) -> None:  # noqa: F811
    """A key that is due works today: exit 0, with --strict 1."""
    assert run("doctor", "iam.age").code == 0
    assert run("doctor", "iam.age", "--strict").code == 1


def test_a_failure_says_fix_and_page(run: Run, adopted: World) -> None:  # noqa: F811
    """In order: mark, id, what was seen; then fix and page; at the end the first broken layer and the exit code."""
    adopted.ses.enforcement = "SHUTDOWN"
    done = run("doctor", "ses")
    assert done.code == 1
    lines = done.out.splitlines()
    at = next(n for n, line in enumerate(lines) if "ses.account" in line)
    assert lines[at].startswith("  ✗ ses.account")
    assert lines[at + 1].startswith("      fix: ")
    assert lines[at + 2] == "      see: runbooks/ses-account.md#paused-or-under-review"
    assert "- ses.identity" in done.out
    assert "skipped: needs ses.account" in done.out
    assert re.search(r"1 failed, .* First broken layer: SES   \(exit 1\)$", lines[-1])


def test_the_transcript_holds_no_credential(run: Run, adopted: World) -> None:  # noqa: F811
    """With -v: both sides' lines, and the swaks line that does the same and asks for the password itself."""
    done = run("doctor", "smtp", "--send", "-v")
    assert "transcript: > STARTTLS" in done.out
    assert re.search(r"swaks: swaks --server \S+ --tls --tls-verify --auth PLAIN --auth-user AKIA", done.out)
    assert [one for one in adopted.secrets() if one in done.out + done.err] == []


def test_nothing_is_asked_twice(run: Run, adopted: World) -> None:  # noqa: F811
    """However many checks need an answer: one request each to IAM and SES, one question each to the nameservers."""
    since, adopted.dns.records.asked[:] = adopted.record.count(), []
    run("doctor", "--recipient", "ann@mail.example")
    asked = [one.name for one in adopted.record.entries(since) if one.kind == "aws"]
    assert sorted(asked) == [
        "iam:GetAccessKeyLastUsed", "iam:GetUser", "iam:ListAccessKeys", "iam:SimulatePrincipalPolicy",
        "sesv2:GetAccount", "sesv2:GetEmailIdentity", "sesv2:GetSuppressedDestination", "sts:GetCallerIdentity",
    ]  # fmt: skip
    assert len(adopted.dns.records.asked) == len(set(adopted.dns.records.asked))
    assert [one.name for one in adopted.record.entries(since) if one.kind == "smtp"] == ["AUTH"]


def test_its_own_logins_and_the_result_are_remembered(run: Run, adopted: World) -> None:  # noqa: F811
    """Ids, targets and statuses, no address of a recipient; and no decision changes for it."""
    before = events(adopted)
    run("doctor", "--send", "--recipient", "ann@mail.example")
    news = events(adopted)[len(before) :]
    assert {type(one).__name__ for one in news} == {"LoginIntended", "LoggedIn", "DoctorRan"}
    (ran,) = [one for one in news if isinstance(one, ev.DoctorRan)]
    kept = dict(zip(ran.checks, ran.statuses, strict=True))
    assert kept["smtp.auth us-east-1"] == "ok"
    assert "ann@" not in json.dumps(kept)
    intents = [(one.at, one.key, one.endpoint) for one in news if isinstance(one, ev.LoginIntended)]
    logins = [(one.at, one.key, one.endpoint) for one in news if isinstance(one, ev.LoggedIn)]
    assert len(logins) >= 3  # an AUTH, a mail to the simulator, a mail through the place
    assert sorted(logins) == sorted(intents)
    told = [one for one in news if not isinstance(one, ev.DoctorRan)]
    assert fold((*before, *news)) == fold((*before, *told))


def test_a_timer_hears_only_of_changes(run: Run, adopted: World) -> None:  # noqa: F811
    """The second run has nothing to say; a fault is told once, and its end."""
    run("doctor", "--send")
    assert run("doctor", "--since-change").out == ""
    adopted.ses.production = False
    told = run("doctor", "--since-change")
    assert (told.code, "ses.production" in told.out, "ses.account" in told.out) == (1, True, False)
    assert run("doctor", "--since-change").out == ""
    adopted.ses.production = True
    assert "✓ ses.production" in run("doctor", "--since-change").out


def test_it_works_without_a_journal(run: Run, world: World) -> None:  # noqa: F811
    """What needs no password is looked at; nothing is written, and the rest says why not."""
    done = run("doctor", "--json")
    rows = {row["id"]: row for row in done.document["checks"]}
    assert done.code == 0
    assert rows["journal.read"]["status"] == rows["smtp.auth"]["status"] == "skipped"
    assert rows["smtp.ehlo"]["status"] == rows["ses.identity"]["status"] == rows["consumer.key"]["status"] == "ok"
    assert not world.place.journal.exists()


def test_beside_a_run_at_work_nobody_logs_in(run: Run, adopted: World) -> None:  # noqa: F811
    """The lock is somebody's: the doctor looks, logs in nowhere and writes nothing."""
    seal, place = KeyFileSeal.load(str(adopted.place.seal_key)), adopted.place
    before = events(adopted)
    with open_journal(str(place.journal), seal, adopted.scenario.account, adopted.scenario.user, lock=True):
        since = adopted.record.count()
        done = run("doctor", "--send", "--json")
        logins = [one for one in adopted.record.entries(since) if one.name in ("AUTH", "DATA")]
    rows = {row["id"]: row["status"] for row in done.document["checks"]}
    assert (logins, rows["smtp.auth"], rows["consumer.canary"]) == ([], "skipped", "skipped")
    assert events(adopted) == before


def test_with_a_journal_that_it_cannot_open_nobody_logs_in(run: Run, adopted: World) -> None:  # noqa: F811
    """A colleague without the seal key: a run may be open, and a login would move its old key's last-used."""
    assert run("rotate", "--yes", "--no-input").code == 0
    adopted.place.seal_key.rename(adopted.place.seal_key.with_name("elsewhere"))
    since = adopted.record.count()
    done = run("doctor", "--send", "--json")
    rows = {row["id"]: row["status"] for row in done.document["checks"]}
    assert [one for one in adopted.record.entries(since) if one.name in ("AUTH", "DATA")] == []
    assert (rows["journal.read"], rows["consumer.password"]) == ("failed", "skipped")
    assert rows["consumer.canary"] == "not known"
    assert done.code == 1


def test_while_a_run_is_open_the_old_key_is_left_alone(run: Run, adopted: World) -> None:  # noqa: F811
    """Its last-used must stand still: the doctor logs in with the new key, and sends nothing."""
    old = adopted.keys.now_held(adopted.scenario.user)[0].id
    assert run("rotate", "--yes", "--no-input").code == 0
    since = adopted.record.count()
    done = run("doctor", "--send", "--json")
    used = [one.detail for one in adopted.record.entries(since) if one.name == "AUTH"]
    assert done.code == 0
    assert used
    assert old not in used


def test_the_records_can_be_pasted(run: Run, adopted: World) -> None:  # noqa: F811
    """Three CNAMEs, MX and TXT of the MAIL FROM domain; a policy only where none is published."""
    lines = run("doctor", "--zone-file").out.splitlines()
    kinds = [line.split()[3] for line in lines if not line.startswith(";")]
    assert kinds == ["CNAME", "CNAME", "CNAME", "MX", "TXT"]
    adopted.dns.records.put("_dmarc.queenofsandiego.com", "TXT")
    assert '_dmarc.queenofsandiego.com. 3600 IN TXT "v=DMARC1; p=none"' in run("doctor", "--zone-file").out


def test_the_checks_can_be_listed_without_a_file(run: Run) -> None:  # noqa: F811
    """Nothing is read or asked for that."""
    done = run("doctor", "--list-checks", "--json")
    assert (done.code, done.document["schema"]) == (0, "rotator/checks/1")
    assert {"id", "for_each", "about", "needs"} == set(done.document["checks"][0])


def test_an_unknown_check_is_a_slip(run: Run) -> None:  # noqa: F811
    """Exit 2, and how to see the right ones."""
    assert run("doctor", "dns.spff", "--json").document["id"] == "unknown-check"


def test_a_genuine_bounce_speaks_without_a_mail(stage: Stage) -> None:
    """A bounce newer than the last good canary in a readable mailbox: the alias is broken, and nothing was sent."""
    with stage.changed():
        stage.asking(send=True)
        with rotated_away(stage):
            assert accused(stage.examine("gmail.canary")) == [("gmail.canary", "failed")]
            stage.asking(send=False)
            since = stage.world.record.count()
            (found,) = [one for one in stage.examine("gmail.canary") if one.id == "gmail.canary"]
    assert found.status is CheckStatus.FAILED
    assert "genuine bounce" in found.summary
    assert [one.name for one in stage.world.record.entries(since) if one.name == "messages.send"] == []


def test_a_mail_that_gmail_sends_is_no_login_of_ours(stage: Stage) -> None:
    """Gmail logs in when it likes and shows no key: the intent is kept, and no login with a key that nobody saw."""
    with stage.changed():
        stage.asking(send=True)
        before = events(stage.world)
        assert accused(stage.examine("gmail.canary")) == []
        news = events(stage.world)[len(before) :]
    places = [event.consumer for event in news if isinstance(event, ev.LoginIntended)]
    assert [type(event) for event in news].count(ev.LoggedIn) == places.count("")
    assert [place for place in places if place] != []


def test_in_the_watch_the_key_that_mail_flows_on_is_the_one_judged(run: Run, adopted: World) -> None:  # noqa: F811
    """The old key is off: age and last use are the successor's, and nothing is skipped for it."""
    assert run("rotate", "--yes", "--no-input", "--grace", "0s").code == 0
    for _ in range(2):
        Sandbox(adopted.admin_url).advance(2 * 86400)
        assert run("rotate", "--no-input", "--grace", "0s").code == 0
    old, new = adopted.keys.now_held(adopted.scenario.user)
    assert (old.status, new.status) == ("Inactive", "Active")
    rows = {row["id"]: row for row in run("doctor", "iam.age", "iam.last_used", "--json").document["checks"]}
    assert rows["iam.age"]["summary"] == f"{new.id[:4]}…{new.id[-4:]} is 4 days old, limit 90"
    assert f"{new.id[:4]}…{new.id[-4:]}" in rows["iam.last_used"]["summary"]
