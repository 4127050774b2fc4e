"""The units of systemd: what they allow, what systemd itself says of them, and that the program works with them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rotator.core.errors import ConfigurationError
from rotator.core.secret import SEAL_CREDENTIAL
from rotator.sandbox.world import World
from rotator.schedule.systemd import Setup, units

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed: apt-get install systemd"
)
EXPOSURE_AT_MOST = 1.5  # of 10; a service without any hardening has 9.2
ORDINARY = Setup(
    program="/usr/local/bin/rotator",
    config_path="/etc/rotator/config.yaml",
    user="rotator",
    state="/var/lib/rotator/journal.db",
    seal_key_file="/var/lib/rotator/seal.key",
    writes=(),
    users=1,
    programs=False,
)
SERVICES = ("rotator-rotate.service", "rotator-suppression.service", "rotator-audit.service")


def lines(setup: Setup, name: str = SERVICES[0]) -> list[str]:
    """The lines of one unit, without comments."""
    return [line for line in units(setup)[name].splitlines() if line and not line.startswith("#")]


def values(setup: Setup, directive: str, name: str = SERVICES[0]) -> list[str]:
    """What a directive is set to."""
    return [line.partition("=")[2] for line in lines(setup, name) if line.startswith(f"{directive}=")]


def test_three_services_three_timers_and_an_alarm() -> None:
    """The daily run, the daily look at the suppression list, the monthly audit."""
    found = units(ORDINARY)
    timers = [name.replace(".service", ".timer") for name in SERVICES]
    assert set(found) == {*SERVICES, *timers, "rotator-failed@.service"}
    whens = [values(ORDINARY, "OnCalendar", name) for name in timers]
    assert whens == [["daily"], ["daily"], ["monthly"]]
    for name in timers:
        assert (values(ORDINARY, "RandomizedDelaySec", name), values(ORDINARY, "Persistent", name)) == (["4h"], ["yes"])


def test_the_daily_service() -> None:
    """A fixed user, a lock held by another run is no failure, a failure raises the alarm, and it ends in time."""
    assert values(ORDINARY, "ExecStart") == [
        "/usr/local/bin/rotator rotate --all --if-due --no-input --config /etc/rotator/config.yaml"
    ]
    assert values(ORDINARY, "User") == ["rotator"]
    assert values(ORDINARY, "DynamicUser") == []
    assert values(ORDINARY, "SuccessExitStatus") == ["5"]
    assert values(ORDINARY, "OnFailure") == ["rotator-failed@%n.service"]
    assert values(ORDINARY, "TimeoutStartSec") == ["3600"]
    assert values(replace(ORDINARY, users=24), "TimeoutStartSec") == ["43200"]


WRITES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing beside the journal": ({}, []),
    "the directories of configured files, once each": (
        {"writes": ("/etc/postfix", "/srv/app", "/etc/postfix")}, ["-/etc/postfix", "-/srv/app"]),
    "a journal elsewhere": ({"state": "/srv/rotator/journal.db"}, ["-/srv/rotator"]),
    "a file beside the journal is covered by it": ({"writes": ("/var/lib/rotator",)}, []),
    "a directory with a blank and a per cent sign": ({"writes": ("/srv/a b%",)}, ['"-/srv/a b%%"']),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), WRITES.values(), ids=WRITES.keys())
def test_exactly_the_configured_places_can_be_written(changes: dict[str, Any], expected: list[str]) -> None:
    """All else is read-only."""
    setup = replace(ORDINARY, **changes)
    assert values(setup, "ReadWritePaths") == expected
    assert values(setup, "ProtectSystem") == ["strict"]
    assert values(setup, "StateDirectory") == ([] if "state" in changes else ["rotator"])


HIDDEN: dict[str, tuple[dict[str, Any], str, str]] = {
    "ordinary places": ({}, "yes", "yes"),
    "a program in somebody's home": ({"program": "/home/jada/.local/bin/rotator"}, "read-only", "yes"),
    "a configuration in root's": ({"config_path": "/root/rotator.yaml"}, "read-only", "yes"),
    "a file in a home": ({"writes": ("/home/app/secrets",)}, "read-only", "yes"),
    "a journal under /tmp": ({"state": "/tmp/x/journal.db"}, "yes", "no"),
    "a name that only begins like a home": ({"program": "/homes/rotator"}, "yes", "yes"),
}


@pytest.mark.parametrize(("changes", "home", "temporary"), HIDDEN.values(), ids=HIDDEN.keys())
def test_what_is_needed_is_not_hidden(changes: dict[str, Any], home: str, temporary: str) -> None:
    """A sandbox in which the program is not there is no sandbox but an outage."""
    setup = replace(ORDINARY, **changes)
    assert (values(setup, "ProtectHome"), values(setup, "PrivateTmp")) == ([home], [temporary])


def test_the_seal_key_comes_as_a_credential_unless_kms_wraps_it() -> None:
    """A wrapped key is no secret, and lies beside the journal."""
    assert values(ORDINARY, "LoadCredential") == [f"{SEAL_CREDENTIAL}:/var/lib/rotator/seal.key"]
    assert values(replace(ORDINARY, seal_key_file=None), "LoadCredential") == []


def test_a_path_that_no_unit_can_hold_is_refused() -> None:
    """A line end would begin another directive."""
    broken = (
        replace(ORDINARY, program="rotator"),
        replace(ORDINARY, config_path="/etc/a\nUser=root"),
        replace(ORDINARY, writes=("/srv\nUser=root",)),
        replace(ORDINARY, user="root\nx"),
    )
    for setup in broken:
        with pytest.raises(ConfigurationError):
            units(setup)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Units in a directory of their own, with a program that is really there."""

    def write(**changes: Any) -> Path:
        setup = replace(ORDINARY, program=shutil.which("true") or "/bin/true", **changes)
        for name, text in units(setup).items():
            (tmp_path / name).write_text(text)
        return tmp_path

    return write


