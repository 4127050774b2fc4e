"""What the doctor makes of what Amazon publishes."""

from __future__ import annotations

import pytest

from rotator.doctor.dns import address_in

RECORDS = {
    "the second address of the first range": ("v=spf1 ip4:199.255.192.0/22 ip4:54.240.0.0/18 -all", "199.255.192.1"),
    "no range": ("v=spf1 -all", ""),
    "an address that cannot be": ("v=spf1 ip4:999.1.1.1 -all", ""),
    "the last address there is": ("v=spf1 ip4:255.255.255.255 -all", ""),
}


@pytest.mark.parametrize(("record", "address"), RECORDS.values(), ids=RECORDS.keys())
def test_a_senders_address_from_an_spf_record(record: str, address: str) -> None:
    """A record that somebody mangled, or forged, does not end the doctor."""
    assert address_in(record) == address
