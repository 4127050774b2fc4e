"""Requests to one AWS service that end before a deadline: reads are asked again while throttled, writes never.

A write's text never quotes what was sent: AWS's validation errors do, so of those only the code is shown.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from rotator.core.errors import AccessError
from rotator.core.ports import Deadline, Refused, Unknown
from rotator.services.aws import BUDGETS_S, AwsSession
from rotator.services.aws_errors import NotSent, code_of, failures, settle

QUOTES_INPUT = "ValidationException"  # "Value '...' at '...' failed to satisfy constraint"
NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AwsCalls:
    """One service in one region."""

    session: AwsSession
    service: str
    region: str

    def read(
        self, operation: str, deadline: Deadline, *, absent: AbstractSet[str] = NOTHING, **arguments: Any
    ) -> dict[str, Any] | None:
        """The reply; None where AWS answers with one of the codes `absent`.  Raises AccessError, RemoteFault."""

        def ask() -> dict[str, Any] | None:
            try:
                reply: dict[str, Any] = self._method(operation, deadline)(**arguments)
            except failures() as error:
                if code_of(error) in absent:
                    return None
                raise
            return reply

        return self.session.read(_api(operation), ask)

    def write(
        self, operation: str, deadline: Deadline, *, outdated: AbstractSet[str] = NOTHING,
        done: AbstractSet[str] = NOTHING, **arguments: Any,
    ) -> dict[str, Any] | Refused | Unknown:  # fmt: skip
        """One attempt, over before the deadline: the reply, or how it failed.

        `outdated`: codes that say no to what was read before, which may be old by now: Unknown, so read again.
        `done`: codes that say that it was done before: an empty reply.
        """
        call = _api(operation)
        try:
            reply: dict[str, Any] = self._method(operation, deadline)(**arguments)
        except _NoTime:
            return Unknown(f"{call}: no time left, nothing was sent")
        except AccessError as error:
            return Refused(f"{call}: {error}", error.fix, "access")
        except failures() as error:
            answer, code = settle(error, call), code_of(error)
            if code in done:
                return {}
            if code == QUOTES_INPUT:
                return Refused(f"{call}: {QUOTES_INPUT}: AWS does not take what was sent")
            return Unknown(answer.detail) if code in outdated else answer
        return reply

    def _method(self, operation: str, deadline: Deadline) -> Any:
        """The client's method, for a request that ends in time however late it is sent.  Raises NotSent."""
        left = deadline.left
        budget = next((one for one in BUDGETS_S if one < left), None)
        if budget is None:
            raise _NoTime(f"{_api(operation)}: no time left, nothing was sent")
        client = self.session.client(self.service, self.region, budget)
        self.session.begin(deadline.left - budget)
        return getattr(client, operation)


class _NoTime(NotSent):
    """The deadline is over, or so near that no answer could be waited for."""


def _api(operation: str) -> str:
    return "".join(word.capitalize() for word in operation.split("_"))
