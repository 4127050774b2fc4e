"""What nobody foresaw: a traceback without locals and without secrets, in a file of its own."""

from __future__ import annotations

import os
import tempfile
import traceback

from rotator.core.foreign_text import harmless
from rotator.core.secret import without_secrets


def redacted(error: BaseException) -> str:
    """The traceback as text.  Frames show code, never values; messages lose whatever could be a secret."""
    return harmless(without_secrets("".join(traceback.format_exception(error))), lines=True)


def keep(error: BaseException) -> str:
    """Write what runs here and the traceback to a new 0600 file; its path, or "" if even that cannot be written."""
    from rotator.cli import version

    try:
        handle, path = tempfile.mkstemp(prefix="rotator-crash-", suffix=".txt")  # 0600, in the folder for such things
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write("\n".join([*version.lines(), "", redacted(error)]))
    except OSError:
        return ""
    return path
