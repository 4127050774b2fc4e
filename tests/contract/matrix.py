"""The table "what is proven of each kind" in README, made from what the contract suite comes to.

`python -m tests.contract.matrix` runs the tests that the table is about and prints it; with `--write` it is put into
README.  A cell says yes only if at least one test of that kind was run for it and all of them passed: a test that is
renamed, skipped or broken takes its yes away.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rotator.core.policy import Traits

FOLDER = Path(__file__).parent
README = FOLDER.parents[1] / "README.md"
BEGIN, END = "<!-- made by: python -m tests.contract.matrix --write -->\n", "<!-- end -->\n"
YES, NO, NEVER = "✓", "", "–"
PROOF, DRIFT = "best proof", "notices an old password put back"
SURVIVED, ATTESTED = "a test mail after the old key was off", "a person's word"

# What the kinds are called; Gmail is three of them.
ROWS = {
    "gmail_send_as delegated": "`gmail_send_as`, service account",
    "gmail_send_as keyless": "`gmail_send_as`, service account without a key file",
    "gmail_send_as token": "`gmail_send_as`, user token",
    "gmail_send_as none": "`gmail_send_as`, nothing",
    "secrets_manager": "`secrets_manager`",
    "ssm_parameter": "`ssm_parameter`",
    "credential_file": "`credential_file`",
    "command": "`command`, with `check`",
    "human": "`human`",
}
# Column -> the tests that prove it, by a pattern of their ids from the test's name on.
PROOFS = {
    "preflight": (
        r"test_(what_(a_push_)?would_|a_write_is_asked|unsafe_files|an_unsafe_program|"
        r"a_token_without_the_scopes|a_dead_user)"
    ),
    "push": r"test_(difficult_characters|pushed_twice)",
    "read back": r"test_it_holds_what_was_pushed",
    "canary": r"test_(a_canary_arrives|the_canary_logs_in)",
    DRIFT: r"test_a_place_that_went_back_is_found_out",
    "refused": r"test_a_refusal_changes_nothing",
    "lost before": r"test_(whatever_is_lost.*(put|ssm)_lost|a_patch_is_sent_once.*request is lost|a_killed_program)",
    "lost after": r"test_a_lost_answer_is_unknown",
    "late": r"test_(a_late_move|a_late_write|a_patch_is_sent_once.*happen later|nothing_of_a_hook_outlives)",
    "slow": r"test_(a_service_that_hangs|nothing_of_a_hook_outlives|after_that_hangs)",
    "partial replicas": r"test_(whatever_is_lost.*asm_stage_lost|a_half_written_path|partial_replicas)",
    "throttled": r"test_(throttled_reads|a_patch_is_sent_once.*too often|exit_codes_say.*exit 75)",
}
WRITES = ("gmail_send_as delegated", "gmail_send_as keyless")
PASTED = ("gmail_send_as token", "gmail_send_as none", "human")
# What cannot be, and why: (kinds, columns, reason).  No test can show it, and a blank would look like an omission.
CANNOT: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (("gmail_send_as none", "human"), ("preflight",), "a person does it, there is nothing to ask"),
    ((*WRITES, *PASTED), ("read back", DRIFT), "neither Gmail nor a person can be read"),
    (("gmail_send_as none", "human", "command"), ("canary",), "there is nothing to log in with"),
    (WRITES, ("partial replicas",), "one request writes the whole pair into the one place there is"),
    (("credential_file",), ("lost before", "late", "throttled"), "a file on this machine, no request travels"),
    (("command",), ("partial replicas",), "its places are the program's own affair: all but a clear answer is unknown"),
)
MAIN = ("preflight", "push", "read back", "canary", PROOF, DRIFT)
FAULTS = ("refused", "lost before", "lost after", "late", "slow", "partial replicas", "throttled")


@dataclass
class Results:
    """A pytest plugin: which cells were tested and how it ended, and the traits of each row's consumer."""

    outcomes: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    traits: dict[str, Traits] = field(default_factory=dict)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Run only what some cell is about."""
        items[:] = [one for one in items if columns(one) and row(one)]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note the end of one test; a set-up that fails counts, too."""
        report = yield
        if report.when == "call" or not report.passed:
            for column in columns(item):
                self.outcomes[row(item), column].append(report.outcome)
        subject: Any = item.funcargs.get("subject")
        if "ConsumerContract" in {one.__name__ for one in (item.cls or object).__mro__} and subject is not None:
            self.traits[row(item)] = subject.consumer.traits
        return report

    def proven(self, kind: str, column: str) -> bool:
        """Whether tests of this kind were run for the column, and all that were not skipped passed."""
        ran = [one for one in self.outcomes.get((kind, column), []) if one != "skipped"]
        return bool(ran) and set(ran) == {"passed"}

    def cell(self, kind: str, column: str) -> str:
        """What the table shows; what a consumer cannot do by its own word is never a yes."""
        traits = self.traits[kind]
        if column == PROOF:
            return self._rung(kind, traits)
        if any(kind in kinds and column in where for kinds, where, _ in CANNOT):
            can = {"read back": traits.reads_back, DRIFT: traits.reads_back, "canary": traits.sends}
            assert not can.get(column, False), f"{kind} can: {column}"
            return NEVER
        if column == "push" and traits.by_hand:
            return "by hand"
        return YES if self.proven(kind, column) else NO

    def _rung(self, kind: str, traits: Traits) -> str:
        if self.proven(kind, "canary"):
            return SURVIVED
        if traits.reads_back:
            return "read back"
        return ATTESTED if traits.by_hand else "its answer"


