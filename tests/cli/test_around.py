"""What surrounds a scheduled command: pings, metrics and the JSON log of the program itself."""

from __future__ import annotations

import http.client
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from rotator.core.errors import Exit
from rotator.sandbox.world import World
from tests.cli.conftest import Run
from tests.notices.listening import Listener, listening
from tests.secrets.needles import search

DAILY = ("rotate", "--all", "--if-due", "--no-input")
Watched = tuple[World, Listener, Path]


@pytest.fixture
def watched(adopted: World, tmp_path: Path) -> Iterator[Watched]:
    """An adopted user, a switch that listens, and a place for the metrics."""
    with listening() as switch:
        urls = {name: f"{switch.url}/{name}" for name in ("rotate", "audit", "suppression")}
        metrics = tmp_path / "rotator.prom"
        more = {"ping": urls, "metrics": {"textfile": str(metrics)}}
        config = adopted.place.config
        added = "".join(f"{name}: {json.dumps(value)}\n" for name, value in more.items())
        config.write_text(config.read_text("utf-8") + added)
        yield adopted, switch, metrics


def series(path: Path) -> dict[str, float]:
    """`name{label values}` -> value, as Prometheus reads it."""
    families = text_string_to_metric_families(path.read_text("utf-8"))
    return {f"{row.name} {' '.join(row.labels.values())}": row.value for one in families for row in one.samples}


def edited(world: World, before: str, after: str) -> None:
    """Change the configuration file."""
    text = world.place.config.read_text("utf-8")
    assert before in text
    world.place.config.write_text(text.replace(before, after))


def heard(switch: Listener) -> list[str]:
    """The paths that were asked for, without their run."""
    return [path.partition("?")[0] for _, path, _ in switch.got]


def test_the_daily_run_is_heard_at_start_and_end(watched: Watched, run: Run) -> None:
    """With one UUID for both, and the run's last words without a secret, a whole key id or an address."""
    world, switch, _ = watched
    assert run(*DAILY).code == 0
    assert heard(switch) == ["/rotate/start", "/rotate/0"]
    first, second = (path.partition("?rid=")[2] for _, path, _ in switch.got)
    assert first == second == str(uuid.UUID(first))
    body = switch.got[1][2]
    assert "✓ create" in body
    assert "grace" in body
    assert search({"ping": body.encode()}, world.secrets()) == []
    assert not re.search(r"AKIA[A-Z2-7]{16}|\S@\S", body)


FAILURES: dict[str, tuple[Callable[[World], Any], int, str]] = {
    "a create that failed": (lambda world: world.faults.arm("create_refused", 9), Exit.HELP_NEEDED, "refused"),
    "a place that the file does not name any more": (
        lambda world: edited(world, "sasl_passwd", "elsewhere"), Exit.FAILED, "may hold the credential"),
    "another account": (lambda world: world.replace_user(), Exit.ACCESS, "AWS shows"),
}  # fmt: skip


@pytest.mark.parametrize(("arrange", "code", "words"), FAILURES.values(), ids=FAILURES.keys())
def test_how_it_ended_is_heard(
    watched: Watched, run: Run, arrange: Callable[[World], Any], code: int, words: str
) -> None:
    """The exit code in the path, the whole story in the body."""
    world, switch, metrics = watched
    arrange(world)
    assert run(*DAILY).code == code
    assert heard(switch) == ["/rotate/start", f"/rotate/{code}"]
    assert words in switch.got[1][2]
    found = series(metrics)
    assert found["rotator_last_exit_code rotate"] == code
    assert "rotator_last_success_timestamp_seconds rotate" not in found


def test_a_person_at_work_does_not_calm_the_switch(watched: Watched, run: Run) -> None:
    """It waits for the timer; in the metrics the user's figures are new, and the command's are not there."""
    _, switch, metrics = watched
    assert run("rotate", "--yes").code == 0
    assert heard(switch) == []
    assert {one.partition(" ")[0] for one in series(metrics)} == {
        "rotator_key_age_seconds", "rotator_active_keys", "rotator_open_rotation_seconds",
    }  # fmt: skip


def test_a_switch_that_is_away_changes_nothing(watched: Watched, run: Run) -> None:
    """It is a line on stderr; the run goes as it would."""
    world, switch, _ = watched
    edited(world, f"{switch.port}/rotate", "1/rotate")
    done = run("rotate", "--all", "--no-input")
    assert done.code == 0
    assert "the start was not heard at ping.rotate: ConnectionRefusedError" in done.err
    assert "the end was not heard at ping.rotate: ConnectionRefusedError" in done.err


