"""One schedule from beginning to end, nothing merged: for samples, for generated ones, and to replay what was printed.

    python -m tests.schedules.sampling SEED NUMBER      # plays the NUMBER-th schedule of a sample again and tells it
"""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from rotator.core.policy import Mode, Traits
from tests.schedules.life import Configuration, live, start
from tests.schedules.search import LATE, possible
from tests.schedules.world import ALIAS, DAY, FILE, MAILBOX, PERSON_ALONE, STORE, Broken

PROCESSES_AT_MOST = 300
EVERYBODY = (FILE, ALIAS, MAILBOX, PERSON_ALONE, STORE)
Plan = Mapping[int, "int | str"]  # number of the call since the beginning -> a fault, or a number that picks one


@dataclass
class Led:
    """One life: what went wrong in it, as a plan that replays it, and how its processes ended."""

    met: dict[int, str] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)
    calls: int = 0


def lead(one: Configuration, plan: Plan) -> Led:
    """A whole life under a plan.  Raises Broken with everything that replays it."""
    led = Led()

    def choose(_: int, call: str) -> str:
        led.calls += 1
        fault = plan.get(led.calls, "")
        if isinstance(fault, int):
            options = tuple(possible(one, call, LATE))
            fault = options[fault % len(options)] if options else ""
        if fault:
            led.met[led.calls] = fault
            led.story.append(f"  call {led.calls}, {call}: {fault}")
        return fault

    point = start(one)
    try:
        while not point.over:
            if point.process > PROCESSES_AT_MOST:
                raise Broken("wedged: it goes on like this for ever")
            lived = live(one, point, choose)
            led.story.append(lived.ending)
            point = lived.after
    except AssertionError as broken:  # Broken, or an assertion of the program
        raise Broken("\n".join([str(broken), f"replay: lead({one!r}, {led.met})", *led.story[-30:]])) from broken
    return led


def any_configuration(draw: random.Random) -> Configuration:
    """One of all the lives there can be: who holds the key, whose keys are there, what people order and when."""
    places: tuple[Traits, ...] = tuple(draw.sample(EVERYBODY, draw.choice((1, 1, 2, 2, 3))))
    calm = Mode.SCHEDULED
    modes = tuple(draw.choice((calm, calm, Mode.EMERGENCY, Mode.REVOKE_FIRST)) for _ in range(2))
    alarm = (draw.randint(1, 9), draw.choice((Mode.EMERGENCY, Mode.REVOKE_FIRST)), draw.choice(("old", "new")))
    return Configuration(
        consumers=places,
        modes=modes,
        sole_creator=draw.random() < 0.7,
        sealed=draw.random() < 0.7,
        age_s=draw.choice((0, 1, 85, 400)) * DAY,
        stranger=draw.random() < 0.1,
        between_s=draw.choice((0, 60, 80 * DAY)),
        grace_s=draw.choice((3600, DAY, 3 * DAY)),
        quiet_s=draw.choice((3600, DAY)),
        watch_s=draw.choice((DAY, 7 * DAY)),
        ses_lag_s=draw.choice((0, 0, 30, 600)),
        call_s=draw.choice((0, 0, 1, 7)),
        last_used_tells=draw.random() < 0.7,
        incident=alarm if draw.random() < 0.4 else None,
        abort_before=draw.choice((0, 0, 0, 2, 3)),
    )


def sampled(seed: int, number: int, faults: int = 3) -> tuple[Configuration, dict[int, int | str]]:
    """The `number`-th schedule of a sample: a configuration, and faults at calls that its life will make."""
    draw = random.Random(f"{seed}/{number}")
    one = any_configuration(draw)
    length = lead(one, {}).calls
    at = sorted(draw.sample(range(1, length + length // 2), min(faults, length)))
    return one, {call: draw.randrange(1000) for call in at}


def main() -> None:
    """Tell one schedule of a sample."""
    one, plan = sampled(int(sys.argv[1]), int(sys.argv[2]))
    print(one)
    print("\n".join(lead(one, plan).story))


if __name__ == "__main__":
    main()
