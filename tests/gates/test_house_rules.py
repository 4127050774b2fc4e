"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.gates.source_tree import MODULES, PRODUCT, ROOT, TESTS, calls, imports, layer, nodes

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 60
TWO_SENTENCES = re.compile(r"(?<!e\.g)(?<!i\.e)[.!?] +[A-Z]")


def _place(path: Path, node: ast.stmt) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno}"


def test_one_place_deletes_a_key() -> None:
    """One function of the product sends DeleteAccessKey, and one place asks it to."""
    product = {name: path for name, path in MODULES.items() if layer(name) != "sandbox"}
    sends = [name for name, path in product.items() for node in nodes(path) if _names_the_delete_call(node)]
    asks = [name for name, path in product.items() for call, node in calls(path) if _asks_the_port(call, node)]
    assert sends == [name for name in product if name == "rotator.services.iam"]
    assert asks == [name for name in product if name == "rotator.rotation.on_keys"]


def _names_the_delete_call(node: ast.AST) -> bool:
    """boto3's method, called by its name or through a string."""
    attribute = isinstance(node, ast.Attribute) and node.attr == "delete_access_key"
    return attribute or (isinstance(node, ast.Constant) and node.value == "delete_access_key")


def _asks_the_port(call: str, node: ast.Call) -> bool:
    """`….access_keys.delete(key)`, the port's method."""
    return call == "delete" and ast.unparse(node.func).endswith("access_keys.delete")


def test_a_file_is_read_in_one_go() -> None:
    """No file of the product is longer than what a reader holds in the head."""
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in PRODUCT}
    assert {name: length for name, length in lengths.items() if length > MAX_FILE_LINES} == {}


def test_a_function_fits_on_a_screen() -> None:
    """No function of the product has to be scrolled through."""
    functions = [(path, node) for path in PRODUCT for node in nodes(path) if isinstance(node, ast.FunctionDef)]
    long = [(path, node) for path, node in functions if (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION_LINES]
    assert [f"{_place(path, node)} {node.name}" for path, node in long] == []


def test_every_test_says_one_sentence() -> None:
    """A failing test reads as a broken promise: one sentence, in the domain's words."""
    tests = [(path, node) for path in TESTS for node in nodes(path) if isinstance(node, ast.FunctionDef)]
    named = [(path, node) for path, node in tests if node.name.startswith("test_")]
    assert named
    assert [f"{_place(path, node)} {node.name}" for path, node in named if not _is_one_sentence(node)] == []


def _is_one_sentence(test: ast.FunctionDef) -> bool:
    sentence = " ".join((ast.get_docstring(test) or "").split())
    return sentence.endswith((".", "?", "!")) and not TWO_SENTENCES.search(sentence)


def test_nothing_of_ours_is_mocked() -> None:
    """Fakes keep state and pass the contracts; a mock repeats the code it should test."""
    assert [str(path.relative_to(ROOT)) for path in TESTS if _mocks(path)] == []


def _mocks(path: Path) -> bool:
    """Whether a test imports a mocking library, or replaces something in one of our modules."""
    found = set(imports(path))
    if found & {"unittest.mock", "mock", "pytest_mock"}:
        return True
    ours = {
        alias.asname or alias.name
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "rotator"
        for alias in node.names
    } | {"rotator"}
    return any(call == "setattr" and node.args and _root(node.args[0]) in ours for call, node in calls(path))


def _root(expression: ast.expr) -> str:
    """The first name of `a.b.c`, also of the string "a.b.c"."""
    return ast.unparse(expression).strip("'\"").partition(".")[0]
