"""What a webhook may lead to, what it is told, and how that is signed."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.entries import AnyEntry
from domain.events import AnyEvent
from domain.interface import KINDS, LONGEST_ADDRESS, Told, body_of, is_public, signature, unfit_address

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)

INSIDE = (
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1"),  # noqa: S104 -- refused, not bound
    *("169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1"),
    *("255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::"),
    *("2001:0:7f00:1::", "::ffff:169.254.169.254"),
)
OUTSIDE = ("93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34")


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_public_however_it_is_written(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_in_the_world_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_an_old_address_within_a_new_one_is_judged_as_itself(address: IPv4Address) -> None:
    assert is_public(f"::ffff:{address}") == is_public(str(address))
    assert not is_public(str(IPv6Address(int(IPv6Address("64:ff9b::")) + int(address))))


@pytest.mark.parametrize(
    "address",
    [
        *("", "example.org", "ftp://example.org/", "http://example.org/", "https://", "https:///path"),
        *("https://user@example.org/", "https://user:word@example.org/", "https://example.org/#part"),
        *("https://example.org:0/", "https://example.org:99999/", "https://example.org:x/", "https://[::1"),
        *("https://example.org/a b", "https://example.org\\@evil.example/", "https://exämple.org/", "https://a\n.org"),
        *("https://localhost/", "https://LOCALHOST./", "https://a.localhost/", "https://printer.local/"),
        *("https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1:8443/", "https://169.254.169.254/latest"),
        *("https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://0177.0.0.01/"),
        *("https://[::ffff:127.0.0.1]/", "https://metadata.internal/", "javascript:alert(1)"),
        "https://example.org/" + "x" * LONGEST_ADDRESS,
    ],
)
def test_an_address_that_leads_inside_or_is_not_secure_is_refused(address: str) -> None:
    assert unfit_address(address, anywhere=False)


@pytest.mark.parametrize(
    "address",
    ["https://example.org", "https://example.org:8443/duly?key=1", "https://93.184.216.34/", "HTTPS://Example.ORG/x"],
)
def test_an_address_in_the_world_will_do(address: str) -> None:
    assert unfit_address(address, anywhere=False) == ""


def test_in_the_demo_a_webhook_may_lead_to_this_machine() -> None:
    assert unfit_address("http://127.0.0.1:9999/", anywhere=True) == ""
    assert unfit_address("ftp://127.0.0.1/", anywhere=True)


@given(st.text())
def test_whatever_is_typed_is_judged(text: str) -> None:
    assert isinstance(unfit_address(text, anywhere=False), str)


def test_a_delivery_is_signed_with_its_time_and_its_body() -> None:
    told = Told(id="i", kind="approved", case="K7QM-4TXR", process="site", number=4, at=AT)
    body = body_of(told)
    assert json.loads(body) == {
        "id": "i",
        "kind": "approved",
        "case": "K7QM-4TXR",
        "process": "site",
        "number": 4,
        "at": "2026-11-02T09:30:00Z",
    }
    seconds = int(AT.timestamp())
    expected = hmac.new(b"secret", f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    assert signature("secret", AT, body) == f"t={seconds},v1={expected}"


def _kinds(union: object) -> set[str]:
    kinds: set[str] = set()
    for one in get_args(union):
        fields = getattr(one, "model_fields", None)
        kinds |= {fields["kind"].default} if fields and "kind" in fields else _kinds(one)
    return kinds


def test_only_events_of_ordinary_cases_can_be_told() -> None:
    assert set(KINDS) <= _kinds(AnyEvent)
    assert not set(KINDS) & _kinds(AnyEntry)
