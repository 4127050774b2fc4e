"""The geometry of the drawings: whole numbers in a box of 1000 by 100, stretched by the browser; no text in them."""

from __future__ import annotations

from dataclasses import dataclass

from rotator.report.content import KeyRow
from rotator.report.snapshot import Growth, Rate

WIDTH, HEIGHT = 1000, 100
NARROW = 4  # columns that are thinner have no gap between them
BEYOND = 4 / 3  # the limit stands at three quarters of a bar, so that what is over it can be seen


@dataclass(frozen=True, slots=True)
class Bar:
    """How far a key's age reaches, and where its limit stands, from 0 to WIDTH."""

    reach: int
    limit: int


@dataclass(frozen=True, slots=True)
class Line:
    """A rate's points as SVG wants them, and the heights of AWS's two lines, from the top."""

    points: str
    review: int
    pause: int


def bar(row: KeyRow) -> Bar:
    """The bar of a key; one over twice its limit ends at the edge."""
    whole = row.limit_days * BEYOND
    return Bar(min(WIDTH, round(WIDTH * row.age_days / whole)), round(WIDTH * row.limit_days / whole))


def line(rate: Rate) -> Line:
    """The curve of a rate; the box reaches a fifth above the higher of the pause line and the worst point."""
    top = max([rate.pause, *(value for _, value in rate.points)]) * 1.2
    begins = rate.points[0][0] if rate.points else 0
    lasts = max(1, rate.points[-1][0] - begins) if rate.points else 1

    def height(value: float) -> int:
        return round(HEIGHT * (1 - value / top))

    drawn = rate.points if len(rate.points) != 1 else (*rate.points, (begins + lasts, rate.points[0][1]))
    points = " ".join(f"{round(WIDTH * (at - begins) / lasts)},{height(value)}" for at, value in drawn)
    return Line(points, height(rate.review), height(rate.pause))


def columns(growth: Growth) -> tuple[tuple[int, int, int, int], ...]:
    """(x, width, height of bounces, height of complaints) a day; the highest day fills the box."""
    most = max((bounces + complaints for _, bounces, complaints in growth.days), default=0) or 1
    step = WIDTH / max(1, len(growth.days))
    width = max(1, round(step) - (2 if step > NARROW else 0))
    return tuple(
        (round(n * step), width, round(HEIGHT * bounces / most), round(HEIGHT * complaints / most))
        for n, (_, bounces, complaints) in enumerate(growth.days)
    )
