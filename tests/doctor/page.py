"""docs/checks.md, made from the table of checks: `python -m tests.doctor.page --write` writes it anew."""

from __future__ import annotations

import sys

from rotator.doctor.registry import CHECKS, LAYERS
from tests.gates.source_tree import ROOT

PAGE = ROOT / "docs" / "checks.md"
HEAD = """\
# What the doctor looks at

`rotator doctor` walks these layers from the top; a check whose ground is gone is skipped and names it. The ids are
stable. Single checks and layers can be named: `rotator doctor dns.spf smtp`. Made by
`python -m tests.doctor.page --write` from the program's own table.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for layer, title in LAYERS.items():
        rows = [one for one in CHECKS.values() if one.layer == layer]
        parts += [
            f"\n## {title}\n\n| Check | For each | What is looked at | Stands on | Page |\n|---|---|---|---|---|\n"
        ]
        for one in rows:
            needs = ", ".join(f"`{need}`" for need in one.needs)
            name = one.page.partition("#")[0].removesuffix(".md")
            parts.append(f"| `{one.id}` | {one.kind} | {one.about} | {needs} | [{name}](../runbooks/{one.page}) |\n")
    return "".join(parts)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page(), "utf-8")
    else:
        print(page(), end="")
