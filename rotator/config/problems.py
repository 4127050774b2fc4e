"""What is wrong with a file, as sentences with file:line:col; pydantic's errors in the words of the file.

A message may name keys, kinds and bounds; it never quotes a value that could be a secret.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rotator.config.positions import Document, Path, shown_key
from rotator.config.schema import KEYS_NOT_BUILT, File
from rotator.core.durations import format_duration
from rotator.core.errors import ConfigurationError
from rotator.core.policy import ConsumerKind

Location = tuple[str | int, ...]
Sentence = tuple[Path, str]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; line and column are counted from one."""

    file: str
    line: int
    column: int
    path: str
    message: str
    source: str  # the line, every value masked
    caret: int

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}: {self.path}{': ' if self.path else ''}{self.message}"
        return f"{where}\n    {self.source}\n    {' ' * self.caret}^" if self.source.strip() else where


class InvalidConfiguration(ConfigurationError):
    """The file is readable and wrong; `problems` has every one of them, in the order of the file."""

    id = "invalid-configuration"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda one: (one.line, one.column, one.path)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def text_problems(document: Document, file: str) -> list[Problem]:
    """What was wrong with the text itself."""
    return [
        _problem(document, file, fault.path, fault.message, (fault.mark.line, fault.mark.column))
        for fault in document.faults
    ]


def value_problems(document: Document, file: str, sentences: Iterable[Sentence]) -> list[Problem]:
    """Sentences about values, tied to where these stand."""
    return [_problem(document, file, path, message) for path, message in sentences]


def sentences_of(error: ValidationError, data: Any, prefix: Path = ()) -> list[Sentence]:
    """What pydantic found, in our words.  `prefix` is where in `data` the validated part stands."""
    found = [one for one in _errors(error) if not _follows(one, data, prefix)]
    return [(_path_in(data, (*prefix, *one["loc"])), _sentence(one, data, (*prefix, *one["loc"]))) for one in found]


def unknown_keys(error: ValidationError) -> list[Location]:
    """Where keys stand that the schema does not have."""
    return [one["loc"] for one in _errors(error) if one["type"] == "extra_forbidden"]


def _errors(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False, include_input=False)


def _follows(error: ErrorDetails, data: Any, prefix: Path) -> bool:
    """Whether this is only the echo of others: pydantic calls a list too short whose items are all bad."""
    return error["type"] == "too_short" and bool(_value_at(data, (*prefix, *error["loc"])))


def choose(word: str, among: Iterable[str]) -> str:
    """`, did you mean 'x'?` or nothing."""
    close = difflib.get_close_matches(word, list(among), n=1, cutoff=0.6)
    return f", did you mean {close[0]!r}?" if close else ""


def _problem(document: Document, file: str, path: Path, message: str, at: tuple[int, int] | None = None) -> Problem:
    mark = document.mark(path)
    line, column = (mark.line, mark.column) if at is None else at
    source, caret = document.source(type(mark)(line, column))
    shown = ".".join(str(part) if isinstance(part, int) else shown_key(part).strip("'") for part in path)
    return Problem(file, line + 1, column + 1, shown, message, source, caret)


def _sentence(error: ErrorDetails, data: Any, location: Location) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if kind == "string_type":
        return "must be text" + (": put it in quotes" if isinstance(_value_at(data, location), int) else "")
    say = _WITH_DETAILS.get(kind)
    return "is not valid here" if say is None else say(context, location)


_SIMPLE = {
    "bool_type": "must be true or false, in these words (yes, no, on and off are text here)",
    "int_type": "must be a whole number",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty: nothing would ever be told the new password",
    "tuple_type": "must be a list: [a, b], or lines that begin with '- '",
    "model_type": "must be a mapping: {key: value}, or lines of 'key: value'",
    "model_attributes_type": "must be a mapping: {key: value}, or lines of 'key: value'",
    "dict_type": "must be a mapping: {key: value}, or lines of 'key: value'",
}

