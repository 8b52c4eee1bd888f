"""Keys: each case has one of its own, kept only wrapped under a key that the database does not hold.

AES-256-GCM with random nonces. What is sealed begins with a version byte and the name of its key, and is bound to its
place: moved to another row, column or case, it does not open.
"""

import json
import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from store.database import Database
from store.tables import CaseKeyRow

_VERSION: Final = b"\x01"
_NONCE: Final = 12
_KEY: Final = 32
_REMEMBERED: Final = 4096


class SealBrokenError(ValueError):
    """What was sealed does not open: it was changed, moved, or sealed with a key that is not here."""

    def __init__(self, place: str) -> None:
        """Name the place, never what it holds."""
        super().__init__(f"what is sealed at {place} does not open; it was changed, or its key is missing")
        self.place = place


class CaseKeyMissingError(LookupError):
    """The key of a case is not there: the case was erased, or never begun."""

    def __init__(self, case: str) -> None:
        """Name the case."""
        super().__init__(f"the key of case {case} is missing")
        self.case = case


def _seal(key: bytes, place: str, data: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, data, place.encode())


def _open(key: bytes, place: str, sealed: bytes) -> bytes:
    if sealed[:1] != _VERSION:
        raise SealBrokenError(place)
    try:
        return AESGCM(key).decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], place.encode())
    except (InvalidTag, ValueError):
        raise SealBrokenError(place) from None


@dataclass(frozen=True)
class Sealer:
    """A key that seals and opens, bound to the `owner` whose things it seals."""

    owner: str
    key: bytes = field(repr=False)

    def seal(self, place: str, data: bytes) -> bytes:
        """Return `data` sealed for `place`, such as `draft|answers|…`."""
        return _seal(self.key, f"{place}|{self.owner}", data)

    def open(self, place: str, sealed: bytes) -> bytes:
        """Return what was sealed for `place`.

        Raises:
            SealBrokenError: it was changed, moved, or sealed with another key.
        """
        return _open(self.key, f"{place}|{self.owner}", sealed)

    def seal_json(self, place: str, value: Any) -> bytes:  # noqa: ANN401 -- anything that JSON holds
        """Return `value` as sealed JSON."""
        return self.seal(place, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())

    def open_json(self, place: str, sealed: bytes) -> Any:  # noqa: ANN401 -- anything that JSON holds
        """Return the value that was sealed as JSON.

        Raises:
            SealBrokenError: it was changed, moved, or sealed with another key.
        """
        return json.loads(self.open(place, sealed))


@dataclass(frozen=True)
class Keyring:
    """The keys of the settings, in their order: the first wraps, all of them unwrap."""

    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def of(cls, keys: Mapping[str, bytes] | Sequence[Any]) -> "Keyring":
        """Return the ring of `keys`, by name, or of the settings' keys with a `name` and a `value`."""
        return cls(dict(keys) if isinstance(keys, Mapping) else {key.name: key.value for key in keys})

    @property
    def first(self) -> str:
        """Return the name of the key that wraps."""
        return next(iter(self.keys))

    def wrap(self, case: str, key: bytes) -> bytes:
        """Return the key of a case, wrapped."""
        return _seal(self.keys[self.first], f"case_key|{case}", key)

    def unwrap(self, case: str, under: str, wrapped: bytes) -> bytes:
        """Return the key of a case.

        Raises:
            SealBrokenError: the key `under` which it was wrapped is not here, or is another.
        """
        if under not in self.keys:
            raise SealBrokenError(f"case_key|{case}")
        return _open(self.keys[under], f"case_key|{case}", wrapped)

    def system(self) -> Sealer:
        """Return the key for what belongs to no case: jobs that carry a mail's id or a sign-in code."""
        derived = HKDF(SHA256(), _KEY, salt=None, info=b"duly/system/v1").derive(self.keys[self.first])
        return Sealer("system", derived)


class CaseKeys:
    """The keys of all cases."""

    def __init__(self, db: Database, ring: Keyring) -> None:
        """Remember the latest of them, so that a running case costs no look-up."""
        self.ring = ring
        self._db = db
        self._remembered: OrderedDict[str, Sealer] = OrderedDict()

    async def create(self, session: AsyncSession, case: str) -> Sealer:
        """Return the key of `case`, made now if it has none yet."""
        row = await session.get(CaseKeyRow, case)
        if row is not None:
            return self._unwrapped(row)
        key = os.urandom(_KEY)
        session.add(CaseKeyRow(case=case, wrapped_under=self.ring.first, wrapped=self.ring.wrap(case, key)))
        await session.flush()
        return Sealer(case, key)

    async def of(self, case: str, session: AsyncSession | None = None) -> Sealer:
        """Return the key of `case`, read in `session` where there is one.

        Raises:
            CaseKeyMissingError: the case has none.
            SealBrokenError: the key it was wrapped under is not here.
        """
        if case in self._remembered:
            self._remembered.move_to_end(case)
            return self._remembered[case]
        if session is not None:
            return self._kept(case, await session.get(CaseKeyRow, case))
        async with self._db.read() as reading:
            row = (await reading.execute(select(CaseKeyRow).where(CaseKeyRow.case == case))).scalar_one_or_none()  # type: ignore[arg-type]
        return self._kept(case, row)

    def _kept(self, case: str, row: CaseKeyRow | None) -> Sealer:
        if row is None:
            raise CaseKeyMissingError(case)
        sealer = self._unwrapped(row)
        self._remembered[case] = sealer
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return sealer

    def _unwrapped(self, row: CaseKeyRow) -> Sealer:
        return Sealer(row.case, self.ring.unwrap(row.case, row.wrapped_under, row.wrapped))
