"""Units of systemd: for each job a service in a sandbox and its timer, and one that tells of failures.

The sandbox is as tight as the job allows: the whole file system read-only but the journal's directory and the
directories of the configured files; no privilege, no device, no namespace, no second architecture.  What is left open
has its reason beside it.  Directives: systemd.exec(5) of version 252.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from rotator.core.secret import SEAL_CREDENTIAL
from rotator.schedule.jobs import JOBS, Job, command_of, refuse_odd_path, refuse_odd_user

MADE_BY = "# Made by: rotator schedule systemd.  Make it anew when the configuration's places change."
STATE_ROOT = PurePosixPath("/var/lib")
HOMES = tuple(PurePosixPath(one) for one in ("/home", "/root", "/run/user"))
TEMPORARY = tuple(PurePosixPath(one) for one in ("/tmp", "/var/tmp"))  # noqa: S108 - to know what PrivateTmp= hides
LEAST_TIME_S, TIME_A_USER_S = 3600, 1800  # verify 10 min and refusal 15 min at the most, with room

SANDBOX = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
PrivateDevices=yes
PrivateMounts=yes
DevicePolicy=closed
PrivateIPC=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
KeyringMode=private
UMask=0077
LimitCORE=0
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
# A password file keeps its owner and group when it is replaced.
SystemCallFilter=@chown
# Not PrivateUsers=: whose a file is must be seen before it is trusted.
"""

PROGRAMS_OF_YOURS = """\
# Programs of your own run in this sandbox too: ReadWritePaths= for what they write; those that compile at run time
# (node, java) need MemoryDenyWriteExecute=no; sudo cannot work here.
"""

ALARM = f"""\
{MADE_BY}
# Put your own alarm into ExecStart=; %i is the unit that failed.  Exit codes: rotator explain exit-codes.
[Unit]
Description=Tell that %i failed

[Service]
Type=oneshot
DynamicUser=yes
ExecStart=/usr/bin/systemd-cat --identifier=rotator --priority=alert /bin/echo "%i failed, see: journalctl --unit=%i"
"""


@dataclass(frozen=True, slots=True)
class Setup:
    """What the units have to know of the configuration.  All paths are absolute."""

    program: str
    config_path: str
    user: str
    state: str  # the journal's database
    seal_key_file: str | None  # None: wrapped by KMS, and no secret
    writes: tuple[str, ...]  # directories in which files are replaced, beside the journal's
    users: int  # how many IAM users a run may work on
    programs: bool  # whether the file names programs that are run


def units(setup: Setup) -> dict[str, str]:
    """Unit name -> text.  Raises ConfigurationError for a path or a user that cannot stand there."""
    refuse_odd_user(setup.user)
    for path in (setup.program, setup.config_path, setup.state, *setup.writes):
        refuse_odd_path(path)
    found: dict[str, str] = {}
    for job in JOBS:
        found[f"rotator-{job.name}.service"] = "\n".join(_service(job, setup)) + "\n"
        found[f"rotator-{job.name}.timer"] = "\n".join(_timer(job)) + "\n"
    return {**found, "rotator-failed@.service": ALARM}


def _service(job: Job, setup: Setup) -> Iterator[str]:
    yield MADE_BY
    yield from ("[Unit]", f"Description={job.description}")
    yield from ("Wants=network-online.target", "After=network-online.target", "OnFailure=rotator-failed@%n.service", "")
    yield from ("[Service]", "Type=oneshot", f"User={setup.user}")
    yield f"ExecStart={' '.join(_argument(one) for one in command_of(job, setup.program, setup.config_path))}"
    yield "# Another run at work is no failure."
    yield "SuccessExitStatus=5"
    yield f"TimeoutStartSec={max(LEAST_TIME_S, TIME_A_USER_S * setup.users)}"
    yield "# SIGTERM lets the step in hand end."
    yield "TimeoutStopSec=120"
    yield "# AWS_PROFILE and the like; no secret has to stand here if the machine has a role."
    yield "EnvironmentFile=-/etc/rotator/environment"
    yield from _places(setup)
    yield SANDBOX.rstrip()
    if setup.programs:
        yield PROGRAMS_OF_YOURS.rstrip()


def _places(setup: Setup) -> Iterator[str]:
    """What may be read and written, beside the read-only rest."""
    state = PurePosixPath(setup.state).parent
    writes = {PurePosixPath(one) for one in setup.writes} - {state}
    if setup.seal_key_file is not None:
        yield f"LoadCredential={_path(f'{SEAL_CREDENTIAL}:{setup.seal_key_file}')}"
    if state.is_relative_to(STATE_ROOT) and state != STATE_ROOT:
        yield from (f"StateDirectory={_path(str(state.relative_to(STATE_ROOT)))}", "StateDirectoryMode=0700")
    else:
        writes.add(state)
    yield f"Environment={_path(f'TMPDIR={state}')}"
    for path in sorted(writes):
        yield f"ReadWritePaths={_path(f'-{path}')}"
    needed = [PurePosixPath(one) for one in (setup.program, setup.config_path)] + [state, *writes]
    yield f"ProtectHome={'read-only' if _any_below(needed, HOMES) else 'yes'}"
    yield f"PrivateTmp={'no' if _any_below(needed, TEMPORARY) else 'yes'}"


def _any_below(paths: list[PurePosixPath], roots: tuple[PurePosixPath, ...]) -> bool:
    return any(path.is_relative_to(root) for path in paths for root in roots)


def _timer(job: Job) -> Iterator[str]:
    yield MADE_BY
    yield from ("[Unit]", f"Description={job.description}: when", "", "[Timer]")
    yield f"OnCalendar={'monthly' if job.monthly else 'daily'}"
    yield from ("RandomizedDelaySec=4h", "FixedRandomDelay=yes", "Persistent=yes", "", "[Install]")
    yield "WantedBy=timers.target"


def _argument(text: str) -> str:
    """One word of a line that systemd splits: specifiers, variables and quotes are literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if escaped != text or any(one in text for one in " ';#") else text


def _path(text: str) -> str:
    """The same where variables are not expanded."""
    return _argument(text).replace("$$", "$")
