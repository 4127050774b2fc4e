"""From a path to a `Configuration`, or to every problem at once, each with file:line:col.

Order: the file must be safe to believe, then readable as YAML, then right in form, then right as a whole.  An unknown
key or one bad user does not hide what is wrong with the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import ValidationError

from rotator.config import rules
from rotator.config.files import read_safely
from rotator.config.model import Configuration
from rotator.config.positions import Document, read_yaml
from rotator.config.problems import (
    InvalidConfiguration,
    Location,
    Sentence,
    sentences_of,
    text_problems,
    unknown_keys,
    value_problems,
)
from rotator.config.schema import Audit, Domain, File, Google, Notify, Ping, Timing, User
from rotator.config.targets import duplicate_targets
from rotator.core import trust
from rotator.core.errors import ConfigurationError

WRAPPED = ".seal.json"  # after the journal's name: the file with the wrapped seal key
Part = TypeVar("Part", Audit, Domain, Google, Notify, Ping, Timing, User)


def load(path: str | FilePath, environ: Mapping[str, str]) -> Configuration:
    """The configuration at `path`.  Raises ConfigurationError; `environ` says which other hosts may be trusted."""
    content = read_safely(str(path))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 at byte {error.start}", fix="save it as UTF-8 text") from None
    return parse(text, str(path), environ)


def parse(text: str, name: str, environ: Mapping[str, str]) -> Configuration:
    """The same from a text; `name` stands for the file in messages.  Raises ConfigurationError."""
    trusted = trust.trusted_hosts(environ)
    trust.check_redirections(environ)
    document = read_yaml(text)
    problems = text_problems(document, name)
    if document.data is not None:
        file, sentences = _validate(document, trusted)
        problems += value_problems(document, name, sentences)
        if file is not None and not problems:
            return _resolve(file, name, trusted)
    raise InvalidConfiguration(problems)


def _validate(document: Document, trusted: frozenset[str]) -> tuple[File | None, list[Sentence]]:
    """The file if its form is right, and everything that is wrong with it."""
    try:
        file, sentences = File.model_validate(document.data), []
    except ValidationError as error:
        file, sentences = None, sentences_of(error, document.data)
        known = _without(document.data, unknown_keys(error))
    else:
        known = document.data
    return file, [*sentences, *_breaches(known, trusted)]


def _breaches(data: Any, trusted: frozenset[str]) -> Iterator[Sentence]:
    """Rules over several values, for every part of the file that is right in form."""
    if not isinstance(data, dict):
        return
    google = _part(Google, data.get("google", {}))
    if google is not None:
        yield from rules.google_breaches(google.api_endpoint, trusted)
    ping = _part(Ping, data.get("ping", {}))
    if ping is not None:
        yield from rules.ping_breaches(ping, trusted)
    domains = data.get("domains")
    parts = [_part(Domain, one) for one in domains] if isinstance(domains, tuple) else []
    yield from rules.duplicate_domains(None if one is None else one.name for one in parts)
    timing = _part(Timing, data.get("defaults", {}))
    written = data.get("users")
    users = [_part(User, user) for user in written] if isinstance(written, tuple) else []
    yield from rules.duplicate_users(None if user is None else user.name for user in users)
    audit = _part(Audit, data.get("audit", {}))
    if audit is not None:
        yield from rules.audit_breaches(audit, [user for user in users if user is not None], trusted)
    if timing is None:
        return
    known = [(index, user) for index, user in enumerate(users) if user is not None]
    for index, user in known:
        yield from rules.user_breaches(user, timing, ("users", index), trusted)
    yield from duplicate_targets((index, rules.resolve_user(user, timing)) for index, user in known)
    notify = _part(Notify, data.get("notify", {}))
    if notify is not None:
        yield from rules.sender_breaches(notify, [user for _, user in known], timing)


def _part(model: type[Part], data: Any) -> Part | None:
    """The part, or None if it is wrong in form, which has been said already."""
    try:
        return model.model_validate(data)
    except ValidationError:
        return None


def _without(data: Any, locations: list[Location], at: Location = ()) -> Any:
    """A copy of the data without the keys at these places (union tags in a location do not matter)."""
    if isinstance(data, tuple):
        return tuple(_without(item, locations, (*at, index)) for index, item in enumerate(data))
    if not isinstance(data, dict):
        return data
    gone = {location[-1] for location in locations if _plain(location[:-1], at)}
    return {key: _without(value, locations, (*at, key)) for key, value in data.items() if key not in gone}


def _plain(location: Location, at: Location) -> bool:
    """Whether `location` is `at`, save for a kind that pydantic puts behind a consumer's index."""
    consumer = location[:1] == ("users",) and location[2:3] == ("consumers",) and len(location) > 4
    return (location[:4] + location[5:] if consumer else location) == at


def _resolve(file: File, name: str, trusted: frozenset[str]) -> Configuration:
    return Configuration(
        path=name,
        state=file.state,
        seal_key_file=f"{file.state}{WRAPPED}" if file.seal.kms_key else file.seal.key_file,
        seal_kms_key=file.seal.kms_key,
        aws=file.aws,
        google_api_endpoint=file.google.api_endpoint,
        notify=file.notify,
        dns=file.dns,
        domains=file.domains,
        open_alarm_s=file.notify.open_alarm,
        suppression=rules.resolve_suppression(file),
        audit=file.audit,
        ping=file.ping,
        metrics_file=file.metrics.textfile,
        alarms=file.alarms,
        users=tuple(rules.resolve_user(user, file.defaults) for user in file.users),
        trusted_hosts=trusted,
        file=file,
    )
