"""What a secret and a parameter have in common: they are asked over AWS's API, read back, and sent with.

A kind says how its place looks (`_found`), is written (`_written`) and is read (`_pair`), and may raise AccessError,
RemoteFault and NotInFormat; what these mean is said here, once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from rotator.consumers.fields import Fields
from rotator.consumers.formats import NotInFormat
from rotator.consumers.own_canary import OwnCanary, SenderInRegion
from rotator.core.errors import AccessError, Exit, RemoteFault
from rotator.core.looks import NothingThere
from rotator.core.policy import Traits
from rotator.core.ports import Canary, CanaryAnswer, Deadline, Holding, Problem, PushAnswer, Refused, Unknown
from rotator.core.smtp_credential import SmtpCredential

NOT_KNOWN = "write-permission-not-known"
ASK = "nothing, if it was written before; to let the program ask: rotator config policy --principal ARN"


class InAws(ABC):
    """Implements `rotator.core.ports.Consumer` over what a kind says of its place."""

    def __init__(
        self,
        traits: Traits,
        what: str,
        endpoint: SenderInRegion,
        fields: Fields | None,
        canary: OwnCanary,
    ) -> None:
        """`what` names the place in texts."""
        self.traits, self._what, self._endpoint, self._canary = traits, what, endpoint, canary
        self._fields = fields or Fields()

    @abstractmethod
    def _found(self, deadline: Deadline) -> Iterable[Problem]:
        """What is wrong with the place, found by reading it."""

    @abstractmethod
    def _written(self, credential: SmtpCredential, deadline: Deadline) -> PushAnswer:
        """Write it, while an error still means that nothing was written."""

    @abstractmethod
    def _pair(self, deadline: Deadline) -> SmtpCredential | None:
        """The pair that readers get."""

    @abstractmethod
    def _malformed(self, error: NotInFormat) -> Problem:
        """That the pair has no place in what is there, and what to do."""

    def preflight(self, deadline: Deadline) -> Sequence[Problem]:
        """The place is there, readable, in form, and we may write it as far as IAM can say; nothing is written."""
        try:
            return list(self._found(deadline))
        except (AccessError, RemoteFault) as error:
            return [Problem(error.id, f"{self._what}: {error}", error.fix, error.runbook, exit_code=error.exit_code)]
        except NotInFormat as error:
            return [self._malformed(error)]

    def _not_writable(self, answers: Iterable[Refused | Unknown], runbook: str) -> list[Problem]:
        """What stands against a write.  What is only not known stops nothing: the push will show it."""
        found: list[Problem] = []
        for answer in answers:
            seen = f"{self._what}: {answer.detail}"
            if isinstance(answer, Refused):
                found.append(Problem(answer.id, seen, answer.fix, runbook, exit_code=Exit.ACCESS))
            else:
                found.append(Problem(NOT_KNOWN, seen, ASK, runbook, warning=True, exit_code=Exit.RETRY))
        return found

    def push(self, credential: SmtpCredential, deadline: Deadline) -> PushAnswer:
        """Write the pair and read it back.  The same pair twice is one push."""
        try:
            return self._written(credential, deadline)
        except AccessError as error:
            return Refused(f"{self._what}: {error}", error.fix, error.id)
        except RemoteFault as error:
            return Unknown(f"{self._what}: {error}")
        except NotInFormat as error:
            return refused(self._malformed(error))

    def holds(self, deadline: Deadline) -> Holding:
        """The user name that readers get."""
        held = self.credential(deadline)
        return held if isinstance(held, Unknown) else held.key

    def send(self, canary: Canary, deadline: Deadline) -> CanaryAnswer:
        """Log in with exactly what readers get and mail to `canary_to`."""
        held = self.credential(deadline) if self._canary.possible else Unknown("")
        return self._canary.send(canary, held, deadline)

    def instructions(self) -> Sequence[str]:
        """Nobody has to do anything."""
        return ()

    def credential(self, deadline: Deadline) -> SmtpCredential | Unknown:
        """What readers get now."""
        try:
            credential = self._pair(deadline)
        except (AccessError, RemoteFault, NotInFormat) as error:
            return Unknown(f"{self._what}: {error}")
        return credential or NothingThere(f"{self._what}: no user name and password there")


def refused(problem: Problem) -> Refused:
    """A push's answer to what a preflight would have found."""
    return Refused(problem.seen, problem.fix, problem.id)
