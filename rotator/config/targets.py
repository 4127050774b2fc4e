"""What a consumer writes to: two that write to one place would undo each other's push at every rotation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rotator.config.kinds import Consumer, CredentialFile, GmailSendAs, SecretsManager, SsmParameter
from rotator.config.model import UserConfiguration
from rotator.config.positions import Path
from rotator.config.rules import shown

Target = tuple[str, ...]
ONE_PAIR_PER_SERVER = ("postfix", "msmtp")  # such a file has room for every server's pair; the others hold one
SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")  # what Secrets Manager puts behind a name in an ARN


def duplicate_targets(users: Iterable[tuple[int, UserConfiguration]]) -> Iterator[tuple[Path, str]]:
    """Every consumer whose place another one before it has, with the place in the file and the sentence."""
    first: dict[Target, str] = {}
    for number, user in users:
        for index, consumer in enumerate(user.consumers):
            mine = dict.fromkeys(targets(consumer, user))
            if taken := next((first[target] for target in mine if target in first), None):
                at = ("users", number, "consumers", index, "name")
                yield at, f"writes to the same place as {taken}: each would undo the other's push; name a place once"
            first |= {target: f"{shown(consumer.name)} of {shown(user.name)}" for target in mine if target not in first}
        yield from _copies(number, user)


def targets(consumer: Consumer, user: UserConfiguration) -> Iterator[Target]:
    """The places of one consumer, in a form that can be compared; none for a program or a person."""
    match consumer:
        case GmailSendAs():
            yield "alias", consumer.mailbox.lower(), consumer.alias.lower()
        case SecretsManager():
            name = consumer.secret_id.split(":secret:")[-1]
            is_arn = name != consumer.secret_id
            yield "secret", consumer.region or "", SUFFIX.sub("", name) if is_arn else name
        case SsmParameter():
            fields = consumer.fields.model_dump().values() if consumer.layout == "path" else ()
            names = [f"{consumer.path}/{name}" for name in fields if name] or [consumer.path]
            yield from (("parameter", consumer.region or "", name) for name in names)
        case CredentialFile():
            server = _server(consumer, user) if consumer.format in ONE_PAIR_PER_SERVER else ""
            yield from (("file", path, server, consumer.account or "") for path in (consumer.path, *consumer.replicas))
        case _:
            return


def _server(consumer: CredentialFile, user: UserConfiguration) -> str:
    """The server whose pair it is; an endpoint that is not there is told elsewhere."""
    return next((f"{one.host}:{one.port}" for one in user.endpoints if one.name == consumer.endpoint), "")


def _copies(number: int, user: UserConfiguration) -> Iterator[tuple[Path, str]]:
    for index, consumer in enumerate(user.consumers):
        if isinstance(consumer, CredentialFile):
            paths = [consumer.path, *consumer.replicas]
            for copy, path in enumerate(consumer.replicas):
                if path in paths[: copy + 1]:
                    yield (
                        ("users", number, "consumers", index, "replicas", copy),
                        "is named twice: a copy is another file",
                    )
