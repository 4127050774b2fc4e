"""SNS by way of moto, with what moto leaves out: the topic as a resource of the policy, and what a subject may be."""

from __future__ import annotations

import re
from collections.abc import Callable

from rotator.sandbox.callers import Caller
from rotator.sandbox.faults import Faults, declare
from rotator.sandbox.wire import AwsError, Call, Closed, Reply

SNS_500 = declare("sns_500", "SNS Publish answers InternalError 500 and has no effect")
SNS_THROTTLED = declare("sns_throttled", "SNS Publish answers Throttled 429")
SNS_REPLY_LOST = declare("sns_reply_lost", "SNS Publish takes effect, its reply never arrives")

# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: ASCII, one line, less than 100 characters, and it
# begins with a letter, a number or punctuation.
SUBJECT = re.compile(r"[!-~][ -~]{0,98}")


class Topics:
    """Answers for SNS."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def answer(self, call: Call, caller: Caller, forward: Callable[[], Reply]) -> Reply:
        """The answer; `forward` asks moto.  Raises AwsError and Closed."""
        self._authorize(call, caller)
        if call.action != "Publish":
            return forward()
        if self._faults.take(SNS_500):
            raise AwsError(500, "InternalError", "An internal error occurred.")
        if self._faults.take(SNS_THROTTLED):
            raise AwsError(429, "Throttled", "Rate exceeded")
        subject = call.get("Subject")
        if "Subject" in call.params and not SUBJECT.fullmatch(subject):
            raise AwsError(400, "InvalidParameter", "Invalid parameter: Subject")
        reply = forward()
        if self._faults.take(SNS_REPLY_LOST):
            raise Closed("reply lost after the effect")
        return reply

    def _authorize(self, call: Call, caller: Caller) -> None:
        try:
            caller.require(f"sns:{call.action}", call.get("TopicArn") or None)
        except AwsError as error:
            raise AwsError(403, "AuthorizationError", error.message) from None
