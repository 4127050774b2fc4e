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

TEN_S = 10


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
        written.write_text(f"{commit}{' changed' if _changed(self.root) else ''}\n", "utf-8")
        build_data["force_include"][str(written)] = str(place)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """After it."""
        if directory := getattr(self, "_directory", None):
            directory.cleanup()


def _changed(root: str) -> bool:
    """Whether a file of the repository is not as committed; without git nobody knows, and nothing is claimed."""
    ask = ["git", "-C", root, "diff", "--quiet", "HEAD", "--", "rotator", "runbooks", "pyproject.toml"]
    try:
        return subprocess.run(ask, check=False, capture_output=True, timeout=TEN_S).returncode == 1
    except (OSError, subprocess.SubprocessError):
        return False
