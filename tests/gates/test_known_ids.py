"""Every id that the program can show is one that `rotator explain` knows, and leads to a page that is there."""

from __future__ import annotations

import ast
import re

from rotator.cli.failure import Failure
from rotator.core.error_ids import OTHERS, SECTIONS, error_id, known_ids
from rotator.core.errors import StopError
from rotator.core.mail import exchange
from rotator.core.mail import explanation as told
from rotator.core.mail.explanation import Kind
from rotator.doctor.registry import CHECKS
from rotator.services.gmail_errors import GmailKind
from tests.docs.test_runbooks import every_error, raised
from tests.gates.source_tree import PRODUCT, ROOT, calls, nodes
from tests.gates.test_documents import is_there

ID = re.compile(r"[a-z]+(?:-[a-z]+)*")
NO_ERROR = {"error", "refused"}  # a base class, and the id of an answer without one of its own


def shown_ids() -> set[str]:
    """Ids of errors, problems and answers, read from the classes and from every call that names one."""
    found = {one.id for one in every_error()} | {str(kind) for kind in GmailKind}
    for path in PRODUCT:
        if "sandbox" not in path.parts:
            found |= {id_ for id_, _ in raised(path)}
            found |= {_first(node) for name, node in calls(path) if name == "Problem"}
    return found - NO_ERROR - {""}


def _first(node: ast.Call) -> str:
    """The id that a call names first, or nothing."""
    first = node.args[0] if node.args else None
    return str(first.value) if isinstance(first, ast.Constant) else ""


def test_explain_knows_every_id() -> None:
    """Whoever looks an id up gets an answer: a new one has its line in core/error_ids.py."""
    assert sorted(shown_ids() - set(known_ids())) == []


def test_no_id_is_known_that_nothing_shows() -> None:
    """An id that went away goes here too: each stands as a word of its own somewhere else in the program."""
    words = {
        str(node.value)
        for path in PRODUCT
        if path.name != "error_ids.py"
        for node in nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and ID.fullmatch(node.value)
    }
    assert sorted(set(OTHERS) - words) == []


def test_each_id_stands_under_one_section() -> None:
    """No section is given to an id that went away, and none has two."""
    placed = [one for ids in SECTIONS.values() for one in ids]
    assert sorted(set(placed) - set(OTHERS)) == []
    assert len(placed) == len(set(placed))


def test_an_error_leads_to_its_section() -> None:
    """Whoever is woken up lands at the lines about the id, unless the error knows a better page."""
    told = StopError("no run is open", id="nothing-open")
    assert Failure.of(told).runbook == "runbooks/ses-smtp-key-rotation.md#refused-and-nothing-is-wrong"
    better = StopError("x", id="abort-too-late", runbook="runbooks/compromised-key.md")
    assert Failure.of(better).runbook == "runbooks/compromised-key.md"
    assert Failure.of(StopError("of no section")).runbook == StopError.runbook


def test_every_check_that_an_answer_names_is_there() -> None:
    """The doctor has what an explanation sends people to."""
    kinds = [one for one in vars(told).values() if isinstance(one, Kind)]
    named = {check for kind in kinds for check in kind.checks}
    named |= {check for one in exchange.REASONS.values() for check in one.checks}
    assert sorted(named - CHECKS.keys()) == []


def test_every_answer_leads_to_a_section_that_is_there() -> None:
    """The page and the heading behind `see` exist, for ids, refusals and Exchange's reasons."""
    kinds = [one for one in vars(told).values() if isinstance(one, Kind)]
    pages = [one.runbook for one in kinds]
    pages += [found.runbook for one in known_ids() if (found := error_id(one)) is not None]
    pages += [f"{exchange.PAGE}#{one.repairs}" for one in exchange.REASONS.values()]
    assert sorted({page for page in pages if not is_there(page, ROOT)}) == []
