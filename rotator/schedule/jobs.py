"""The commands that a timer runs.

Daily and "if due", never "every 90 days": a run that failed has a second try the next day, and the grace, the
deactivation and the deletion come due on days of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rotator.core.errors import ConfigurationError

SERVICE_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}\$?")


@dataclass(frozen=True, slots=True)
class Job:
    """One command and how often it runs; `monthly` False is daily."""

    name: str
    arguments: tuple[str, ...]
    description: str
    monthly: bool = False


ROTATE = Job("rotate", ("rotate", "--all", "--if-due"), "Rotate the keys behind SES SMTP passwords, if due")
SUPPRESSION = Job("suppression", ("suppression", "alert"), "Tell what is new on SES's suppression list")
AUDIT = Job("audit", ("audit",), "Send one real mail through every place that holds an SES SMTP password", monthly=True)
JOBS = (ROTATE, SUPPRESSION, AUDIT)


def command_of(job: Job, program: str, config_path: str) -> tuple[str, ...]:
    """The arguments of a job.  Both paths must be absolute: cron and systemd start in another directory."""
    for path in (program, config_path):
        refuse_odd_path(path)
    return (program, *job.arguments, "--no-input", "--config", config_path)


def refuse_odd_path(path: str) -> None:
    """Raise ConfigurationError for a path that no line of a schedule can hold."""
    if not path.startswith("/") or re.search(r"[\x00-\x1f\x7f]", path):
        raise ConfigurationError(
            f"{path!r} cannot stand in a schedule", fix="give an absolute path without control characters"
        )


def refuse_odd_user(user: str) -> None:
    """Raise ConfigurationError for what cannot be the name of a user of this machine."""
    if not SERVICE_USER.fullmatch(user):
        raise ConfigurationError(f"{user!r} is not a user of this machine", fix="give the name of the service user")
