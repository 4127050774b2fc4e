"""An export against the sandbox's list: whole, each address once, and going on wherever it was killed."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rotator.core.errors import LockHeld, RemoteFault
from rotator.core.suppression import StaleToken
from rotator.sandbox.suppression import Paging, Synthetic
from rotator.suppression.export import CONTINUED_WITHIN_S
from tests.prove import figures
from tests.suppression.conftest import Office, addresses

PAGINGS = {
    "pages as asked for": Paging(),
    "pages shorter than asked for": Paging(longest=2),
    "rows that come twice": Paging(repeat=1),
    "pages without a row": Paging(hollow_every=2),
    "all of it": Paging(longest=2, repeat=1, hollow_every=3),
}


@pytest.mark.parametrize("paging", PAGINGS.values(), ids=PAGINGS.keys())
def test_every_address_is_exported_once(office: Office, paging: Paging) -> None:
    """Whatever pages look like, the files hold each address once and none too many."""
    office.world.ses.suppression.paging = paging
    wanted = office.suppress(11) + office.suppress(3, "COMPLAINT", "angry")
    done = office.export()
    assert addresses(done) == sorted(wanted)
    assert (done.done.bounces, done.done.complaints) == (11, 3)


def test_an_empty_list_is_one_empty_file(office: Office) -> None:
    """That there is nothing is a result, too."""
    done = office.export()
    assert [Path(path).read_bytes() for path in done.files] == [b""]
    assert done.done.total == 0


def test_both_forms_are_those_of_the_import_job(office: Office) -> None:
    """CSV is `address,REASON`, JSON one object a line; nothing stands around them."""
    office.world.ses.suppress("a@b.example", "BOUNCE", office.world.clock.now())
    office.world.ses.suppress('o"dd,@b.example', "COMPLAINT", office.world.clock.now())
    csv, ndjson = (Path(office.export(style).files[0]) for style in ("csv", "json"))
    assert csv.read_text("utf-8") == 'a@b.example,BOUNCE\n"o""dd,@b.example",COMPLAINT\n'
    assert [json.loads(line) for line in ndjson.read_text("utf-8").splitlines()] == [
        {"emailAddress": "a@b.example", "reason": "BOUNCE"},
        {"emailAddress": 'o"dd,@b.example', "reason": "COMPLAINT"},
    ]
    assert ndjson.name.endswith("-001.ndjson")


def test_what_an_import_job_takes_at_most_is_one_file(office: Office) -> None:
    """CreateImportJob takes 100,000 rows an object, so the 100,001st is in a second file."""
    office.page_size = 1000
    office.world.ses.suppression.synthetic = Synthetic(100_001, office.world.clock.now())
    done = office.export()
    assert [path[-8:] for path in done.files] == ["-001.csv", "-002.csv"]
    assert [Path(path).read_text("utf-8").count("\n") for path in done.files] == [100_000, 1]
    assert len(set(addresses(done))) == 100_001


def test_files_are_closed_to_others(office: Office) -> None:
    """They hold people's addresses: files 0600, their directory 0700, the store 0600."""
    office.suppress(1)
    (path,) = office.export().files
    modes = [stat.S_IMODE(one.stat().st_mode) for one in (Path(path), Path(path).parent)]
    store = [stat.S_IMODE(one.stat().st_mode) for one in office.directory.glob("suppression.db*") if one.is_file()]
    assert modes == [0o600, 0o700]
    assert set(store) == {0o600}


class Killed(BaseException):
    """The process is gone."""


class Dying:
    """Stands before each part of an export and kills the process at call number `at`, before or after its effect."""

    def __init__(self, at: int, moment: str) -> None:
        self.at, self.moment, self.calls = at, moment, 0

    def __call__(self, part: Any) -> Any:
        return _Proxy(part, self)

    def count(self, call: Callable[[], Any]) -> Any:
        self.calls += 1
        mine = self.calls == self.at
        if mine and self.moment == "before":
            raise Killed
        answer = call()
        if mine:
            raise Killed
        return answer


class _Proxy:
    def __init__(self, part: Any, dying: Dying) -> None:
        self._part, self._dying = part, dying

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        if not callable(found):
            return found
        return lambda *args, **named: self._dying.count(lambda: found(*args, **named))


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_any_call_it_ends_without_a_duplicate_or_a_gap(office: Office, moment: str) -> None:
    """On a list that does not change, every run after a kill ends with the same rows as one that was never killed."""
    office.world.ses.suppression.paging = Paging(repeat=1)
    wanted = sorted(office.suppress(10))
    killed = 0
    for at in range(1, 100):
        office.directory = office.directory.with_name(f"state-{moment}-{at}")
        try:
            office.export(wrap=Dying(at, moment))
        except Killed:
            killed += 1
        else:
            break
        assert addresses(office.export()) == wanted, f"killed {moment} call {at}"
    assert killed > 15
    figures.count("kills", killed, "between two calls")


