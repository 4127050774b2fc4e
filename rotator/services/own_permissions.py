"""Whether the program itself may do something, asked of IAM beforehand: what a read cannot show of a write.

The answer is about the user or the role that signs.  A session's ARN names its role without the path, and only the
role's own ARN can be simulated.  What cannot be asked is `Unknown`: it says nothing about what a write would meet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rotator.core.errors import AccessError, RemoteFault
from rotator.core.ports import Deadline, Refused, Unknown
from rotator.services.aws import AwsSession
from rotator.services.aws_calls import AwsCalls
from rotator.services.simulation import DENIED, Decision, decisions

SESSION = re.compile(r"arn:(?P<partition>aws[a-z-]*):sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/]+)/.+")
ENTITY = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>\d{12}):(user|role)/.+")
MAX_PAGES = 9  # a question has a dozen answers at the most; an endless Marker must not hang the program
POLICY = "rotator config policy --principal"
NO_ROLE = frozenset({"NoSuchEntity"})
BOOLEANS = frozenset({"aws:SecureTransport"})
LISTS = frozenset({"kms:EncryptionContextKeys"})


def nothing() -> str:
    """Our own policies alone decide."""
    return ""


@dataclass(frozen=True, slots=True)
class Question:
    """Actions on resources, and what their conditions may ask about.

    `either`: one of the actions is enough.  `others`: called where our own policies are merely silent; who else may
    allow it, in words, or nothing; may raise AccessError and RemoteFault.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    region: str
    context: Mapping[str, Sequence[str]] = field(default_factory=dict)
    either: bool = False
    others: Callable[[], str] = nothing


class OwnPermissions:
    """The policies of whoever signs our requests."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session
        self._known = ""  # the ARN that can be simulated: as lasting as the credentials of one process

    def lacking(self, question: Question, deadline: Deadline) -> list[Refused | Unknown]:
        """What stands against it; empty if nothing is seen that does.  Raises nothing."""
        who = ""
        try:
            who = self._principal(question.region, deadline)
            found = self._asked(who, question, deadline)
            return self._settled(who, question, found)
        except (AccessError, RemoteFault) as error:
            lacked = f"{who or 'the program'} may {_listed(question.actions)} is not known: {error}"
            return [Unknown(f"whether {lacked}")]

    def account(self, region: str, deadline: Deadline) -> str:
        """The account that we act in.  Raises AccessError, RemoteFault."""
        return _account(self._principal(region, deadline))

    def _principal(self, region: str, deadline: Deadline) -> str:
        """The ARN of the user or role.  Raises AccessError, RemoteFault."""
        if not self._known:
            caller = AwsCalls(self._session, "sts", region).read("get_caller_identity", deadline) or {}
            self._known = self._entity(str(caller.get("Arn", "")), region, deadline)
        return self._known

    def _entity(self, arn: str, region: str, deadline: Deadline) -> str:
        session = SESSION.fullmatch(arn)
        if session is None:
            if ENTITY.fullmatch(arn):
                return arn
            raise RemoteFault(f"{arn or 'whoever signs'} is neither a user nor a role, so it cannot be simulated")
        assumed = self._session.role_arn
        if assumed.startswith(f"arn:{session['partition']}:iam::{session['account']}:role/") and assumed.endswith(
            f"/{session['role']}"
        ):
            return assumed
        return self._role(session, region, deadline)

    def _role(self, session: re.Match[str], region: str, deadline: Deadline) -> str:
        """With its path, if we may look; else as if it had none: a role of that name elsewhere is then not found."""
        plain = f"arn:{session['partition']}:iam::{session['account']}:role/{session['role']}"
        try:
            found = AwsCalls(self._session, "iam", region).read(
                "get_role", deadline, absent=NO_ROLE, RoleName=session["role"]
            )
        except (AccessError, RemoteFault):
            return plain
        return str(found["Role"]["Arn"]) if found else plain

    def _asked(self, who: str, question: Question, deadline: Deadline) -> list[Decision]:
        calls, found = AwsCalls(self._session, "iam", question.region), list[Decision]()
        arguments: dict[str, Any] = {
            "PolicySourceArn": who,
            "ActionNames": list(question.actions),
            "ResourceArns": list(question.resources),
            "ContextEntries": [_entry(*one) for one in _context(who, question).items()],
        }
        for _ in range(MAX_PAGES):
            page = calls.read("simulate_principal_policy", deadline, **arguments) or {}
            found += decisions(page)
            if not page.get("IsTruncated"):
                break
            arguments["Marker"] = page.get("Marker", "")
        if len(question.resources) == 1:  # whatever it is called in the answer
            found = [replace(one, resource=question.resources[0]) for one in found]
        asked = {(action.lower(), resource) for action in question.actions for resource in question.resources}
        if {(one.action.lower(), one.resource) for one in found} != asked:
            raise RemoteFault("SimulatePrincipalPolicy: the answer is not about what was asked")
        return found

    def _settled(self, who: str, question: Question, found: Sequence[Decision]) -> list[Refused | Unknown]:
        lacking = [one for one in found if not one.allowed]
        if not lacking or (question.either and len(lacking) < len(found)):
            return []
        doubtful = [one for one in lacking if not one.own_no]
        silent = [one for one in lacking if one.own_no and one.decision != DENIED]
        other = _other_account(who, question) or (question.others() if silent else "")
        sure = [one for one in lacking if one.own_no and (one.decision == DENIED or not other)]
        if question.either and len(sure) < len(lacking):
            sure = []
        if sure:
            return [_refused(who, sure)]
        first = (doubtful or silent)[0]
        reason = first.reason if doubtful else f"{first.reason}, and {other}"
        return [Unknown(f"whether {who} may {first.action} on {first.resource} is not known: {reason}")]


def _refused(who: str, sure: Sequence[Decision]) -> Refused:
    actions = _listed(dict.fromkeys(one.action for one in sure))
    resources = _listed(dict.fromkeys(one.resource for one in sure))
    told = f"{who} may not {actions} on {resources}: {sure[0].reason}"
    if sure[0].by_boundary:
        fix = f"let its boundary allow {actions} on {resources}"
    elif sure[0].decision == DENIED:
        fix = f"take the Deny of {actions} on {resources} out of its policies"
    else:
        fix = f"allow it {actions} on {resources}: {POLICY} {who}"
    return Refused(told, fix, "write-permission")


def _other_account(who: str, question: Question) -> str:
    """Two accounts have a say where the place is another's, and ours sees one of them."""
    others = {_account(one) for one in question.resources} - {_account(who)}
    return f"account {_listed(sorted(others))}, whose place it is, may allow it" if others else ""


def _context(who: str, question: Question) -> dict[str, Sequence[str]]:
    """What every request of ours has, and what this one has beside it."""
    usual = {"aws:RequestedRegion": [question.region], "aws:SecureTransport": ["true"],
             "aws:PrincipalArn": [who], "aws:PrincipalAccount": [_account(who)]}  # fmt: skip
    return {**usual, **question.context}


def _account(arn: str) -> str:
    return arn.split(":")[4]


def _entry(name: str, values: Sequence[str]) -> dict[str, Any]:
    kind = "boolean" if name in BOOLEANS else "stringList" if name in LISTS else "string"
    return {"ContextKeyName": name, "ContextKeyValues": list(values), "ContextKeyType": kind}


def _listed(words: Any) -> str:
    return ", ".join(words)
