"""Every kind of place at once: one fails for ten minutes, one waits weeks for a person, and all end on the new key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.saga.stage import BY_HAND, Stage
from tests.sandbox.clients import aws

SECRET, PARAMETER, PARTS, OFFICE = "prod/ses-smtp", "/prod/ses-smtp", "/prod/parts", "office"


def program(path: Path, text: str) -> str:
    """A shell script that only we can change."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


def consume(stage: Stage, *more: dict[str, Any]) -> None:
    """Put consumers into the configuration."""
    path = Path(stage.environment["ROTATOR_CONFIG"])
    document = yaml.safe_load(path.read_text())
    document["users"][0]["consumers"] += more
    path.write_text(yaml.safe_dump(document, sort_keys=False))


def change(stage: Stage, name: str, **changes: Any) -> None:
    """Change one consumer of the configuration."""
    path = Path(stage.environment["ROTATOR_CONFIG"])
    document = yaml.safe_load(path.read_text())
    (one,) = (one for one in document["users"][0]["consumers"] if one["name"] == name)
    one |= changes
    path.write_text(yaml.safe_dump(document, sort_keys=False))


class Places:
    """A secret, a parameter, a path of parameters and a program, beside what the world has of its own."""

    def __init__(self, stage: Stage, directory: Path) -> None:
        self.stage, self.kept = stage, directory / "kept"
        old = {"username": "AKIA" + "6" * 16, "password": "old", "team": "mail"}
        aws(stage.world, "secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps(old))
        push = program(directory / "push", f"umask 077; cat > {self.kept}")
        check = program(directory / "check", f'sed \'s/.*"username": "\\([^"]*\\)".*/\\1/\' {self.kept}')
        consume(
            stage,
            {"type": "secrets_manager", "name": "secret", "secret_id": SECRET, "canary_from": self.sender},
            {"type": "ssm_parameter", "name": "parameter", "path": PARAMETER},
            {"type": "ssm_parameter", "name": "parts", "path": PARTS, "layout": "path"},
            {"type": "command", "name": "crm", "push": [push], "check": [check]},
            {"type": "human", "name": OFFICE, "instructions": "Thunderbird > Outgoing server"},
        )
        self.copy = stage.world.place.sasl_passwd.with_name("copy")
        self.copy.write_text(stage.world.place.sasl_passwd.read_text())
        change(stage, "relay", replicas=[str(self.copy)])
        stage.places |= {"postfix/copy", "postfix/.copy.previous"}

    @property
    def sender(self) -> str:
        """An address that may send."""
        return f"news@{self.stage.world.scenario.domain}"

    def held(self) -> dict[str, str]:
        """What each of them really holds: name -> key id; empty where nothing is."""
        ssm = aws(self.stage.world, "ssm")
        secret = aws(self.stage.world, "secretsmanager").get_secret_value(SecretId=SECRET)
        found = ssm.get_parameters(Names=[PARAMETER, f"{PARTS}/username"], WithDecryption=True)["Parameters"]
        values = {one["Name"]: one["Value"] for one in found}
        return {
            "secret": json.loads(secret["SecretString"])["username"],
            "parameter": json.loads(values.get(PARAMETER, "{}")).get("username", ""),
            "parts": values.get(f"{PARTS}/username", ""),
            "crm": json.loads(self.kept.read_text())["username"] if self.kept.exists() else "",
            "relay's copy": self.copy.read_text().split()[1].partition(":")[0],
            **self.stage.held(),
        }


def tell_the_truth(places: Places, new: str, waiting: set[str]) -> None:
    """What status says of each place of the open run is so: who has the new key, and who waits for a person."""
    told = places.stage.rotator("status", "--json", code=None).json["users"][0]
    pushes = {one["name"]: one["push"] for one in told["consumers"]}
    held = places.held() | {OFFICE: ""}
    unproven = {one["name"] for one in told["consumers"] if one["rung"] == "none"}
    assert {name for name in unproven if pushes[name] == "waiting for a person"} == waiting
    fed = pushes.keys() - {BY_HAND, OFFICE}
    has = {name for name in fed if held[name] == new and (name != "relay" or held["relay's copy"] == new)}
    assert {name for name in fed if pushes[name] == "acknowledged"} == has
    assert told["overdue"] is any(key["age_days"] >= 90 for key in told["keys"] if key["status"] == "Active")


def test_a_failing_place_and_a_slow_person_end_well(stage: Stage, tmp_path: Path) -> None:
    """Both keys work all the while, status says who is behind, and the old key goes only when nobody is."""
    places = Places(stage, tmp_path)
    old = stage.adopt()
    stage.world.faults.arm("asm_put_lost", 3)
    stage.rotator("rotate", "--yes", code=3)
    (new,) = set(stage.keys()) - {old}
    behind = {name for name, key in places.held().items() if key != new}
    assert behind == {"secret", BY_HAND}
    tell_the_truth(places, new, {BY_HAND, OFFICE})
    stage.advance(minutes=10)
    stage.rotator("rotate", code=3)
    assert {name for name, key in places.held().items() if key != new} == {BY_HAND}
    tell_the_truth(places, new, {BY_HAND, OFFICE})
    stage.rotator("handover", OFFICE, "--out", str(tmp_path / "paper"))
    stage.rotator("confirm", OFFICE, code=3)
    for _ in range(3):
        tell_the_truth(places, new, {BY_HAND})
        stage.advance(days=7)
        assert BY_HAND in stage.rotator("rotate", code=3).text
        assert "overdue" in stage.rotator("status", code=None).text.lower()
        assert stage.active() == {old, new}
    stage.person_pastes()
    stage.rotator("confirm", BY_HAND, code=None)
    for _ in range(12):
        stage.advance(days=1)
        stage.rotator("rotate", "--if-due", code=None)
    assert stage.keys() == {new: "Active"}
    assert places.held() == dict.fromkeys(places.held(), new)
    assert stage.calls().count("iam:CreateAccessKey") == 1


def test_a_journal_that_kms_seals(stage: Stage) -> None:
    """The first command has the key wrapped, every later one has it unwrapped, and a disabled key shuts the journal."""
    key = aws(stage.world, "kms").create_key()["KeyMetadata"]["Arn"]
    stage.configure(seal={"kms_key": key})
    stage.adopt()
    wrapped = Path(f"{stage.world.place.journal}.seal.json")
    assert json.loads(wrapped.read_text())["wrapped_by"] == key
    stage.rotator("rotate", "--yes", code=3)
    assert len(stage.active()) == 2
    before = stage.world.record.count()
    stage.world.faults.arm("kms_disabled", 9)
    done = stage.rotator("rotate", code=1)
    assert "runbooks/restore.md" in done.text
    assert {name for name in stage.calls(before) if name.startswith("iam:")} == set()
