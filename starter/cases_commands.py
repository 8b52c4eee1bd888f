"""`duly cases`: the ordinary cases, one of them, and its evidence as a file.

A confidential case is known to nobody here: its evidence is taken on its own page, by those who see to it.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from settings import Settings
    from store.evidence import Gathered
    from store.keys import CaseKeys
    from store.tables import CaseRow

T = TypeVar("T")


class _NoCaseError(Exception):
    """There is no ordinary case with a reference."""


group = typer.Typer(help="Cases: the ordinary ones, and the evidence of one.", no_args_is_help=True)


@group.callback()
def cases() -> None:
    """Cases: the ordinary ones, and the evidence of one."""


@group.command("list")
def list_cases(
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are not closed.")] = False,
    most: Annotated[int, typer.Option(help="As many as are listed at most.", min=1, max=10_000)] = 50,
) -> None:
    """List the ordinary cases, newest first: reference, day, how it stands, title."""
    from domain.calendar import local_day
    from starter.web.cases import state_of

    rows, void = _reading(lambda session, _: _newest(session, most, only_open=only_open))
    for row in rows:
        typer.echo(f"{row.reference}  {local_day(row.opened_at)}  {state_of(row, void=void):<32}  {row.title}")


@group.command()
def show(reference: Annotated[str, typer.Argument(help="The reference, such as K7QM-4TXR.")]) -> None:
    """Show what happened in an ordinary case."""
    from domain.telling import Teller
    from templates import moment

    gathered = _reading(lambda session, keys: _gathered(session, keys, reference, names=True))
    typer.echo(f"{gathered.reference}  {gathered.opening.process.title}  {gathered.title}")
    names = {person.id: person.name for person in gathered.directory.people}
    for told in Teller(gathered.opening, names).told(gathered.history):
        typer.echo(f"{told.n:>4}  {moment(told.at)}: {told.words}")


@group.command()
def export(
    reference: Annotated[str, typer.Argument(help="The reference, such as K7QM-4TXR.")],
    out: Annotated[Path, typer.Option(help="The file to write; one that is there is not overwritten.")],
    redact: Annotated[
        Literal["names"] | None, typer.Option(help="What to withhold: names, and all typed text.")
    ] = None,
) -> None:
    """Write the evidence of an ordinary case to a file that `duly verify` checks; who took it goes on record."""
    from datetime import UTC, datetime

    from starter.commands import checked_settings, checked_signing_keys
    from starter.web.bundling import packed

    keys = checked_signing_keys(checked_settings())
    gathered = _reading(lambda session, case_keys: _gathered(session, case_keys, reference, names=redact is None))
    at = datetime.now(UTC)  # noqa: TID251 -- a composition root: here the clock is handed out
    content, operator = packed(gathered, keys, at), _operator()
    try:
        with out.open("xb") as file:
            try:
                _note_taken(gathered, operator, at)
            except BaseException:
                out.unlink()
                raise
            file.write(content)
    except OSError as error:
        typer.echo(f"{out} cannot be written: {error.strerror}", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"{out} has the evidence of {gathered.reference}. That {operator} took it is on record.")
    typer.echo("Whoever gets it checks it with:")
    typer.echo(f'duly verify {out.name} --key "{keys.fingerprint}"')


def _operator() -> str:
    """Return who runs this, as the machine knows them, and by which name they came where they became root."""
    import os
    import socket

    try:
        import pwd

        name = pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):  # Windows has none of it, and a container may have a user without a name
        name = str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "somebody")
    before = os.environ.get("SUDO_USER", "")
    named = f"{name} ({before})" if before and before != name else name
    return f"{named} at {socket.gethostname()}"


def _note_taken(gathered: "Gathered", operator: str, at: "datetime") -> None:
    import asyncio

    from starter.commands import checked_settings

    asyncio.run(_noted(checked_settings(), gathered, operator, at))


async def _noted(settings: "Settings", gathered: "Gathered", operator: str, at: "datetime") -> None:
    from store import evidence
    from store.database import Database

    db = Database(settings.database_url)
    try:
        async with db.write() as session:
            await evidence.note_taken(session, gathered.case, gathered.withheld, at, operator=operator)
    finally:
        await db.close()


def _reading(read: "Callable[[AsyncSession, CaseKeys], Awaitable[T]]") -> T:
    """Return what `read` makes of the database; where a case is not there or was changed, say so and exit."""
    import asyncio

    from starter.commands import settings_with_database
    from store.keys import CaseKeyMissingError, SealBrokenError
    from store.queries import BrokenRecordError

    settings = settings_with_database()
    try:
        return asyncio.run(_with_database(settings, read))
    except (BrokenRecordError, CaseKeyMissingError, SealBrokenError) as error:
        typer.echo(f"The record of the case cannot be read: {error}. See `duly audit verify`.", err=True)
        raise typer.Exit(1) from None
    except _NoCaseError:
        typer.echo("There is no ordinary case with that reference.", err=True)
        raise typer.Exit(2) from None


async def _with_database(settings: "Settings", read: "Callable[[AsyncSession, CaseKeys], Awaitable[T]]") -> T:
    from store.database import Database
    from store.keys import CaseKeys, Keyring

    db = Database(settings.database_url)
    try:
        async with db.read() as session:
            return await read(session, CaseKeys(db, Keyring.of(settings.key_ring)))
    finally:
        await db.close()


async def _newest(session: "AsyncSession", most: int, *, only_open: bool) -> "tuple[Sequence[CaseRow], frozenset[str]]":
    """Return the newest cases, and the ids of those whose approval became void after they had ended."""
    from sqlalchemy import select
    from sqlmodel import col

    from store import queries
    from store.tables import CaseRow

    newest = select(CaseRow).order_by(col(CaseRow.opened_at).desc(), col(CaseRow.id)).limit(most)
    rows = (await session.scalars(newest.where(col(CaseRow.closed_at).is_(None)) if only_open else newest)).all()
    return rows, await queries.void_of(session, rows)


async def _gathered(session: "AsyncSession", keys: "CaseKeys", reference: str, *, names: bool) -> "Gathered":
    """Return the evidence of an ordinary case.

    Raises:
        _NoCaseError: there is none with that reference.
    """
    from domain.refs import read_reference
    from store import evidence, queries

    row = await queries.case_by_reference(session, read_reference(reference) or "")
    if row is None:
        raise _NoCaseError
    return await evidence.of_case(session, keys, row, frozenset() if names else frozenset({"names"}))
