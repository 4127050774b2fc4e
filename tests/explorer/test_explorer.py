"""The shipped decision, searched to the end: no promise breaks, nothing wedges, nothing goes round in circles."""

from __future__ import annotations

import ast
import inspect

import pytest

from rotator.core import evidence, situation
from rotator.core.rules import handing_over, incident, probe, retiring, survey
from tests.explorer.clock import UNREAD
from tests.explorer.configurations import LONG, QUICK
from tests.explorer.moves import LONGEST_S, Configuration
from tests.explorer.search import Found, explore
from tests.prove.figures import count

FOR_PEOPLE = {"open_too_long"}  # asked by reports and notices about a situation, by no rule
READERS = (evidence, situation, handing_over, incident, probe, retiring, survey)


def searched(name: str, configuration: Configuration) -> Found:
    """Search, count, and fail with the story of the first broken promise."""
    found = explore(configuration)
    print(f"{name}: {found}")
    count("states", found.states)
    count("transitions", found.transitions)
    assert not found.verdict, str(found)
    return found


@pytest.mark.parametrize("name", QUICK)
def test_every_promise_holds_whatever_happens(name: str) -> None:
    """From every state that can be reached, every promise holds and a clean end can still be reached."""
    assert searched(name, QUICK[name]).states > 15


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_every_promise_holds_with_more_luck_against_it(name: str) -> None:
    """The same with more faults, more people and more consumers at once."""
    assert searched(name, LONG[name]).states > 15


def test_what_the_search_leaves_out_no_rule_reads() -> None:
    """The fields that the search forgets are read by no rule, so forgetting them loses nothing."""
    forgotten = {name for names in UNREAD.values() for name in names} | FOR_PEOPLE
    for module in READERS:
        tree = ast.parse(inspect.getsource(module))
        told = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name in FOR_PEOPLE]
        skipped = {id(inner) for node in told for inner in ast.walk(node)}
        nodes = [node for node in ast.walk(tree) if id(node) not in skipped]
        read = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        assert not read & forgotten, module.__name__


def test_long_ago_is_longer_than_anything_a_rule_counts() -> None:
    """The search shortens long pauses to one length, which must exceed every time that a rule adds to another."""
    longest = max(
        value
        for module in READERS
        for name, value in vars(module).items()
        if name.endswith("_S") and isinstance(value, int)
    )
    assert longest < LONGEST_S
