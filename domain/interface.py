"""The interface for programs: what a token may be for, and what a webhook tells, to whom, and how it is signed."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

from domain.base import Frozen

Scope: TypeAlias = Literal["cases:read", "cases:start", "cases:answer", "webhooks"]

SCOPES: Final[Mapping[Scope, str]] = {
    "cases:read": "Read the requests that I may see, and what happened in them",
    "cases:start": "Send requests in my name",
    "cases:answer": "Answer in my name what I am asked, where a link in a mail is enough for that",
    "webhooks": "Read what webhooks could not deliver (administrators)",
}
"""What a token can be for, each in words for the person whose it is."""

SCOPES_OF_OTHERS: Final[Mapping[Scope, str]] = {
    "cases:read": "Read the requests that they may see, and what happened in them",
    "cases:start": "Send requests in their name",
    "cases:answer": "Answer in their name what they are asked, where a link in a mail is enough for that",
    "webhooks": "Read what webhooks could not deliver",
}
"""The same in words for administrators, who see for what the tokens of others are."""

SERVICE_SCOPES: Final[Mapping[Scope, str]] = {
    "cases:read": "Read all ordinary requests, and what happened in them",
    "webhooks": "Read what webhooks could not deliver",
}
"""What the token of a service can be for: a service is nobody, so it starts nothing and answers nothing."""

LONGEST: Final = timedelta(days=365)
"""For how long a token lasts at most."""

LONGEST_PROGRAM: Final = 60
"""How long the name of a program may be."""

KINDS: Final[Mapping[str, str]] = {
    "request_submitted": "A request was sent",
    "request_edited": "A request was changed",
    "request_unfit": "A form did not hold any more when it was checked again",
    "request_withdrawn": "A request was withdrawn",
    "ask_opened": "Somebody was asked",
    "ask_moved": "Somebody else was asked instead",
    "reminded": "Those asked were reminded",
    "escalated": "Nobody had answered, and those who stand in were told",
    "approved": "A step was approved",
    "returned": "A request was returned for changes",
    "rejected": "A request was rejected",
    "decision_disputed": "Somebody said that an answer was not theirs",
    "hold_released": "A disputed answer was settled",
    "site_registered": "A site entered the register",
    "case_cancelled": "An administrator cancelled a case",
    "case_ended": "A case ended",
}
"""The events of ordinary cases that a webhook can tell, by kind. Of a confidential case none tells anything."""

SIGNED: Final = "Duly-Signature"
"""The header in which a delivery is signed."""

LONGEST_ADDRESS: Final = 500

_TUNNELS: Final = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "::/96")))
"""Addresses of the new kind that lead to one of the old kind, by way of somebody who translates."""


class Service(Frozen):
    """A service as somebody asks for it: its name, what its token is for, the last day of it, and who asks."""

    name: str
    scopes: tuple[Scope, ...]
    until: date
    made_by: str

    def in_words(self) -> tuple[str, ...]:
        """Return what the token is for."""
        return tuple(SERVICE_SCOPES[scope] for scope in SERVICE_SCOPES if scope in self.scopes)


class Told(Frozen):
    """What a webhook tells of an event: no name, no answer, no comment. Whoever wants more reads it with a token.

    `id` is the same however often it is delivered.
    """

    id: str
    kind: str
    case: str
    process: str
    number: int
    at: datetime


def body_of(told: Told) -> bytes:
    """Return the body of a delivery."""
    return json.dumps(told.model_dump(mode="json"), separators=(",", ":")).encode()


def signature(secret: str, at: datetime, body: bytes) -> str:
    """Return what stands in the header `Duly-Signature` of a delivery that is sent at that moment."""
    seconds = int(at.timestamp())
    signed = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={signed}"


def unfit_address(address: str, *, anywhere: bool) -> str:
    """Return what is wrong with the address of a webhook, in words; nothing where it will do.

    It has to be https, and not at an address of this machine or of an inner network, unless it may lead `anywhere`.
    To what a name leads is looked at when something is delivered, each time anew.
    """
    too_long = len(address) > LONGEST_ADDRESS
    if too_long or not address.isascii() or not address.isprintable() or " " in address or "\\" in address:
        return f"Type an address such as https://example.org/duly, of {LONGEST_ADDRESS} characters or fewer"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return "Type an address such as https://example.org/duly"
    if parts.scheme not in ({"https", "http"} if anywhere else {"https"}):
        return "The address must begin with https://"
    if not parts.hostname or port == 0:
        return "Type an address such as https://example.org/duly"
    if "@" in parts.netloc or parts.fragment:
        return "The address must have no user name and no # in it"
    if not anywhere and not _may_be_public(parts.hostname):
        return "The address must not lead to this machine or into an inner network"
    return ""


def _may_be_public(host: str) -> bool:
    """Return whether a host may be out in the world: a name may, until it is looked up."""
    if host.rstrip(".") == "localhost" or host.rstrip(".").endswith((".localhost", ".local", ".internal")):
        return False
    try:
        return is_public(str(ip_address(host)))
    except ValueError:
        # Digits and dots that are no plain address are read as one by some, such as 127.1 or 0x7f000001.
        last = host.rstrip(".").rpartition(".")[2]
        return not (last.isdigit() or last.startswith("0x"))


def is_public(address: str) -> bool:
    """Return whether an IP address is out in the world: not of this machine, of an inner network, or kept for others.

    Raises:
        ValueError: it is no IP address.
    """
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return _is_out(ip.ipv4_mapped)
        return not any(ip in tunnel for tunnel in _TUNNELS) and _is_out(ip)
    return _is_out(ip)


def _is_out(ip: IPv4Address | IPv6Address) -> bool:
    kept = ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_reserved
    return ip.is_global and not kept and not ip.is_unspecified