CHECKED: dict[str, dict[str, Any]] = {
    "an ordinary one": {},
    "odd paths, programs, many users": {
        "writes": ("/srv/a b%", "/etc/postfix", '/srv/"quoted"'), "programs": True, "users": 9,
        "config_path": "/etc/rotator/my $config%.yaml", "state": "/srv/state dir/journal.db"},
}  # fmt: skip


@needs_systemd
@pytest.mark.parametrize("changes", CHECKED.values(), ids=CHECKED.keys())
def test_systemd_takes_the_units(written: Callable[..., Path], changes: dict[str, Any]) -> None:
    """`systemd-analyze verify` has nothing to say: no unknown directive, no value that is ignored."""
    directory = written(**changes)
    names = [name.replace("@.", "@x.") for name in units(ORDINARY)]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(directory / name) for name in names)],
        capture_output=True, text=True, check=False, timeout=60,
        env={"SYSTEMD_UNIT_PATH": f"{directory}:", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_systemd
@pytest.mark.parametrize("name", SERVICES)
def test_systemd_finds_the_sandbox_tight(written: Callable[..., Path], name: str) -> None:
    """Its own measure of what a service could reach, without starting anything."""
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=15", str(written() / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert level is not None, done.stderr
    assert float(level[1]) <= EXPOSURE_AT_MOST, done.stdout
    assert done.returncode == 0


def test_the_command_names_what_the_file_names(adopted: World, run: Any, tmp_path: Path) -> None:
    """Every copy of a password file, the metrics, and the paths of this very installation."""
    config = adopted.place.config
    copy = tmp_path / "copy" / "sasl_passwd"
    text = config.read_text().replace("  format: postfix", f"  format: postfix\n    replicas: [{copy}]")
    config.write_text(f"{text}metrics: {{textfile: {tmp_path}/prom/rotator.prom}}\n")
    found = run("schedule", "systemd", "--json").document["units"]["rotator-rotate.service"]
    places = [line.partition("=-")[2] for line in found.splitlines() if line.startswith("ReadWritePaths=")]
    assert set(places) == {
        str(adopted.place.sasl_passwd.parent), str(copy.parent), str(tmp_path / "prom"), str(adopted.place.state),
    }  # fmt: skip
    assert f"--config {config}" in found


def test_units_are_written_over_none_but_our_own(adopted: World, run: Any, tmp_path: Path) -> None:
    """Made anew as often as wanted; somebody else's file of that name stays."""
    out = tmp_path / "units"
    out.mkdir()
    for _ in range(2):
        assert run("schedule", "systemd", "--out", str(out)).code == 0
    assert (out / "rotator-rotate.service").stat().st_mode & 0o777 == 0o644
    mine = out / "rotator-audit.timer"
    mine.write_text("[Timer]\nOnCalendar=hourly\n")
    assert run("schedule", "systemd", "--out", str(out)).code == 2
    assert "hourly" in mine.read_text()


def test_the_program_takes_the_seal_key_from_systemds_credential(
    adopted: World, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key file itself may then be out of the service user's reach."""
    credentials = tmp_path / "credentials"
    credentials.mkdir(mode=0o700)
    adopted.place.seal_key.rename(credentials / SEAL_CREDENTIAL)
    assert run("status").code != 0
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert run("status", "--json").document["users"][0]["adopted"] is True


def test_cron_gets_the_same_three(adopted: World, run: Any) -> None:
    """Each at a time of its own."""
    document = run("schedule", "cron", "--json").document
    assert [re.sub(r"^(\S+ ){5}\S+ | --no-input .*", "", line) for line in document["lines"]] == [
        "rotate --all --if-due", "suppression alert", "audit",
    ]  # fmt: skip
    assert document["cron"] == document["lines"][0]
    assert re.fullmatch(r"\d+ [456] \d+ \* \* .*", document["lines"][2])
    assert json.dumps(document["lines"]).count(str(adopted.place.config)) == 3


def test_what_comes_next_is_what_puts_them_to_work(adopted: World, run: Any, tmp_path: Path) -> None:
    """Lines with a user field are of /etc/cron.d, and units that lie elsewhere have to be copied first."""
    assert "crontab -e" in run("schedule", "cron").err
    told = run("schedule", "cron", "--as-user", "rotator").err
    assert ("crontab -e" in told, "/etc/cron.d" in told) == (False, True)
    out = tmp_path / "units"
    assert f"mkdir {out}" in run("schedule", "systemd", "--out", str(out)).err
    out.mkdir()
    assert f"sudo cp {out}/rotator* /etc/systemd/system/ && sudo systemctl" in run(
        "schedule", "systemd", "--out", str(out)
    ).err
