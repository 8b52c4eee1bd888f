"""The chain of a case's events: anybody can check it, and nobody can guess from it.

An entry holds salted commitments of what an event says, and the hash of the entry before it. The salts are kept apart,
sealed with the case's key: without them the chain still verifies, and says nothing. Of a confidential case, the entry
does not even name the fields, nor show how many there are.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from domain.base import Frozen

FIRST: Final = "0" * 64
"""What the first entry of a case has for the hash before it."""

Salted = Mapping[str, tuple[str, Any]]
"""What an event says, by field: the salt (hex) and the value."""


_PLACES: Final = 16
"""As many commitments as an event of a confidential case has at least, whatever it says."""


class Link(Frozen):
    """One entry of a chain, as it is stored."""

    case: str
    n: int
    entry: str
    previous: str
    hash: str

    @property
    def at(self) -> str:
        """Return when it happened, as ISO text in UTC."""
        return str(_read(self.entry).get("at", ""))


def canonical(value: Any) -> str:  # noqa: ANN401 -- anything that JSON holds
    """Return `value` as the one JSON text that stands for it: keys sorted, nothing between."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def commitment(salt: str, value: Any) -> str:  # noqa: ANN401 -- anything that JSON holds
    """Return the commitment to `value` under `salt` (hex)."""
    return hashlib.sha256(bytes.fromhex(salt) + canonical(value).encode()).hexdigest()


def veiled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an event says by fields that say nothing: each holds a name with its value, and some hold neither."""
    named: list[list[Any]] = [[name, value] for name, value in values.items()]
    return {str(place): one for place, one in enumerate(named + [["", None]] * (_PLACES - len(named)))}


def unveiled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an event says by the names of its fields, whether they were veiled or not."""
    if "0" not in fields:
        return dict(fields)
    return {name: value for name, value in fields.values() if name}


def forge(case: str, n: int, at: str, said: Salted, previous: str) -> Link:
    """Return the `n`th entry of `case`, after the entry whose hash is `previous`. `at` is ISO text in UTC."""
    entry = canonical(
        {
            "at": at,
            "case": case,
            "commitments": {field: commitment(salt, value) for field, (salt, value) in said.items()},
            "n": n,
        }
    )
    return Link(case=case, n=n, entry=entry, previous=previous, hash=_hash(previous, entry))


def first_broken(links: Sequence[Link]) -> int | None:
    """Return the number of the first entry that is missing, moved or changed, or None where the chain holds."""
    before = None
    for expected, link in enumerate(links, start=1):
        if not follows(link, before):
            return expected
        before = link
    return None


def follows(link: Link, before: Link | None) -> bool:
    """Return whether `link` is unchanged, and the next after `before`; the first, where there is none before it."""
    n, previous = (before.n + 1, before.hash) if before else (1, FIRST)
    entry = _read(link.entry)
    in_place = link.n == n == entry.get("n") and entry.get("case") == link.case
    return in_place and link.previous == previous and link.hash == _hash(previous, link.entry)


def keeps_its_word(link: Link, said: Salted) -> bool:
    """Return whether `said` is what the entry committed to, whole."""
    committed = _read(link.entry).get("commitments")
    return bool(committed == {field: commitment(salt, value) for field, (salt, value) in said.items()})


def _hash(previous: str, entry: str) -> str:
    return hashlib.sha256(f"{previous}{entry}".encode()).hexdigest()


def _read(entry: str) -> dict[str, Any]:
    try:
        value = json.loads(entry)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
