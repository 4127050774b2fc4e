"""Where a module can be changed a little, and how: the small mistakes that a test should notice.

Comparisons, `and`/`or`, `not`, arithmetic, numbers, booleans, `min`/`max`, `any`/`all`, returned values, conditions,
calls made for their effect, and keywords that a fold or `replace` sets.  Texts are not changed: they are for people.
Annotations, decorators, assertions and aliases of types are left out, for nothing depends on them at run time.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
SETTERS = {"replace", "with_key", "with_consumer", "with_run"}
SHOWN = 90  # characters of source in a description

Change = Callable[[ast.AST], None]  # changes the node in place


@dataclass(frozen=True, slots=True)
class Mutant:
    """One module with one small change: the `index`-th node of its tree, changed by `change`."""

    path: Path
    line: int
    inside: str  # the function or class
    says: str  # "before → after"
    index: int
    change: Change

    def tree(self) -> ast.Module:
        """The changed module."""
        tree = ast.parse(self.path.read_text("utf-8"))
        self.change(list(ast.walk(tree))[self.index])
        return ast.fix_missing_locations(tree)

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.inside}: {self.says}"


def mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its tree."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped = {id(inner) for outer in _left_out(tree) for inner in ast.walk(outer)}
    owners = _owners(tree)
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in skipped:
            continue
        for change in _changes(node):
            changed = copy.deepcopy(node)
            change(changed)
            ast.fix_missing_locations(changed)
            says = _difference(node, changed)
            yield Mutant(path, getattr(node, "lineno", 0), owners.get(id(node), ""), says, index, change)


def _difference(before: ast.AST, after: ast.AST) -> str:
    if isinstance(before, ast.If):
        assert isinstance(after, ast.If)
        return f"if {_short(before.test)} → if {_short(after.test)}"
    if isinstance(before, ast.Call) and isinstance(after, ast.Call):
        left = {one.arg for one in after.keywords}
        gone = next(one for one in before.keywords if one.arg not in left)
        return f"{_short(before.func)}(…) → without {_short(gone)}"
    return f"{_short(before)} → {_short(after)}"


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _left_out(tree: ast.Module) -> Iterator[ast.AST]:
    """What the program does not depend on when it runs."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            yield node
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield from node.decorator_list
        for name in ("annotation", "returns"):
            found = getattr(node, name, None)
            if found is not None:
                yield found
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.BitOr):
            yield from [node] if node in tree.body else []


def _owners(tree: ast.Module) -> dict[int, str]:
    """The name of the innermost function or class around each node."""
    found: dict[int, str] = {}
    for node in ast.walk(tree):  # outer ones come first, so that inner ones overwrite them
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.update((id(inner), _name_of(node)) for inner in ast.walk(node))
    return found


def _name_of(node: ast.FunctionDef | ast.ClassDef) -> str:
    """The name; of the many functions called `_` that a fold is made of, what they fold."""
    if isinstance(node, ast.ClassDef) or node.name != "_":
        return node.name
    return f"_({ast.unparse(node.args.args[0].annotation or node.args.args[0])})"


def _changes(node: ast.AST) -> Iterator[Change]:
    yield from _of_expression(node)
    yield from _of_statement(node)


def _of_expression(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare(ops=ops):
            yield from (_swap_compare(place) for place, op in enumerate(ops) if type(op) in SWAPS)
        case ast.BoolOp(op=op) | ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in SWAPS:
            yield _set("op", SWAPS[type(op)]())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield _set("operand", ast.UnaryOp(ast.Not(), operand))
        case ast.Constant(value=bool() as value):
            yield _set("value", not value)
        case ast.Constant(value=int() | float() as value):
            yield _set("value", value + 1)
        case ast.Name(id=name) if name in NAMES and isinstance(node.ctx, ast.Load):
            yield _set("id", NAMES[name])
        case ast.Call(func=func, keywords=keywords) if _last_name(func) in SETTERS:
            yield from (_drop_keyword(place) for place in range(len(keywords)))


def _of_statement(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield _set("value", ast.Constant(None))
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test) if _plain(test):
            yield _set("test", ast.UnaryOp(ast.Not(), test))
        case ast.comprehension(ifs=ifs) if ifs:
            yield from (_negate_condition(place) for place, test in enumerate(ifs) if _plain(test))
        case ast.Expr(value=ast.Call() | ast.YieldFrom()):
            yield _set("value", ast.Constant(None))


def _plain(test: ast.expr) -> bool:
    """A condition that no other change turns round."""
    return not isinstance(test, ast.Compare | ast.BoolOp | ast.Constant) and not (
        isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    )


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _last_name(func: ast.expr) -> str:
    return ast.unparse(func).rpartition(".")[2]


def _set(name: str, value: object) -> Change:
    return lambda node: setattr(node, name, value)


def _swap_compare(place: int) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Compare)
        swapped = SWAPS[type(node.ops[place])]()
        assert isinstance(swapped, ast.cmpop)
        node.ops[place] = swapped

    return change


def _negate_condition(place: int) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.comprehension)
        node.ifs[place] = ast.UnaryOp(ast.Not(), node.ifs[place])

    return change


def _drop_keyword(place: int) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Call)
        del node.keywords[place]

    return change
