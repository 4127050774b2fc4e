"""Questions to whoever sits at the terminal, and secrets from a prompt or a pipe: never an argument or a variable."""

from __future__ import annotations

import sys

from rotator.cli.options import Options
from rotator.core.errors import ConfigurationError
from rotator.core.foreign_text import harmless
from rotator.core.secret import Secret

SECRET_LIMIT = 4096  # characters read from a pipe: a secret has forty


def yes(options: Options, question: str) -> bool:
    """Whether the person says yes; no is the default, and the answer of a closed terminal."""
    options.screen.prompt(f"{question} [y/N] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def text(options: Options, question: str, option: str, default: str = "") -> str:
    """What the person answers.  Raises ConfigurationError naming the option if nobody can be asked."""
    if not options.interactive:
        raise ConfigurationError(
            f"{option} is missing", why="nobody can be asked here: no terminal, or --no-input", fix=f"give {option}"
        )
    options.screen.prompt(f"{question} [{default}] " if default else f"{question} ")
    answer = harmless(sys.stdin.readline().strip()) or default
    if not answer:
        raise ConfigurationError(f"{option} is missing", why="nothing was answered", fix=f"give {option}")
    return answer


def reason(options: Options, given: str) -> str:
    """The reason that is kept in the journal: as given, or asked for.  Raises ConfigurationError without one."""
    return harmless(given.strip()) or text(options, "Why? (kept in the journal)", "--reason")


def hidden(options: Options, question: str) -> Secret | None:
    """A secret typed without echo at the terminal; None for an empty answer."""
    import getpass

    # getpass shows the question itself, after it has switched the echo off: what is typed early is not shown either.
    answer = getpass.getpass(prompt=options.screen.fit(sys.stderr, f"{harmless(question)} "), stream=sys.stderr).strip()
    return Secret(answer) if answer else None


def piped() -> Secret | None:
    """A secret from standard input, without its line end; None if nothing came.  Raises ConfigurationError."""
    given = sys.stdin.read(SECRET_LIMIT + 1)
    if len(given) > SECRET_LIMIT:
        raise ConfigurationError(
            f"standard input holds more than {SECRET_LIMIT} characters", fix="pipe the secret alone into it"
        )
    return Secret(given.strip()) if given.strip() else None
