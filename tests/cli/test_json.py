"""With --json standard output is exactly one document with a versioned schema, whatever happens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rotator.core.errors import Exit
from rotator.sandbox.world import World
from tests.cli.conftest import Run
from tests.cli.tree import CALLABLE

SOON = {  # what makes a command end soon
    "audit": "--timeout 1s",
    "sandbox up": "--fault help",
}
PLAYED = "sandbox demo"  # half a minute of a story, and its document: tests/saga/test_demo.py
CALM = {
    "status": "rotator/status/1",
    "rotate --dry-run": "rotator/plan/1",
    "rotate --if-due": "rotator/rotate/1",
    "rotate --all": "rotator/rotate-all/1",
    "history": "rotator/history/1",
    "history --verify": "rotator/history/1",
    "explain": "rotator/explain/1",
    "explain no-journal": "rotator/explain/1",
    "explain 535": "rotator/explain/1",
    "explain dns.spf": "rotator/explain/1",
    "doctor --list-checks": "rotator/checks/1",
    "report": "rotator/report/1",
    "infra render sending": "rotator/infra-template/1",
    "infra policy role": "rotator/infra-policy/1",
    "suppression list": "rotator/suppression/1",
    "suppression why somebody@example.com": "rotator/suppression-why/1",
    "suppression export": "rotator/suppression-export/1",
    "suppression alert": "rotator/suppression-alert/1",
    "config check": "rotator/config-check/1",
    "config show": "rotator/config-show/1",
    "config policy": "rotator/config-policy/1",
    "config schema": "rotator/config-schema/1",
    "schedule cron": "rotator/schedule/1",
    "sandbox up --fault help": "rotator/faults/1",
    "sandbox advance 1h": "rotator/advance/1",
}
ERROR_FIELDS = {"schema", "ok", "exit_code", "id", "message", "why", "fix", "runbook", "next", "mail_flows_on"}


def test_every_result_is_one_document(run: Run, adopted: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script reads one document and the exit code; people's words stay on stderr."""
    monkeypatch.chdir(adopted.place.state)  # a report lands where one stands
    for line, schema in CALM.items():
        done = run(*line.split(), "--json")
        assert (line, done.code, done.document["schema"], done.document["ok"]) == (line, 0, schema, True)


def test_every_command_gives_one_document(run: Run, adopted: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a command comes to, also without what it needs: schema, ok, and the code that it really ends with."""
    monkeypatch.chdir(adopted.place.state)
    for path, command in CALLABLE.items():
        if path == PLAYED:
            continue
        done = run(*path.split(), *_needed(command), *SOON.get(path, "").split(), "--no-input", "--json")
        schema, *rest = done.document
        assert (path, schema, rest[:2]) == (path, "schema", ["ok", "exit_code"])
        assert re.fullmatch(r"rotator/[a-z-]+/[1-9]", done.document["schema"])
        assert (path, done.document["exit_code"]) == (path, done.code)


def _needed(command: Any) -> Iterator[str]:
    """Something for everything that a command cannot do without."""
    for one in command.params:
        if one.required:
            yield from ["x"] if one.param_type_name == "argument" else [one.opts[0], "x"]


def test_the_code_in_the_document_is_the_one_it_ends_with(run: Run, adopted: World) -> None:
    """Also where the command finds out last, and where the document is about another command's code."""
    codes = {"rotate --dry-run": 0, "rotate --dry-run --detailed-exitcode": 7, "explain no-journal": 0}
    for line, code in codes.items():
        done = run(*line.split(), "--json")
        assert (line, done.code, done.document["exit_code"]) == (line, code, code)
    assert run("explain", "no-journal", "--json").document["ends_with"] == Exit.USAGE


FAILURES = {
    "a command line": ("rotate --forc --json", Exit.USAGE, "usage"),
    "a file": ("status -c /nowhere/config.yaml --json", Exit.USAGE, "configuration"),
    "no journal": ("status --json", Exit.USAGE, "no-journal"),
}


@pytest.mark.parametrize(("line", "code", "id"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failure_is_one_document_too(run: Run, place: Path, line: str, code: Exit, id: str) -> None:
    """The document of a failure has the fields that a person gets, and the person gets them as well."""
    done = run(*line.split())
    assert done.document.keys() == ERROR_FIELDS
    assert (done.code, done.document["exit_code"], done.document["id"]) == (code, code, id)
    assert done.document["message"].split("\n")[0] in done.err


def test_the_variable_asks_for_json_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that exported ROTATOR_JSON gets its document even for a command line that cannot be understood."""
    monkeypatch.setenv("ROTATOR_JSON", "1")
    assert run("rotate", "--forc").document["id"] == "usage"


def test_status_names_keys_and_consumers(run: Run, adopted: World) -> None:
    """Key ids are masked, ages are whole days, and what is due has a number with its unit in the name."""
    (user,) = run("status", "--json").document["users"]
    (key,) = user["keys"]
    held = adopted.keys.now_held(adopted.scenario.user)[0].id
    assert key["id_masked"] == f"{held[:4]}…{held[-4:]}"
    assert (key["state"], key["age_days"], key["due_in_days"]) == ("due", 81, -1)
    assert [one["name"] for one in user["consumers"]] == ["relay"]


def test_a_dry_run_carries_the_protocol_numbers(run: Run, adopted: World) -> None:
    """The plan is the protocol: numbers and names, in order, and nothing was changed by asking."""
    before = adopted.record.count()
    plan = run("rotate", "--dry-run", "--json").document
    names = [(one["n"], one["step"]) for one in plan["steps"]]
    wanted = ["lock", "survey", "preflight", "create", "verify", "push", "grace", "deactivate", "watch", "delete"]
    assert [name for name in dict.fromkeys(name for _, name in names) if name in wanted] == wanted
    assert [number for number, _ in names] == sorted(number for number, _ in names)
    asked = {one.name for one in adopted.record.entries(before)}
    assert "iam:ListAccessKeys" in asked
    assert asked & {"iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:DeleteAccessKey", "AUTH"} == set()


def test_a_dry_run_has_a_code_for_changes(run: Run, adopted: World) -> None:
    """7 says that something would change, only on request, and means nothing else."""
    assert run("rotate", "--dry-run").code == 0
    assert run("rotate", "--dry-run", "--detailed-exitcode").code == Exit.WOULD_CHANGE


def test_a_dry_run_refuses_as_the_run_would(run: Run, adopted: World) -> None:
    """A stranger's second key stops the real run, so it stops the plan with the same code."""
    adopted.keys.create(adopted.scenario.user)
    planned, real = run("rotate", "--dry-run", "--json"), run("rotate", "--no-input", "--json")
    assert planned.code == real.code == Exit.FAILED
    assert planned.document["refusal"]["id"] == "strangers-key"
    assert planned.document["would_change"] is False
