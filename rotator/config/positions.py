"""YAML to plain values, and where each of them stands.

A subset on purpose: one document of mappings, sequences and scalars.  Anchors, aliases, tags, duplicate keys and
deep nesting are refused; only `true`, `false`, `null`, `~` and whole decimal numbers are more than text, so `no`
is the word "no" and 0123 is no octal number (YAML 1.1 reads False and 83, in silence).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from rotator.config.masking import Span, masked, masked_blindly

Path = tuple[str | int, ...]

DEEPEST = 12  # the schema needs 6
WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
BYTE_ORDER_MARK = "\ufeff"
WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the text, counted from zero."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with the text itself."""

    mark: Mark
    path: Path
    message: str


@dataclass(slots=True)
class Document:
    """The values of one file, where they stand, and what was wrong with the text.

    `data` is None if nothing could be read; then `faults` is not empty.
    """

    text: str
    data: Any = None
    marks: dict[Path, Mark] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)  # of values, and of keys that may not be shown
    keys: list[Span] = field(default_factory=list)  # of keys that may be shown
    whole: bool = False  # the text was read to its end, so that every value is known and can be masked exactly

    def mark(self, path: Path) -> Mark:
        """Where `path` stands, or the nearest thing around it."""
        while path and path not in self.marks:
            path = path[:-1]
        return self.marks.get(path, Mark(0, 0))

    def source(self, mark: Mark) -> tuple[str, int]:
        """The line of `mark` with every value as `***`, and the column of the mark in it."""
        lines = _lines(self.text)
        line = lines[mark.line] if mark.line < len(lines) else ""
        if self.whole:
            return masked(line, mark.line, mark.column, self.spans, self.keys)
        return masked_blindly(line, mark.column)


class _Refused(yaml.MarkedYAMLError):
    """Valid YAML that this file may not use."""


class _Nodes(Reader, Scanner, Parser, Composer, BaseResolver):
    """Text to nodes.  No constructor: nothing in the file can name a Python type."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self.depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """As Composer, but refuse what multiplies, names types or nests without end."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        problem = _event_problem(event, self.depth)
        if problem is not None:
            raise _Refused(problem=problem, problem_mark=event.start_mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def read_yaml(text: str) -> Document:
    """Read `text`.  Never raises for a bad text: what is wrong with it is in `faults`."""
    document = Document(text)
    if (position := text.find(BYTE_ORDER_MARK)) >= 0:  # PyYAML does not count it: columns would be wrong, and masks too
        document.faults.append(Fault(_mark_at(text, position), (), _not_allowed(BYTE_ORDER_MARK)))
        return document
    try:
        node = _Nodes(text).get_single_node()
    except ReaderError as error:
        document.faults.append(_reader_fault(text, error))
    except yaml.MarkedYAMLError as error:
        document.faults.append(_yaml_fault(error))
    else:
        document.whole = True
        document.data = None if node is None else _value(node, (), document)
        if document.data is None:
            document.faults.append(Fault(Mark(0, 0), (), "the file is empty"))
    return document


def _event_problem(event: Any, depth: int) -> str | None:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
        return "anchors and aliases (& and *) are not used in this file; quote a text that begins so"
    if getattr(event, "tag", None) is not None:
        return "tags (!) are not used in this file; quote a text that begins so"
    return f"nested more than {DEEPEST} deep" if depth >= DEEPEST else None


def _value(node: Any, path: Path, document: Document) -> Any:
    """The plain value of a node; marks, spans and faults go into `document`."""
    document.marks.setdefault(path, Mark(node.start_mark.line, node.start_mark.column))
    if isinstance(node, yaml.SequenceNode):
        return tuple(_value(item, (*path, index), document) for index, item in enumerate(node.value))
    if isinstance(node, yaml.MappingNode):
        return dict(_pairs(node, path, document))
    document.spans.append(_span(node))
    return _scalar(node)


def _pairs(node: Any, path: Path, document: Document) -> Iterator[tuple[str, Any]]:
    """The entries of a mapping; a key seen twice or a key that is no word is a fault and left out."""
    first: dict[str, int] = {}
    for key, value in node.value:
        mark = Mark(key.start_mark.line, key.start_mark.column)
        if not isinstance(key, yaml.ScalarNode):
            document.faults.append(Fault(mark, path, "a key must be a single word"))
            document.spans += [*_spans_below(key), *_spans_below(value)]
            continue
        (document.keys if is_key(key.value) else document.spans).append(_span(key))
        if key.value in first:
            message = f"key {shown_key(key.value)} stands here twice, first in line {first[key.value]}"
            document.faults.append(Fault(mark, (*path, key.value), message))
            _value(value, (*path, key.value, "again"), document)  # its values must be masked as well
            continue
        first[key.value] = mark.line + 1
        document.marks[(*path, key.value)] = mark
        yield key.value, _value(value, (*path, key.value), document)


def is_key(text: str) -> bool:
    """Whether a key looks like one of ours and may be shown; anything else could be a secret in the wrong place."""
    return re.fullmatch(r"[A-Za-z][a-z0-9_-]{0,31}", text) is not None


def shown_key(text: str) -> str:
    """The key in quotes, or masked."""
    return repr(text) if is_key(text) else "'***'"


def _scalar(node: Any) -> str | int | bool | None:
    if node.style is not None:  # quoted, or a block: always text
        return str(node.value)
    if node.value in WORDS:
        return WORDS[node.value]
    return int(node.value) if WHOLE_NUMBER.fullmatch(node.value) else str(node.value)


def _spans_below(node: Any) -> Iterator[Span]:
    """Every text in a part of the file that has no place in the data, its keys as well: none is known to be ours."""
    if isinstance(node, yaml.ScalarNode):
        yield _span(node)
    for inner in node.value if isinstance(node, yaml.CollectionNode) else ():
        for part in inner if isinstance(inner, tuple) else (inner,):
            yield from _spans_below(part)


def _span(node: Any) -> Span:
    start, end = node.start_mark, node.end_mark
    return Span(start.line, start.column, end.line, end.column)


def _reader_fault(text: str, error: ReaderError) -> Fault:
    """A character that YAML does not allow at all, most often a control character."""
    return Fault(_mark_at(text, error.position), (), _not_allowed(text[error.position]))


def _mark_at(text: str, position: int) -> Mark:
    before = _lines(text[:position])
    return Mark(len(before) - 1, len(before[-1]))


def _not_allowed(character: str) -> str:
    return f"character U+{ord(character):04X} is not allowed in this file"


def _lines(text: str) -> list[str]:
    return re.split(r"\r\n|[\r\n\x85\u2028\u2029]", text)  # YAML's line breaks, more than Python's


def _yaml_fault(error: yaml.MarkedYAMLError) -> Fault:
    """PyYAML's sentence, without what it quotes of the file."""
    mark = error.problem_mark or error.context_mark
    quoted = re.sub(r"(['\"])[^'\"]{2,}\1", "'***'", error.problem or "not YAML")
    place = Mark(0, 0) if mark is None else Mark(mark.line, mark.column)
    return Fault(place, (), quoted if isinstance(error, _Refused) else f"not YAML: {quoted}")
