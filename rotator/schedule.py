"""The daily line that keeps rotations going: text only, nothing is installed.

Daily and "if due", never "every 90 days": a run that failed has a second try the next day, and the grace, the
deactivation and the deletion come due on days of their own.
"""

from __future__ import annotations

import hashlib
import re
import shlex

from rotator.core.errors import ConfigurationError

FIRST_HOUR, HOURS = 4, 3  # after the hours that a change to summer time skips or repeats, before people come to work


def daily_command(program: str, config_path: str) -> tuple[str, ...]:
    """The arguments of the daily run.  Both paths must be absolute: cron and systemd start in another directory."""
    for path in (program, config_path):
        if not path.startswith("/") or re.search(r"[\x00-\x1f\x7f]", path):
            raise ConfigurationError(
                f"{path!r} cannot stand in a schedule", fix="give an absolute path without control characters"
            )
    return (program, "rotate", "--all", "--if-due", "--no-input", "--config", config_path)


def cron_line(program: str, config_path: str, host: str, user: str | None = None) -> str:
    """One crontab line.  The minute follows from `host` and the path, so that machines do not ask IAM all at once.

    `user` is the sixth field of /etc/crontab and /etc/cron.d; a user's own crontab has none.
    """
    if user is not None and not re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}\$?", user):
        raise ConfigurationError(f"{user!r} is not a user of this machine", fix="give the name of the service user")
    digest = hashlib.sha256(f"{host}\0{config_path}".encode()).digest()
    minute, hour = digest[0] * 60 // 256, FIRST_HOUR + digest[1] % HOURS
    # cron cuts a command at the first "%" that has no backslash, inside quotes too (crontab(5)).
    command = shlex.join(daily_command(program, config_path)).replace("%", r"\%")
    return " ".join(part for part in (str(minute), str(hour), "* * *", user, command) if part)
