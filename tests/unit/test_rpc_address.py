"""Other computers are only ever those of the network around this one."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral_desk.core.errors import DeskError
from mistral_desk.net.rpc import address
from mistral_desk.net.rpc.address import PORT, Address

EVERY = str(ipaddress.IPv4Address(0))
NEAR = [
    ipaddress.IPv4Network(one)
    for one in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")
]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("192.168.1.5", Address("192.168.1.5", PORT)),
        (" 10.0.0.7:6000 ", Address("10.0.0.7", 6000)),
        ("cellar", Address("cellar", PORT)),
        ("cellar.local:50053", Address("cellar.local", 50053)),
        ("169.254.3.4", Address("169.254.3.4", PORT)),
    ],
)
def test_what_a_person_types_is_understood(typed: str, meant: Address) -> None:
    assert address.parsed(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", ":", "a:b", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:٣", "http://10.0.0.1", "10.0.0.1/24", "1.2.3"),
        *("300.1.1.1", "::1", "[fe80::1]:50052", "a b", "-x", "x" * 300, "10.0.0.1:50052:1", "0x7f000001"),
        *("10.0.0.1,8.8.8.8", "10.0.0.1\n8.8.8.8", "a..b"),
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(DeskError, match=r"helper\.address"):
        address.parsed(typed)


@given(st.ip_addresses(v=4))
def test_a_number_is_taken_only_where_it_is_near(number: ipaddress.IPv4Address) -> None:
    if any(number in network for network in NEAR):
        assert address.parsed(str(number)).host == str(number)
    else:
        with pytest.raises(DeskError, match=r"helper\.public"):
            address.parsed(str(number))


@pytest.mark.parametrize("number", [EVERY, "255.255.255.255", "224.0.0.1", "100.64.0.1", "8.8.8.8", "172.32.0.1"])
def test_none_of_these_is_near(number: str) -> None:
    with pytest.raises(DeskError, match=r"helper\.public"):
        address.parsed(number)


def test_a_name_that_leads_outside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever owns a name can point it anywhere, at any time: the number is looked at, and used afterwards."""

    def found(*_words: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [(2, 1, 6, "", ("93.184.216.34", 50052))]

    monkeypatch.setattr("mistral_desk.net.rpc.address.socket.getaddrinfo", found)
    with pytest.raises(DeskError, match=r"helper\.public"):
        address.numeric(address.parsed("cellar.example"))
