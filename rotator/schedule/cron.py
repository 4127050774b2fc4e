"""The lines of a crontab."""

from __future__ import annotations

import hashlib
import shlex

from rotator.schedule.jobs import ROTATE, Job, command_of, refuse_odd_user

FIRST_HOUR, HOURS = 4, 3  # after the hours that a change to summer time skips or repeats, before people come to work
DAYS = 28  # every month has them


def cron_line(program: str, config_path: str, host: str, user: str | None = None, job: Job = ROTATE) -> str:
    """One crontab line.  The time follows from `host`, path and job, so that machines do not ask AWS all at once.

    `user` is the sixth field of /etc/crontab and /etc/cron.d; a user's own crontab has none.
    """
    if user is not None:
        refuse_odd_user(user)
    digest = hashlib.sha256(f"{host}\0{config_path}\0{job.name}".encode()).digest()
    minute, hour = digest[0] * 60 // 256, FIRST_HOUR + digest[1] % HOURS
    day = str(1 + digest[2] % DAYS) if job.monthly else "*"
    # cron cuts a command at the first "%" that has no backslash, inside quotes too (crontab(5)).
    command = shlex.join(command_of(job, program, config_path)).replace("%", r"\%")
    return " ".join(part for part in (str(minute), str(hour), f"{day} * *", user, command) if part)
