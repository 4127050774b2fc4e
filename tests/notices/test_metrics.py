"""The file for Prometheus, read back by Prometheus' own parser."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from rotator.notices import metrics
from rotator.notices.metrics import HELP, merged, parsed, rendered, sample, update

AGE, EXIT = "rotator_key_age_seconds", "rotator_last_exit_code"
SAMPLES = {
    sample(AGE, user="a"): 81 * 86400.0,
    sample(AGE, user='odd "name"\\ \n'): 0.0,
    sample(EXIT, command="rotate"): 3.0,
    sample("rotator_last_success_timestamp_seconds", command="rotate"): 1_795_507_200.0,
    sample("rotator_suppressed_addresses", reason="bounce", region="us-east-1"): 1_234_567.0,
}


def by_prometheus(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """The series that Prometheus' parser finds; fails for a text that it does not take."""
    families = list(text_string_to_metric_families(text))
    assert all(one.type == "gauge" and one.documentation for one in families)
    return {(row.name, tuple(sorted(row.labels.items()))): row.value for one in families for row in one.samples}


def test_prometheus_reads_what_was_written() -> None:
    """Every value and label, odd ones too; the last line ends, or the exporter drops the file."""
    text = rendered(SAMPLES)
    assert by_prometheus(text) == SAMPLES
    assert text.endswith("\n")


def test_what_was_written_is_read_back() -> None:
    """A command keeps what others wrote."""
    assert parsed(rendered(SAMPLES)) == SAMPLES


def test_a_file_of_somebody_else_adds_nothing() -> None:
    """Lines that are not ours, or not readable, are not carried on."""
    assert parsed('node_load1 3\nrotator_key_age_seconds{user="a"} x\nrotator_last_exit_code{command="a"} -.-\n') == {}


def test_a_name_that_nobody_documented_is_a_bug() -> None:
    """Each name has its help line."""
    with pytest.raises(ValueError, match="no metric"):
        sample("rotator_keys", user="a")
    assert all(name.startswith("rotator_") for name in HELP)


def test_a_command_replaces_its_part_and_keeps_the_others() -> None:
    """Also those of a user whom this process did not look at; a user who left the file is gone."""
    before = {sample(AGE, user="a"): 1.0, sample(AGE, user="gone"): 1.0, sample(EXIT, command="audit"): 0.0}
    now = {sample(AGE, user="b"): 2.0, sample(EXIT, command="rotate"): 1.0}
    assert merged(before, now, frozenset({"a", "b"})) == {
        sample(AGE, user="a"): 1.0, sample(EXIT, command="audit"): 0.0, **now,
    }  # fmt: skip


def test_the_file_is_replaced_whole_and_readable(tmp_path: Path) -> None:
    """By a rename, for the exporter's own user, whatever the umask is; nothing else stays in the directory."""
    path = tmp_path / "rotator.prom"
    before = os.umask(0o077)
    try:
        update(path, SAMPLES, frozenset({"a"}))
        first = path.stat()
        update(path, {sample(EXIT, command="audit"): 0.0}, frozenset({"a"}))
    finally:
        os.umask(before)
    assert path.stat().st_ino != first.st_ino
    assert path.stat().st_mode & 0o777 == 0o644
    assert [one.name for one in tmp_path.iterdir()] == ["rotator.prom"]
    assert sample(EXIT, command="rotate") in by_prometheus(path.read_text())


def test_commands_that_end_together_lose_nothing(tmp_path: Path) -> None:
    """Twenty at once, each with a part of its own."""
    path = tmp_path / "rotator.prom"
    users = frozenset(str(one) for one in range(20))
    threads = [
        threading.Thread(target=update, args=(path, {sample(AGE, user=one): 1.0}, users)) for one in sorted(users)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert {dict(labels)["user"] for _, labels in by_prometheus(path.read_text())} == users


def test_a_pipe_in_its_place_keeps_nobody_waiting(tmp_path: Path) -> None:
    """The directory may be the exporter's: what somebody else laid there is replaced, not waited for."""
    path = tmp_path / "rotator.prom"
    os.mkfifo(path)
    writer = threading.Thread(target=update, args=(path, SAMPLES, frozenset({"a"})), daemon=True)
    writer.start()
    writer.join(10)
    assert not writer.is_alive()
    assert path.read_text() == rendered(SAMPLES)


def test_a_directory_that_is_not_there_is_an_oserror(tmp_path: Path) -> None:
    """The caller logs it; nothing is made."""
    with pytest.raises(OSError, match="No such file"):
        update(tmp_path / "no" / "rotator.prom", SAMPLES, frozenset())
    assert metrics.SIZE_LIMIT >= 1 << 20