def test_metrics_tell_of_the_user_and_the_command(watched: Watched, run: Run) -> None:
    """After a run that opened a rotation: two keys, the age of the one in use, and when it last went well."""
    _, _, metrics = watched
    assert run(*DAILY).code == 0
    found = series(metrics)
    assert found["rotator_active_keys jada-ses-smtp"] == 2
    assert found["rotator_key_age_seconds jada-ses-smtp"] == pytest.approx(81 * 86400, abs=600)
    assert 0 <= found["rotator_open_rotation_seconds jada-ses-smtp"] < 600
    assert found["rotator_last_exit_code rotate"] == 0
    assert found["rotator_last_success_timestamp_seconds rotate"] > 1.7e9


def test_metrics_that_cannot_be_written_change_nothing(watched: Watched, run: Run) -> None:
    """The directory is not there: a line on stderr."""
    world, _, metrics = watched
    edited(world, str(metrics), "/nonexistent/rotator.prom")
    done = run("rotate", "--all", "--no-input")
    assert done.code == 0
    assert "the metrics were not written: /nonexistent/rotator.prom: No such file" in done.err


def test_each_scheduled_command_has_a_switch_of_its_own(watched: Watched, run: Run) -> None:
    """The audit's and the alert's; in the metrics they stand beside each other."""
    _, switch, metrics = watched
    codes = [run("audit").code, run("suppression", "alert").code]
    assert heard(switch) == [
        "/audit/start", f"/audit/{codes[0]}", "/suppression/start", f"/suppression/{codes[1]}",
    ]  # fmt: skip
    found = series(metrics)
    assert [found[f"rotator_last_exit_code {one}"] for one in ("audit", "suppression")] == codes


def test_a_json_log_says_when_what_and_of_which_run(watched: Watched, run: Run) -> None:
    """One object a line; a step's parts stand apart, without marks and padding."""
    _, switch, _ = watched
    done = run("rotate", "--all", "--no-input", "--log-format", "json")
    lines = [json.loads(line) for line in done.err.splitlines()]
    assert {line["command"] for line in lines} == {"rotate"}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]) for line in lines)
    (create,) = [line for line in lines if line.get("step") == "create"]
    assert (create["level"], create["message"][:4]) == ("ok", "AKIA")
    assert isinstance(create["ms"], int)
    assert create["run"] == switch.got[0][1].partition("rid=")[2]


@contextmanager
def dating_wrongly(world: World, lies: int, by: timedelta) -> Iterator[str]:
    """A proxy before AWS whose first replies are dated `by` later; the others are as they are."""
    left = iter(range(lies))

    class Handler(BaseHTTPRequestHandler):
        """Hands every request on."""

        def do_POST(self) -> None:
            """The reply as it came, but perhaps for its Date."""
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with_aws = http.client.HTTPConnection(world.aws_url.removeprefix("http://"), timeout=20)
            with_aws.request(self.command, self.path, body, dict(self.headers.items()))
            reply = with_aws.getresponse()
            content = reply.read()
            with_aws.close()
            date = format_datetime(world.clock.now() + by, usegmt=True) if next(left, None) is not None else ""
            self.send_response_only(reply.status)
            self.send_header("Content-Type", reply.headers["Content-Type"])
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Date", date or reply.headers["Date"])
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.block_on_close = True, False
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_one_lying_date_swallows_no_later_notice(
    watched: Watched, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key list dated a year ahead: only that is told, and no figure changes; what is overdue is told later."""
    world, _, metrics = watched
    topic = world.moto.create_topic("us-east-1", "keys")
    edited(world, "ping:", f'notify: {{sns_topic: "{topic}"}}\nping:')

    def said() -> list[str]:
        return [one.subject for one in world.moto.published("us-east-1", topic)]

    with dating_wrongly(world, 1, timedelta(days=365)) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy)
        done = run(*DAILY)
    assert (done.code, "clock jumped" in done.err) == (Exit.RETRY, True), done.err
    assert [one for one in said() if "overdue" in one.lower()] == []
    assert len(said()) == 1
    assert "rotator_key_age_seconds jada-ses-smtp" not in series(metrics)
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.aws_url)
    world.faults.arm("create_refused", 9)
    world.clock.advance(timedelta(days=10))
    run(*DAILY)
    assert len([one for one in said() if "overdue" in one.lower()]) == 1
