from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.fetch.addresses import find_objection

NEVER = [
    "169.254.169.254",
    "169.254.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "fd00:ec2::254",
    "fe80::1%eth0",
    "224.0.0.1",
    "ff02::1",
    "0.0.0.0",  # noqa: S104 - it is refused
    "::",
    "240.0.0.1",
    "255.255.255.255",
    "fec0::1",
    "64:ff9b:1::1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "::169.254.169.254",
    "localhost",
]
PRIVATE = [
    *("127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1"),
    *("192.0.2.1", "198.18.0.1", "::1", "fc00::1", "fd12::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1", "::10.0.0.1"),
]


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_never_allowed(address: str) -> None:
    assert find_objection(address, allow_private=True) is not None


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_allowed_when_somebody_says_so(address: str) -> None:
    assert find_objection(address, allow_private=False) is not None
    assert find_objection(address, allow_private=True) is None


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert find_objection(address, allow_private=False) is None


@given(st.ip_addresses(v=4))
def test_an_address_of_ipv4_has_the_same_objection_within_ipv6(address: IPv4Address) -> None:
    number = int(address)
    plain = find_objection(str(address), allow_private=False)
    for base in (0xFFFF << 32, 0x64FF9B << 96):
        assert find_objection(str(IPv6Address(base + number)), allow_private=False) == plain