def columns(item: pytest.Item) -> list[str]:
    """The columns that a test is a proof for."""
    return [column for column, pattern in PROOFS.items() if re.match(pattern, item.name)]


def row(item: pytest.Item) -> str:
    """The row that a test belongs to: its module's kind, or a parameter's; Gmail's ways by parameter, name, or API."""
    kind = item.path.stem.removeprefix("test_")
    parameters: dict[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
    if kind == "write_permissions":
        kind = parameters.get("wanted", {}).get("type", "")
    if kind == "gmail_send_as":
        way = "token" if re.match(r"test_a_(token|dead_user)", item.name) else "delegated"
        kind = f"{kind} {parameters.get('way', way)}"
    return kind if kind in ROWS else ""


def table(results: Results) -> str:
    """Both halves of the table, in Markdown, and why what cannot be cannot."""
    pushed = [kind for kind in ROWS if kind not in PASTED]
    halves = ("\n".join(_half(results, MAIN, ROWS)), "\n".join(_half(results, FAULTS, pushed)))
    reasons = "\n".join(f"- {', '.join(where)}: {why}." for _, where, why in CANNOT)
    return "\n\n".join((*halves, f"{NEVER} means not possible:", reasons)) + "\n"


def _half(results: Results, wanted: tuple[str, ...], kinds: Iterable[str]) -> Iterator[str]:
    yield f"| Kind | {' | '.join(wanted)} |"
    yield "|---" * (len(wanted) + 1) + "|"
    for kind in kinds:
        cells = [results.cell(kind, column) for column in wanted]
        yield f"| {ROWS[kind]} |{'|'.join(f' {cell} ' if cell else ' ' for cell in cells)}|"


def run() -> tuple[int, str]:
    """Run the suite: pytest's code and the table."""
    results = Results()
    code = pytest.main(["-q", "-p", "no:cacheprovider", "--no-header", "--no-summary", str(FOLDER)], plugins=[results])
    return int(code), table(results) if results.traits.keys() >= ROWS.keys() else ""


def main() -> int:
    """Print the table, or put it into README."""
    code, made = run()
    if "--write" in sys.argv[1:] and made:
        before, rest = README.read_text("utf-8").split(BEGIN)
        README.write_text(before + BEGIN + made + END + rest.split(END, 1)[1], "utf-8")
    sys.stdout.write(f"{BEGIN}{made}{END}")
    return code


if __name__ == "__main__":
    sys.exit(main())