def test_after_a_kill_the_pages_that_were_kept_are_not_read_again(office: Office) -> None:
    """A long list costs its pages once, however often the export is interrupted."""
    office.suppress(30)
    with pytest.raises(Killed):
        office.export(wrap=Dying(at=14, moment="before"))
    before = _pages_read(office)
    done = office.export()
    assert done.continued
    assert _pages_read(office) == done.pages
    assert 0 < before < done.pages


def _pages_read(office: Office) -> int:
    return sum(entry.name == "sesv2:ListSuppressedDestinations" for entry in office.world.record.entries())


def test_a_token_that_has_died_begins_the_list_anew(office: Office) -> None:
    """What was read before is dropped: a row that SES has no longer does not come back."""
    office.suppress(12)
    gone = min(office.world.ses.suppression.rows)
    with pytest.raises(Killed):
        office.export(wrap=Dying(at=9, moment="after"))
    office.world.ses.suppression.remove(gone)
    office.world.ses.suppression.kill_tokens()
    done = office.export()
    assert done.restarts == 1
    assert addresses(done) == sorted(office.world.ses.suppression.rows)
    assert gone not in addresses(done)


def test_tokens_that_keep_dying_end_the_export(office: Office) -> None:
    """It does not go round for ever: it says so, and can be run again."""
    office.suppress(12)
    office.world.faults.arm("ses_token_dead", 1000)
    with pytest.raises(StaleToken, match="refused the token"):
        office.export()
    office.world.faults.arm("ses_token_dead", 0)
    assert len(addresses(office.export())) == 12


def test_an_export_of_yesterday_is_not_gone_on_with(office: Office) -> None:
    """It would be old before it is done, so the list is read from its beginning."""
    office.suppress(12)
    with pytest.raises(Killed):
        office.export(wrap=Dying(at=12, moment="before"))
    office.world.clock.advance(timedelta(seconds=CONTINUED_WITHIN_S + 60))
    done = office.export()
    assert not done.continued
    assert len(addresses(done)) == 12


class Changing:
    """Changes the list before every page: `change(n)` is called with the page's number."""

    def __init__(self, change: Callable[[int], None]) -> None:
        self._change, self._pages = change, 0

    def __call__(self, part: Any) -> Any:
        return _ChangingSource(part, self) if hasattr(part, "page") else part

    def page(self, part: Any, *args: Any, **named: Any) -> Any:
        self._change(self._pages)
        self._pages += 1
        return part.page(*args, **named)


class _ChangingSource:
    def __init__(self, part: Any, changing: Changing) -> None:
        self._part, self._changing = part, changing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._part, name)

    def page(self, *args: Any, **named: Any) -> Any:
        return self._changing.page(self._part, *args, **named)


@pytest.mark.parametrize("tokens_die", [False, True])
def test_on_a_changing_list_nothing_older_than_the_start_is_missing(office: Office, *, tokens_die: bool) -> None:
    """Rows come and go while it is read; whoever was there before and stays is exported."""
    office.world.ses.suppression.paging = Paging(tokens_die=tokens_die)
    stays = office.suppress(20)
    office.suppress(6, prefix="goes")

    def change(page: int) -> None:
        if page < 6:
            office.world.ses.suppress(f"new{page}@example.org", "BOUNCE", office.world.clock.now())
            office.world.ses.suppression.remove(f"goes{page}@mail{page % 3}.example.org")

    done = office.export(wrap=Changing(change))
    assert (done.restarts > 0) is tokens_die
    found = addresses(done)
    assert set(stays) <= set(found)
    assert len(found) == len(set(found))
    assert {f"new{page}@example.org" for page in range(6)} <= set(found)  # the last look at what changed


def test_the_latest_row_of_an_address_counts(office: Office) -> None:
    """A bounce that became a complaint while the list was read is exported as a complaint."""
    (address,) = office.suppress(1)
    office.suppress(9, prefix="other")

    def complain(page: int) -> None:
        if page == 3:
            office.world.clock.advance(timedelta(seconds=5))
            office.world.ses.suppress(address, "COMPLAINT", office.world.clock.now())

    done = office.export(wrap=Changing(complain))
    assert {row.reason for row in office.rows(done) if row.address == address} == {"COMPLAINT"}
    assert done.done.complaints == 1


def test_one_export_of_a_region_at_a_time(office: Office) -> None:
    """A second process is told, and does not undo the first one's pages."""
    with office.store() as first, office.store() as second, first.alone("export-us-east-1"):
        with pytest.raises(LockHeld, match="another process"), second.alone("export-us-east-1"):
            pass
        with second.alone("look"):
            pass


def test_a_throttled_page_is_asked_for_again(office: Office) -> None:
    """429 costs time, nothing else."""
    wanted = office.suppress(8)
    office.world.faults.arm("ses_throttled", 5)
    assert addresses(office.export()) == sorted(wanted)
    assert 2.0 in office.slept


def test_a_service_that_stays_away_ends_the_export(office: Office) -> None:
    """After two minutes of patience it is a remote fault (6); what was read is kept."""
    office.suppress(8)
    office.world.faults.arm("ses_throttled", 1000)
    with pytest.raises(RemoteFault, match="TooManyRequests"):
        office.export()
    assert sum(office.slept) > 120
