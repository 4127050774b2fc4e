"""What a world holds when it starts.  Worlds that could not exist are refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from rotator.sandbox.keys import KEYS_PER_USER

USER_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
PATH = re.compile(r"/([\x21-\x7e]+/)?")


@dataclass(frozen=True, slots=True)
class InitialKey:
    """A key that the SMTP user has from the start."""

    age_days: float = 97.0
    status: Literal["Active", "Inactive"] = "Active"
    last_used_hours: float | None = 5.0  # ago; None = never


@dataclass(frozen=True, slots=True)
class Scenario:
    """The default world, and what a test may change in it."""

    account: str = "123456789012"
    user: str = "jada-ses-smtp"
    path: str = "/"
    region: str = "us-east-1"
    domain: str = "queenofsandiego.com"
    mail_from: str = "bounce.queenofsandiego.com"
    keys: tuple[InitialKey, ...] = (InitialKey(),)
    may_send: bool = True  # the user's policy allows ses:SendRawEmail on the domain's identity
    verified: bool = True
    production: bool = True
    gmail: bool = True

    def check(self) -> None:
        """Raise ValueError, naming the contradiction, for a world that could not exist."""
        problems = [problem for problem, wrong in self._problems().items() if wrong]
        if problems:
            raise ValueError("impossible world: " + "; ".join(problems))

    def policy(self) -> dict[str, Any]:
        """The SMTP user's policy."""
        return {
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Action": "ses:SendRawEmail",
                "Resource": f"arn:aws:ses:*:{self.account}:identity/{self.domain}",
            }],
        }  # fmt: skip

    def _problems(self) -> dict[str, bool]:
        ages = [key.age_days for key in self.keys]
        used_unborn = any(
            key.last_used_hours is not None and key.last_used_hours > key.age_days * 24 for key in self.keys
        )
        holder = any(key.status == "Active" for key in self.keys)
        return {
            f"account {self.account!r} is not 12 digits": re.fullmatch(r"\d{12}", self.account) is None,
            f"IAM does not allow the user name {self.user!r}": USER_NAME.fullmatch(self.user) is None,
            f"IAM does not allow the path {self.path!r}": PATH.fullmatch(self.path) is None,
            f"{len(self.keys)} keys: an IAM user has at most {KEYS_PER_USER}": len(self.keys) > KEYS_PER_USER,
            "a key from the future": any(age < 0 for age in ages),
            "a key that was used before it was made": used_unborn,
            "Gmail aliases that log in, and no Active key for them": self.gmail and not holder,
        }
