"""The project's own source, parsed: what the gates read instead of running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = sorted((ROOT / "rotator").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def name_of(path: Path) -> str:
    """The dotted module name of a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in PRODUCT}


def layer(module: str) -> str:
    """The layer of one of our modules: the name under `rotator`, empty for the package itself."""
    return module.partition(".")[2].partition(".")[0]


def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a file."""
    return _nodes(path, path.stat().st_mtime_ns)


@cache
def _nodes(path: Path, _changed: int) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text("utf-8"), str(path))))


def imports(path: Path) -> Iterator[str]:
    """Every module that a file names in an import: in functions and under TYPE_CHECKING too, which hide cycles best."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute, so that they can be read"
            for alias in node.names:  # `from package import module` names the module, not only the package
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in MODULES else str(node.module)


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call with the last part of its name: `print`, or `delete` for `keys.delete(...)`."""
    for node in nodes(path):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node.func.id if isinstance(node.func, ast.Name) else node.func.attr, node
