"""Taking checkpoints over the chains of all cases, writing them out, proving from them, and checking against them."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.base import Frozen
from domain.calendar import local_day
from domain.checkpoints import FIRST, Checkpoint, UnreadableCheckpointError, case_leaf, digest, file_name, read
from domain.evidence import CheckpointProof
from domain.merkle import Levels, path, root, tree
from store.database import Database
from store.signing import SigningKeys
from store.tables import CaseRow, CheckpointHeadRow, CheckpointRow, EventRow

_PADDING: Final = 32


class Head(NamedTuple):
    """How long a chain is, and the hash of its last event."""

    n: int
    hash: str


class Shortened(Frozen):
    """A chain that lost the event which a checkpoint knew as its `n`th; the case is named as `store.audit` names it."""

    case: str
    n: int


class CheckpointReport(Frozen):
    """What came of checking the record against its checkpoints: how many there are, and what is wrong, in sentences."""

    checkpoints: int
    shortened: tuple[Shortened, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.shortened and not self.faults


@dataclass(frozen=True)
class Anchor:
    """What takes checkpoints: the database, the key that signs, and the folder that they are written to as well."""

    db: Database
    keys: SigningKeys
    folder: Path

    async def take_if_due(self, at: datetime) -> Checkpoint | None:
        """Take the checkpoint of the day if there is none yet; return it, or None.

        Raises:
            OSError: it was taken, and could not be written to the folder; the next look does that.
            SQLAlchemyError: the database does not answer.
        """
        taken = None
        if await self._is_due(at):
            async with self.db.write() as session:
                last = await _last(session)
                if _is_due(last, at):
                    taken = await _take(session, self.keys, last, at)
        await self.write_out()
        return taken

    async def take(self, at: datetime) -> Checkpoint:
        """Take a checkpoint now.

        Raises:
            OSError: it was taken, and could not be written to the folder; the next look does that.
            SQLAlchemyError: the database does not answer.
        """
        async with self.db.write() as session:
            taken = await _take(session, self.keys, await _last(session), at)
        await self.write_out()
        return taken

    async def write_out(self) -> None:
        """Write every checkpoint to the folder that is not there.

        Raises:
            OSError: that cannot be done.
        """
        async with self.db.read() as session:
            numbers = set((await session.scalars(select(col(CheckpointRow.n)))).all())
            missing = sorted(numbers - await asyncio.to_thread(_written, self.folder))
            wanted = select(col(CheckpointRow.text)).where(col(CheckpointRow.n).in_(missing))
            texts = (await session.scalars(wanted)).all() if missing else []
        if texts:
            await asyncio.to_thread(_write, self.folder, texts)

    async def _is_due(self, at: datetime) -> bool:
        async with self.db.read() as session:
            return _is_due(await _last(session), at)


async def verify(session: AsyncSession, keys: SigningKeys, folders: Sequence[Path] = ()) -> CheckpointReport:
    """Check every checkpoint, that the record still holds what each knew, and that `folders` have no other ones.

    A chain may have grown since; that it is whole, `store.audit` checks.
    """
    faults: list[str] = []
    texts: dict[int, str] = {}
    previous = FIRST
    async for row, heads in _through_time(session):
        texts[row.n] = row.text
        faults += _faults(row, heads, keys, previous, len(texts))
        previous = digest(row.text)
    for folder in folders:
        faults += await asyncio.to_thread(_differs, folder, texts)
    return CheckpointReport(checkpoints=len(texts), shortened=await _shortened(session), faults=tuple(faults))


async def proofs(session: AsyncSession, case: str) -> tuple[CheckpointProof, ...]:
    """Return, of one case, the first checkpoint after each time that something had happened, and the latest of all."""
    own = select(col(CheckpointHeadRow.checkpoint)).where(col(CheckpointHeadRow.case) == case)
    wanted = set((await session.scalars(own)).all())
    if not wanted:
        return ()
    last = await _last(session)
    wanted |= {last.n} if last is not None else set()
    found = []
    async for row, heads in _through_time(session):
        if row.n in wanted:
            levels = _tree(heads, row.padding)
            leaf = case_leaf(case, *heads[case])
            index = levels[0].index(leaf)
            found.append(
                CheckpointProof(
                    text=row.text,
                    count=heads[case].n,
                    head=heads[case].hash,
                    index=index,
                    beside=tuple(one.hex() for one in path(levels, index)),
                )
            )
    return tuple(found)


async def taken_since(session: AsyncSession, at: datetime) -> tuple[int, ...]:
    """Return the numbers of the checkpoints that were taken since `at`, the first first."""
    wanted = select(col(CheckpointRow.n)).where(col(CheckpointRow.at) >= at).order_by(col(CheckpointRow.n))
    return tuple((await session.scalars(wanted)).all())


async def text_of(session: AsyncSession, n: int) -> str | None:
    """Return the whole text of the checkpoint `n`, or None."""
    row = await session.get(CheckpointRow, n)
    return row.text if row is not None else None


async def _last(session: AsyncSession) -> CheckpointRow | None:
    return (await session.scalars(select(CheckpointRow).order_by(col(CheckpointRow.n).desc()).limit(1))).one_or_none()


def _is_due(last: CheckpointRow | None, at: datetime) -> bool:
    return last is None or local_day(last.at) < local_day(at)


async def _take(session: AsyncSession, keys: SigningKeys, last: CheckpointRow | None, at: datetime) -> Checkpoint:
    heads, known = await _heads(session), await _known(session)
    padding = secrets.token_bytes(_PADDING)
    levels = _tree(heads, padding)
    checkpoint = Checkpoint(
        n=last.n + 1 if last is not None else 1,
        at=at,
        leaves=len(levels[0]),
        root=root(levels).hex(),
        previous=digest(last.text) if last is not None else FIRST,
        key=keys.public,
    )
    text = checkpoint.text(keys.sign(checkpoint.to_sign()))
    session.add(CheckpointRow(n=checkpoint.n, at=at, text=text, padding=padding))
    await session.flush()
    session.add_all(
        CheckpointHeadRow(case=case, checkpoint=checkpoint.n, count=head.n, head=head.hash)
        for case, head in heads.items()
        if known.get(case) != head
    )
    await session.flush()
    return checkpoint


def _tree(heads: dict[str, Head], padding: bytes) -> Levels:
    return tree((case_leaf(case, *head) for case, head in heads.items()), padding)


async def _heads(session: AsyncSession) -> dict[str, Head]:
    """Return where every chain stands now."""
    last = select(col(EventRow.case), func.max(col(EventRow.n)).label("n")).group_by(col(EventRow.case)).subquery()
    joined = select(col(EventRow.case), col(EventRow.n), col(EventRow.hash)).join(
        last, and_(last.c.case == col(EventRow.case), last.c.n == col(EventRow.n))
    )
    return {case: Head(n, hash_) for case, n, hash_ in (await session.execute(joined)).all()}


async def _known(session: AsyncSession) -> dict[str, Head]:
    """Return where every chain stood at the last checkpoint."""
    rows = await session.scalars(select(CheckpointHeadRow).order_by(col(CheckpointHeadRow.checkpoint)))
    return {row.case: Head(row.count, row.head) for row in rows}


async def _through_time(session: AsyncSession) -> AsyncIterator[tuple[CheckpointRow, dict[str, Head]]]:
    """Yield each checkpoint, the first first, with where every chain stood then; the same object, as it grows."""
    changes = (await session.scalars(select(CheckpointHeadRow).order_by(col(CheckpointHeadRow.checkpoint)))).all()
    new = {n: list(rows) for n, rows in groupby(changes, lambda row: row.checkpoint)}
    heads: dict[str, Head] = {}
    for row in (await session.scalars(select(CheckpointRow).order_by(col(CheckpointRow.n)))).all():
        heads |= {one.case: Head(one.count, one.head) for one in new.get(row.n, ())}
        yield row, heads


def _faults(row: CheckpointRow, heads: dict[str, Head], keys: SigningKeys, previous: str, expected: int) -> list[str]:
    """Return what is wrong with a checkpoint by itself, and in its place."""
    try:
        checkpoint, signature = read(row.text)
    except UnreadableCheckpointError:
        return [f"Checkpoint {row.n} was changed: its text is none."]
    faults = []
    if checkpoint.n != row.n or row.n != expected or checkpoint.previous != previous:
        faults.append(f"Checkpoint {row.n} does not follow the one before it: one was changed, removed or moved.")
    if not keys.signed(checkpoint.key, signature, checkpoint.to_sign()):
        faults.append(f"Checkpoint {row.n} is not signed by the key of this installation.")
    if root(_tree(heads, row.padding)).hex() != checkpoint.root:
        faults.append(f"Checkpoint {row.n} does not fit what is kept of it: a head was changed or removed.")
    return faults


async def _shortened(session: AsyncSession) -> tuple[Shortened, ...]:
    """Return the first event of each case that a checkpoint knew and that is not on record any more."""
    there = and_(
        col(EventRow.case) == col(CheckpointHeadRow.case),
        col(EventRow.n) == col(CheckpointHeadRow.count),
        col(EventRow.hash) == col(CheckpointHeadRow.head),
    )
    lost = (
        select(CheckpointHeadRow, col(CaseRow.reference))
        .outerjoin(EventRow, there)
        .outerjoin(CaseRow, col(CaseRow.id) == col(CheckpointHeadRow.case))
        .where(col(EventRow.n).is_(None))
        .order_by(col(CheckpointHeadRow.case), col(CheckpointHeadRow.count))
    )
    found: dict[str, Shortened] = {}
    for row, reference in (await session.execute(lost)).all():
        found.setdefault(row.case, Shortened(case=reference or row.case, n=row.count))
    return tuple(found.values())


def _written(folder: Path) -> set[int]:
    """Return the numbers of the checkpoints that `folder` has."""
    found = set()
    for file in folder.glob("*.txt"):
        with suppress(ValueError):
            found.add(int(file.name.partition("-")[0]))
    return found


def _write(folder: Path, texts: Sequence[str]) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for text in texts:
        checkpoint, _ = read(text)
        draft = folder / f".{file_name(checkpoint)}.{secrets.token_hex(4)}"
        draft.touch(mode=0o600)
        draft.write_text(text, encoding="ascii")
        draft.replace(folder / file_name(checkpoint))


def _differs(folder: Path, texts: dict[int, str]) -> list[str]:
    """Return what is wrong where a folder has checkpoints that the database has not, or other ones."""
    faults = []
    for file in sorted(folder.glob("*.txt")):
        try:
            text = file.read_text(encoding="ascii")
            checkpoint, _ = read(text)
        except (OSError, ValueError):
            faults.append(f"{file.name} in {folder} is no checkpoint, or was changed.")
            continue
        if texts.get(checkpoint.n) != text:
            faults.append(f"{file.name} in {folder} is a checkpoint that the database has not, or has otherwise.")
    return faults
