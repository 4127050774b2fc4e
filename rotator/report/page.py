"""The report as one HTML file: no script, nothing fetched, and a policy that forbids both.

The style is named by its hash, so that the policy needs no `unsafe-inline`.  Undefined names are errors.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from rotator.core.times import day, iso, when
from rotator.report import charts
from rotator.report.content import Report
from rotator.report.snapshot import Growth, Rate

SCHEMA = "rotator/report/1"


def html(report: Report) -> str:
    """The page.  Everything from outside is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("rotator.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(time=when, day=day, iso=iso, percent=percent, sentence=sentence)
    style = files("rotator.report").joinpath("style.css").read_text("utf-8")
    page = environment.get_template("page.html.j2")
    return page.render(report=report, charts=charts, style=style, style_hash=style_hash(style))


def style_hash(style: str) -> str:
    """What the Content-Security-Policy names the style by (CSP level 3, section 8.3)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def document(report: Report) -> dict[str, Any]:
    """The same as JSON-ready fields; times are UTC, ISO 8601."""
    return {
        "ok": report.ok,
        "verdict": report.verdict,
        "at": iso(report.at),
        "keys": [asdict(one) | {"used": one.used and iso(one.used)} for one in report.keys],
        "runs": [_run(one) for one in report.runs],
        "audits": [_audit(one) for one in report.audits],
        "rates": [_rate(one) for one in report.rates],
        "suppressed": [_growth(one) for one in report.growth],
        "questions": list(report.questions),
        "missing": list(report.missing),
    }


def _audit(row: Any) -> dict[str, Any]:
    audits = [{"at": iso(one.at), "outcome": one.outcome} for one in row.audits]
    return asdict(row) | {"proven": iso(row.proven) if row.proven else None, "by": row.by or None, "audits": audits}


def _rate(rate: Rate) -> dict[str, Any]:
    points = [[iso(at), value] for at, value in rate.points]
    return asdict(rate) | {"points": points, "latest": rate.latest, "over": rate.over or None}


def _growth(growth: Growth) -> dict[str, Any]:
    days = [[iso(at), *more] for at, *more in growth.days]
    return asdict(growth) | {"days": days, "seen": iso(growth.seen) if growth.seen else None}


def _run(run: Any) -> dict[str, Any]:
    told = asdict(run)
    told |= {"opened": iso(run.opened), "finished": run.finished and iso(run.finished)}
    told["steps"] = [asdict(one) | {"began": iso(one.began), "ended": iso(one.ended)} for one in run.steps]
    told["consumers"] = [
        {"consumer": one.consumer, "rung": one.rung.text, "since": iso(one.at)} for one in run.consumers
    ]
    return told


def sentence(text: str) -> str:
    """The text with a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def percent(part: float) -> str:
    """`0.12 %`; `5 %` where nothing stands behind the point."""
    return f"{part * 100:.2f}".rstrip("0").rstrip(".") + " %"
