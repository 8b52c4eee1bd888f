"""Keys: each case has one of its own, kept only wrapped under a key that the database does not hold.

AES-256-GCM with random nonces. What is sealed begins with a version byte and the id of its key, and is bound to its
place: moved to another row, column or case, it does not open.
"""

import hashlib
import hmac
import json
import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from store.database import Database
from store.statements import first, run, table
from store.tables import CaseKeyRow

_VERSION: Final = b"\x01"
_ID: Final = 8
_NONCE: Final = 12
_KEY: Final = 32
# As many as a worker keeps cases at hand; each takes some three kilobytes.
_REMEMBERED: Final = 1000
_KEYS: Final = table(CaseKeyRow)
_KEY_OF: Final = select(_KEYS).where(_KEYS.c.case == bindparam("case"))
_MADE: Final = "keys made in this transaction"


class SealBrokenError(ValueError):
    """What was sealed does not open: it was changed, moved, or sealed with a key that is not here."""

    def __init__(self, place: str, message: str = "") -> None:
        """Name the place, never what it holds."""
        super().__init__(message or f"what is sealed at {place} does not open: it was changed or moved")
        self.place = place


class CaseKeyMissingError(LookupError):
    """The key of a case is not there: the case was erased, or never begun."""

    def __init__(self, case: str) -> None:
        """Name the case."""
        super().__init__(f"the key of case {case} is missing")
        self.case = case


class KeyUnknownError(SealBrokenError):
    """A key of the settings with which a case's own key was wrapped is not among them any more."""

    def __init__(self, name: str, place: str) -> None:
        """Name the key, and what cannot be opened without it."""
        super().__init__(place, f"{place} needs the key {name}, which DULY_KEYS does not hold; put it back there")
        self.name = name


class _Cipher:
    """A key, ready for use."""

    def __init__(self, key: bytes) -> None:
        self.id = hashlib.sha256(b"duly/key-id/v1" + key).digest()[:_ID]
        self._aead = AESGCM(key)

    def seal(self, place: str, data: bytes) -> bytes:
        header, nonce = _VERSION + self.id, os.urandom(_NONCE)
        return header + nonce + self._aead.encrypt(nonce, data, header + place.encode())

    def open(self, place: str, sealed: bytes) -> bytes:
        start = len(_VERSION) + _ID
        header, nonce = sealed[:start], sealed[start : start + _NONCE]
        try:
            return self._aead.decrypt(nonce, sealed[start + _NONCE :], header + place.encode())
        except (InvalidTag, ValueError):
            raise SealBrokenError(place) from None


