"""Look at what is new on the suppression list of one region, and tell people once.

* New is what came or changed since the mark, and of which nobody was told.  SES shows a row a little later than its
  time says, so each look reads again a quarter of an hour before the mark; who was told of a row is kept.
* One notice with counts and domains, no address.  Its id follows from the mark, and the mark moves only when somebody
  took the notice: until then every look tells again, with what has come since, under the same id.
* How the account stands is told in the same way.  When it leaves HEALTHY the list has to be exported, because AWS
  deletes it once the account has been paused for 90 days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from rotator.core.access_keys import Instant
from rotator.core.suppression import (
    HEALTHY,
    PAUSED_PAGE,
    SPIKE_PAGE,
    Alerting,
    Done,
    LookStore,
    Reason,
    Standing,
    Suppressed,
    SuppressionList,
)
from rotator.core.times import stamp, when
from rotator.suppression.asking import pages
from rotator.suppression.pacing import Pace, patiently

FIRST_LOOK_S = 24 * 3600  # whoever looks for the first time sees the last day
OVERLAP_S = 15 * 60
MOST_DOMAINS = 10
WORDS = {Reason.COMPLAINT: ("complaint", "complaints"), Reason.BOUNCE: ("permanent bounce", "permanent bounces")}


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look at a region found.  `notice` is the id of what was told, "" if there was nothing to tell."""

    region: str
    since: Instant
    until: Instant
    complaints: int
    bounces: int
    domains: tuple[tuple[str, int], ...]  # the most frequent first
    notice: str
    delivered: bool
    standing: Standing  # `now`: since when it stands so, as far as was seen
    standing_notice: str = ""
    standing_delivered: bool = True

    @property
    def undelivered(self) -> tuple[str, ...]:
        """The ids of notices that nobody took."""
        pairs = ((self.notice, self.delivered), (self.standing_notice, self.standing_delivered))
        return tuple(notice for notice, delivered in pairs if notice and not delivered)


@dataclass(frozen=True, slots=True)
class Look:
    """One look.  `run` raises AccessError, RemoteFault and StoreError; then nothing was told, and the mark stays."""

    source: SuppressionList
    store: LookStore
    notifier: Alerting
    alert_on: Sequence[str]
    pace: Pace = field(default_factory=Pace)

    def run(self) -> Looked:
        """Look, tell, and move the mark if somebody took the notice."""
        region, now = self.source.region, patiently(self.pace, self.source.standing)
        since = self._mark(now.now)
        rows = self._new(since)
        notice, delivered = "", True
        if rows:
            notice = f"suppression-{region}-{stamp(since)}"
            delivered = self.notifier.send(notice, subject(region, rows), text(region, since, rows))
        if delivered:
            self.store.told(region, rows, now.now)
        stands, standing_id, standing_delivered = self._stand(now)
        counts = Counter(row.reason for row in rows)
        return Looked(
            region, since, now.now, counts[Reason.COMPLAINT], counts[Reason.BOUNCE], domains(rows), notice, delivered,
            stands, standing_id, standing_delivered,
        )  # fmt: skip

    def _mark(self, now: Instant) -> Instant:
        """The mark; at the first look it is set, so that a notice which nobody takes keeps its id."""
        found = self.store.mark(self.source.region)
        if found is None:
            found = Instant(now - FIRST_LOOK_S)
            self.store.told(self.source.region, (), found)
        return found

    def _new(self, since: Instant) -> Sequence[Suppressed]:
        earliest = Instant(since - OVERLAP_S)
        read = pages(self.source, self.pace, reasons=self.alert_on, since=earliest)
        return self.store.untold(self.source.region, [row for page in read for row in page.rows])

    def _stand(self, now: Standing) -> tuple[Standing, str, bool]:
        """How the account stands since when, and the notice about it if there is one to tell."""
        region, before = self.source.region, self.store.standing(self.source.region)
        if before is None or before.status != now.status:
            told = before is None and now.status == HEALTHY
            self.store.stands(region, now, told=told)
            before = now
        if self.store.standing_told(region):
            return before, "", True
        notice = f"ses-account-{region}-{stamp(before.now)}-{before.status.lower()}"
        delivered = self.notifier.send(
            notice, f"SES account in {region} is {before.status}", standing_text(region, before)
        )
        if delivered:
            self.store.stands(region, before, told=True)
        return before, notice, delivered


def must_export(stands: Standing, last: Done | None) -> bool:
    """Whether the list has to be saved now: the account is not HEALTHY, and no export was begun since it is so."""
    return stands.status != HEALTHY and (last is None or last.began < stands.now)


def domains(rows: Sequence[Suppressed]) -> tuple[tuple[str, int], ...]:
    """How many of the rows are of each domain, the most frequent first."""
    counts = Counter(row.domain for row in rows)
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def subject(region: str, rows: Sequence[Suppressed]) -> str:
    """`3 complaints and 12 permanent bounces in us-east-1`."""
    counts = Counter(row.reason for row in rows)
    said = [f"{n} {WORDS[reason][n != 1]}" for reason in WORDS if (n := counts[reason])]
    other = len(rows) - sum(counts[reason] for reason in WORDS)
    said += [f"{other} of another reason"] if other else []
    return f"{' and '.join(said)} in {region}"


def text(region: str, since: Instant, rows: Sequence[Suppressed]) -> str:
    """The notice: counts, domains, the page.  No address of a person."""
    found = domains(rows)
    lines = [f"New on the suppression list since {when(since)}: {subject(region, rows)}.", "", "By domain:"]
    lines += [f"  {count:>6}  {domain}" for domain, count in found[:MOST_DOMAINS]]
    rest = found[MOST_DOMAINS:]
    if rest:
        lines.append(f"  {sum(count for _, count in rest):>6}  in {len(rest)} other domains")
    lines += ["", "Which addresses: rotator suppression list --since 1d", f"What to do: {SPIKE_PAGE}"]
    return "\n".join(lines)


def standing_text(region: str, stands: Standing) -> str:
    """The notice about the account."""
    if stands.status == HEALTHY:
        return f"SES says of the account in {region} since {when(stands.now)} or before: HEALTHY again."
    return "\n".join(
        (
            f"SES says of the account in {region} since {when(stands.now)} or before: {stands.status}.",
            "PROBATION is a review, SHUTDOWN a pause: no mail is sent.  The suppression list is exported now, because",
            "AWS deletes it when the account has been paused for 90 days.",
            "",
            f"What to do: {PAUSED_PAGE}",
        )
    )
