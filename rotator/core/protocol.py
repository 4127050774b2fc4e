"""The numbered protocol: the names of its steps, as journal, plans, reports and runbooks write them."""

from __future__ import annotations

PROTOCOL = {
    1: "lock",
    2: "survey",
    3: "preflight",
    4: "create",
    5: "verify",
    6: "push",
    7: "confirm",
    8: "grace",
    9: "deactivate",
    10: "watch",
    11: "delete",
}