_WITH_DETAILS: dict[str, Callable[[dict[str, Any], Location], str]] = {
    "missing": lambda _, location: f"required key {location[-1]!r} is missing",
    "extra_forbidden": lambda _, location: _unknown_key(location),
    "value_error": lambda context, _: str(context["error"]),
    "literal_error": lambda context, _: f"must be {context['expected']}",
    "union_tag_invalid": lambda context, _: _unknown_kind(str(context["tag"])),
    "union_tag_not_found": lambda *_: f"required key 'type' is missing: one of {', '.join(ConsumerKind)}",
    "string_too_long": lambda context, _: f"is longer than {context['max_length']} characters",
    "too_long": lambda context, _: f"has more than {context['max_length']} entries",
    "string_pattern_mismatch": lambda _, location: _form(location),
    "greater_than_equal": lambda context, location: f"must be at least {_bound(context['ge'], location)}",
    "less_than_equal": lambda context, location: f"must be at most {_bound(context['le'], location)}",
}

_FORMS = {
    "account": 'must be the 12 digits of the AWS account, in quotes: "123456789012"',
    "name": "must be a plain name: letters, digits, dot, hyphen and underscore",
    "endpoint": "must be the name of an endpoint",
    "user_path": "must be an IAM path such as /ses/",
    "assume_role": "must be the ARN of a role: arn:aws:iam::123456789012:role/rotator",
    "kms_key": "must be the ARN of a key, not of an alias: arn:aws:kms:us-east-1:123456789012:key/...",
    "secret_id": "must be a secret's name, such as prod/ses-smtp, or its whole ARN",
    "sns_topic": "must be the ARN of an SNS topic, not a FIFO one: arn:aws:sns:us-east-1:123456789012:keys",
    "path": "must be a parameter's name that begins with a slash: /prod/ses-smtp",
}


def _form(location: Location) -> str:
    if len(location) > 1 and location[-2] == "fields":
        return "must be a plain name: letters, digits, dot, hyphen and underscore"
    if location[-1] == "name" and len(location) == 3 and location[0] == "users":
        return "must be an IAM user name: letters, digits and +=,.@_-"
    return _FORMS.get(str(location[-1]), "has not the right form")


def _bound(bound: int, location: Location) -> str:
    return format_duration(bound) if location[-1] in ("max_age", "deadline", "timeout", "remind") else str(bound)


def _unknown_key(location: Location) -> str:
    key = str(location[-1])
    words = ".".join(part for part in map(str, location) if not part.isdigit())
    if words in KEYS_NOT_BUILT:
        return f"key {key!r} is known, but not built yet in this version: take it out"
    return f"unknown key {shown_key(key)}{choose(key, _keys_at(location))}"


def _unknown_kind(tag: str) -> str:
    kinds = [one.value for one in ConsumerKind]
    return f"type {shown_key(tag)} is not one of {', '.join(kinds)}{choose(tag, kinds)}"


def _keys_at(location: Location) -> list[str]:
    """The keys that the schema has beside the last part of `location`."""
    models: list[type[BaseModel]] = [File]
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        tagged = [model for model in models if part in _tags(model)]
        inner = [
            model
            for outer in models
            if part in outer.model_fields
            for model in _models(outer.model_fields[part].annotation)
        ]
        models = tagged or inner
    return [key for model in models for key in model.model_fields]


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    field = model.model_fields.get("type")
    return () if field is None else get_args(field.annotation)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every model inside a type such as `tuple[A | B, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _path_in(data: Any, location: Location) -> Path:
    """`location` without what is not in the data: the tags of unions, and a key that is missing."""
    path: list[str | int] = []
    for part in location:
        inner = _entry(data, part)
        if inner is not None:
            path.append(part)
            (data,) = inner
    return tuple(path)


def _value_at(data: Any, location: Location) -> Any:
    for part in location:
        (data,) = _entry(data, part) or (data,)
    return data


def _entry(data: Any, part: str | int) -> tuple[Any] | None:
    """What stands at `part` of a mapping or list, as a tuple of one; None if nothing does."""
    if isinstance(data, dict):
        return (data[part],) if part in data else None
    return (data[part],) if isinstance(data, tuple) and isinstance(part, int) else None
