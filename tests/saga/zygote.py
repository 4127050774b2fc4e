"""`python -m tests.saga.zygote FD`: imports the program, then forks one child for each request on the socket FD.

Requests are packets of JSON: {"run": [arguments], "environment": {…}} with three descriptors, answered by {"pid": n};
{"reap": pid}, answered by {"code": n}.  The child takes over environment and descriptors and runs `main` as
`python -m rotator` does.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import socket
import sys
from typing import Any

LARGEST_REQUEST = 1 << 16
# What the program imports where it uses it; here it is imported once for all children.
LAZY = (
    "boto3",
    "botocore.credentials",
    "botocore.retries.standard",
    "cryptography.hazmat.primitives.ciphers.aead",
    "cryptography.hazmat.primitives.serialization",
    "google.oauth2.credentials",
    "google.oauth2.service_account",
    "google_auth_httplib2",
    "googleapiclient.discovery",
    "rich.console",
    "rich.table",
)


def load() -> None:
    """Import every module of the program but the sandbox, and the libraries that it imports late."""
    import rotator

    for found in pkgutil.walk_packages(rotator.__path__, "rotator."):
        if "sandbox" not in found.name and not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    for name in LAZY:
        importlib.import_module(name)


def serve(control: socket.socket) -> list[str] | None:
    """Fork and reap until the other end is gone (None); in a child, its arguments."""
    control.sendall(json.dumps({"ready": True}).encode())
    while True:
        text, descriptors, _, _ = socket.recv_fds(control, LARGEST_REQUEST, 3)
        if not text:
            return None
        request: dict[str, Any] = json.loads(text)
        if "reap" in request:
            _, status = os.waitpid(request["reap"], 0)
            control.sendall(json.dumps({"code": os.waitstatus_to_exitcode(status)}).encode())
            continue
        pid = os.fork()
        if pid == 0:
            control.close()
            become(request["environment"], descriptors)
            return list(request["run"])
        for descriptor in descriptors:
            os.close(descriptor)
        control.sendall(json.dumps({"pid": pid}).encode())


def become(environment: dict[str, str], descriptors: list[int]) -> None:
    """Take over the environment and the three streams of a run."""
    os.environ.clear()
    os.environ.update(environment)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    # As the interpreter opens them at its start; they stay open for the life of the process.
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False, buffering=1, errors="backslashreplace")  # noqa: SIM115


def run() -> int:
    """Serve; in a child, run the program."""
    from rotator.cli.main import main

    with socket.socket(fileno=int(sys.argv[1])) as control:
        arguments = serve(control)
    if arguments is None:
        return 0
    sys.argv = ["rotator", *arguments]
    return main(arguments)


if __name__ == "__main__":
    load()
    sys.exit(run())
