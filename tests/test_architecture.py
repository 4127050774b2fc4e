"""The layering, read from the imports.

* cli -> wiring -> {services, consumers, journal, notices} -> core · consumers -> services · config -> core
* rotation, audit, alarms, suppression, schedule, doctor, report, infra -> core only; three of them, which log in or
  change something, and notices, which mail, -> effect
* cli/render.py is the only module that prints; services is the only place that knows AWS, Google and SMTP
* cli/sandbox.py -> sandbox, and no other edge to or from it
"""

from __future__ import annotations

import sys
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.gates.source_tree import MODULES, calls, imports, layer

WORK = {"rotation", "audit", "alarms", "suppression", "schedule", "doctor", "report", "infra"}
ADAPTERS = {"services", "consumers", "journal", "notices"}
MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "path_trust": set(),  # whose files may be believed: one answer for all who touch files
    "effect": {"core"},  # intent, lock, deadline, effect: one order for all who log in or change something
    **{name: {"core"} for name in WORK | ADAPTERS},
    **{name: {"core", "effect"} for name in ("rotation", "audit", "doctor", "notices")},
    **{name: {"core", "path_trust"} for name in ("services", "journal", "config")},
    "consumers": {"services", "core"},
    "wiring": ADAPTERS | WORK | {"config", "core"},
    "cli": WORK | {"wiring", "config", "core"},
    "sandbox": set(),
    "__main__": {"cli"},
}
AMAZON = {"boto3", "botocore", "s3transfer"}
GOOGLE = {"google", "googleapiclient", "google_auth_httplib2", "google_auth_oauthlib", "httplib2", "oauthlib"}
OUTSIDE = AMAZON | GOOGLE | {"smtplib", "dns", "apprise"}


def forbidden(module: str, imported: str) -> bool:
    """Whether this import breaks the layering of the module docstring."""
    home, top = layer(module), imported.partition(".")[0]
    if top != "rotator":
        third_party = top not in sys.stdlib_module_names
        return (home == "core" and third_party) or (home not in {"services", "sandbox"} and top in OUTSIDE)
    if "sandbox" in {home, layer(imported)} and home != layer(imported):
        return module != "rotator.cli.sandbox"
    return layer(imported) not in MAY_IMPORT.get(home, set()) | {home, ""}


EDGES = {
    "core asks no library": ("rotator.core.facts", "pydantic", True),
    "core asks the standard library": ("rotator.core.facts", "dataclasses", False),
    "core knows no adapter": ("rotator.core.facts", "rotator.journal.vault", True),
    "the loop knows core": ("rotator.rotation.loop", "rotator.core.ports", False),
    "what a person says is part of the rotation": ("rotator.rotation.interventions", "rotator.rotation.loop", False),
    "the schedule is not": ("rotator.schedule", "rotator.rotation.loop", True),
    "an audit sends as one effect": ("rotator.audit.targets", "rotator.effect", False),
    "a report has no effects": ("rotator.report.page", "rotator.effect", True),
    "an effect knows no adapter": ("rotator.effect", "rotator.journal.brief", True),
    "the loop knows no adapter": ("rotator.rotation.loop", "rotator.services.iam", True),
    "consumers stand on services": ("rotator.consumers.human", "rotator.services.gmail", False),
    "services know no consumer": ("rotator.services.gmail", "rotator.consumers.human", True),
    "only services speak SMTP": ("rotator.consumers.human", "smtplib", True),
    "wiring joins the adapters": ("rotator.wiring.rotating", "rotator.journal.vault", False),
    "notices know no service": ("rotator.notices.telling", "rotator.services.sns", True),
    "notices know values": ("rotator.notices.due", "rotator.core.situation", False),
    "commands go through wiring": ("rotator.cli.rotate", "rotator.services.iam", True),
    "one command knows the sandbox": ("rotator.cli.sandbox", "rotator.sandbox.world", False),
    "no other command does": ("rotator.cli.rotate", "rotator.sandbox.world", True),
    "the sandbox knows nothing of ours": ("rotator.sandbox.world", "rotator.core.secret", True),
    "the sandbox may use botocore": ("rotator.sandbox.callers", "botocore.auth", False),
}


@pytest.mark.parametrize(("module", "imported", "broken"), EDGES.values(), ids=EDGES.keys())
def test_the_gate_knows_right_edges_from_wrong_ones(module: str, imported: str, *, broken: bool) -> None:
    """A gate that nothing can fail guards nothing."""
    assert forbidden(module, imported) is broken


def test_imports_follow_the_layering() -> None:
    """Decisions know no outside world, adapters know no commands, and one command alone knows the sandbox."""
    edges = ((name, other) for name, path in MODULES.items() for other in imports(path))
    assert [f"{name} -> {other}" for name, other in edges if forbidden(name, other)] == []


def test_every_package_has_its_place_in_the_layering() -> None:
    """A new folder is put into the layering before anything is put into it."""
    assert {layer(name) for name in MODULES} - {""} <= MAY_IMPORT.keys()


def test_no_import_cycles() -> None:
    """Modules can be read one after the other, lazy imports counted."""
    graph = {name: {other for other in imports(path) if other in MODULES} for name, path in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a cycle: {' <- '.join(error.args[1])}")


def _importing(library: str) -> set[str]:
    return {name for name, path in MODULES.items() if any(other.split(".")[0] == library for other in imports(path))}


def test_only_the_seam_touches_moto() -> None:
    """What we know of moto's insides stands in one file, which a new moto may break."""
    assert _importing("moto") <= {"rotator.sandbox.moto_seam"}


def test_only_render_prints() -> None:
    """Colour, width, ASCII and what may not be printed are decided in one place."""
    printing = {n for n, path in MODULES.items() for call, _ in calls(path) if call in {"print", "echo", "secho"}}
    assert printing | _importing("rich") <= {"rotator.cli.render"}
