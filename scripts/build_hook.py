"""Hatchling's hook: a wheel or sdist says which commit it was built from, in a file that `rotator --version` reads.

Built from an sdist the file is there already; built where there is no repository there is none, and `--version` says
"unknown".  An editable install reads the checkout itself.
"""

from __future__ import annotations

import runpy
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

GIT_S = 10
BUILT_FROM = ("rotator", "runbooks", "scripts", "README.md", "pyproject.toml")


class CommitOfTheBuild(BuildHookInterface):  # type: ignore[type-arg]  # its parameter is the build's configuration
    """Puts the file in for the time of the build."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before a target is built; `version` is "standard" or "editable"."""
        ours = runpy.run_path(str(Path(self.root) / "rotator" / "cli" / "commit.py"))
        place = Path("rotator") / ours["FILE"]
        commit = ours["of_checkout"](Path(self.root))
        if version == "editable" or not commit or (Path(self.root) / place).exists():
            return
        self._directory = tempfile.TemporaryDirectory(prefix="rotator-build-")
        written = Path(self._directory.name) / ours["FILE"]
        written.write_text(f"{commit}{' changed' if unlike_the_commit(self.root) else ''}\n", "utf-8")
        build_data["force_include"][str(written)] = str(place)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """After it."""
        if directory := getattr(self, "_directory", None):
            directory.cleanup()


def unlike_the_commit(root: str) -> bool:
    """Whether what is built is not as committed, new files included; without git nobody knows, nothing is claimed."""
    ask = ["git", "-C", root, "status", "--porcelain", "--untracked-files=all", "--", *BUILT_FROM]
    try:
        return bool(subprocess.run(ask, check=False, capture_output=True, timeout=GIT_S).stdout)
    except (OSError, subprocess.SubprocessError):
        return False
