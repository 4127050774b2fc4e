"""No core dumps, no key log: what a crash or TLS writes to the disk would hold, or open, every secret.

prctl(2) and core(5): the limit says nothing to a core_pattern that is a pipe (systemd-coredump), `dumpable` does; it
also keeps other processes of the same user from reading /proc/PID/mem and /proc/PID/environ.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource

from rotator.core.trust import KEY_LOG

PR_SET_DUMPABLE = 4  # linux/prctl.h


def forbid() -> None:
    """Forbid them for this process and, by the limit, for its children.  Where the system cannot, life goes on."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, AttributeError):  # AttributeError: no prctl in this C library
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def forbid_key_log() -> bool:
    """Take the key log out of the environment, before anything makes a TLS context; True if there was one."""
    return bool(os.environ.pop(KEY_LOG, ""))