@dataclass(frozen=True)
class Sealer:
    """A key that seals and opens, bound to the `owner` whose things it seals; the `former` ones only open."""

    owner: str
    key: bytes = field(repr=False)
    former: tuple[bytes, ...] = field(default=(), repr=False)

    @cached_property
    def _first(self) -> _Cipher:
        return _Cipher(self.key)

    @cached_property
    def _by_id(self) -> dict[bytes, _Cipher]:
        ciphers = (self._first, *map(_Cipher, self.former))
        return {_VERSION + cipher.id: cipher for cipher in ciphers}

    def seal(self, place: str, data: bytes) -> bytes:
        """Return `data` sealed for `place`, such as `draft|answers`."""
        return self._first.seal(f"{place}|{self.owner}", data)

    def open(self, place: str, sealed: bytes) -> bytes:
        """Return what was sealed for `place`.

        Raises:
            SealBrokenError: it was changed, moved, or sealed with another key.
        """
        whole = f"{place}|{self.owner}"
        cipher = self._by_id.get(sealed[: len(_VERSION) + _ID])
        if cipher is None:
            raise SealBrokenError(whole)
        return cipher.open(whole, sealed)

    def seal_json(self, place: str, value: Any) -> bytes:  # noqa: ANN401 -- anything that JSON holds
        """Return `value` as sealed JSON."""
        return self.seal(place, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())

    def sealed(self, sealed: bytes) -> int | None:
        """Return which key sealed something: 0 for the one that seals, 1 for the first former one; None if none."""
        header = sealed[: len(_VERSION) + _ID]
        return next((n for n, known in enumerate(self._by_id) if known == header), None)

    def open_json(self, place: str, sealed: bytes) -> Any:  # noqa: ANN401 -- anything that JSON holds
        """Return the value that was sealed as JSON.

        Raises:
            SealBrokenError: it was changed, moved, or sealed with another key.
        """
        return json.loads(self.open(place, sealed))

    def mark(self, *words: str) -> str:
        """Return 256 bits (hex) that stand for `words`: the same each time, and nobody's guess without the key."""
        return hmac.new(self._marking, json.dumps(words).encode(), hashlib.sha256).hexdigest()

    @cached_property
    def _marking(self) -> bytes:
        return HKDF(SHA256(), _KEY, salt=None, info=b"duly/mark/v1").derive(self.key)


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
        return Sealer(case, self.keys[self.first]).seal("case_key", key)

    def unwrap(self, case: str, under: str, wrapped: bytes) -> bytes:
        """Return the key of a case.

        Raises:
            KeyUnknownError: the key `under` which it was wrapped is not here.
            SealBrokenError: it was changed, is another case's, or was wrapped under another key.
        """
        if under not in self.keys:
            raise KeyUnknownError(under, f"case_key|{case}")
        return Sealer(case, self.keys[under]).open("case_key", wrapped)

    def system(self) -> Sealer:
        """Return the key for what belongs to no case: jobs that carry a mail's id or a sign-in code.

        A job that was left to Temporal before another key came first is opened still.
        """
        return self._system

    def seals(self, sealed: bytes) -> str | None:
        """Return the name of the key under which something was sealed that belongs to no case, or None."""
        found = self.system().sealed(sealed)
        return None if found is None else list(self.keys)[found]

    @cached_property
    def _system(self) -> Sealer:
        first, *former = (
            HKDF(SHA256(), _KEY, salt=None, info=b"duly/system/v1").derive(key) for key in self.keys.values()
        )
        return Sealer("system", first, tuple(former))


class CaseKeys:
    """The keys of all cases."""

    def __init__(self, db: Database, ring: Keyring) -> None:
        """Remember the latest of them, so that a running case costs no look-up."""
        self.ring = ring
        self._db = db
        self._remembered: OrderedDict[str, Sealer] = OrderedDict()

    async def create(self, session: AsyncSession, case: str) -> Sealer:
        """Return the key of `case`, made now if it has none yet. Of two who make it at once both get the same.

        It is remembered once it is kept: a transaction that fails takes it along.
        """
        key = os.urandom(_KEY)
        row = {"case": case, "wrapped_under": self.ring.first, "wrapped": self.ring.wrap(case, key)}
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        made = insert(_KEYS).on_conflict_do_nothing().returning(_KEYS.c.case)
        if (await run(session, made, row)).first() is None:
            return await self.of(case, session)
        sealer = Sealer(case, key)
        session.info.setdefault(_MADE, {})[case] = sealer
        return sealer

    async def of(self, case: str, session: AsyncSession | None = None) -> Sealer:
        """Return the key of `case`, read in `session` where there is one.

        Raises:
            CaseKeyMissingError: the case has none.
            SealBrokenError: the key it was wrapped under is not here.
        """
        if case in self._remembered:
            self._remembered.move_to_end(case)
            return self._remembered[case]
        if session is None:
            async with self._db.read() as reading:
                return self._kept(case, await first(reading, _KEY_OF, CaseKeyRow, case=case))
        made: dict[str, Sealer] = session.info.get(_MADE, {})
        return made.get(case) or self._kept(case, await first(session, _KEY_OF, CaseKeyRow, case=case))

    def forget(self, case: str) -> None:
        """Know the key of `case` no more, once it is destroyed."""
        self._remembered.pop(case, None)

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
