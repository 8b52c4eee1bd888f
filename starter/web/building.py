"""The site, put together from the settings: here the clock is handed out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import packs
from settings import Settings
from starter.engine import Engine
from starter.web.site import Once, Site
from store import confidential, version
from store import packs as kept_packs
from store.codec import connect
from store.database import Database
from store.keys import CaseKeys, Keyring


def now() -> datetime:
    """Return the time of this machine, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 -- a composition root: here the clock is handed out


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[Site]:
    """Yield the site of `settings`; neither the database nor Temporal has to answer yet.

    Its packs are on record before its first page, so that every case can be read under its own.
    """
    db = Database(settings.database_url)
    keys = CaseKeys(db, Keyring.of(settings.key_ring))
    loaded = await asyncio.to_thread(packs.load_all, settings.packs)

    async def keep() -> None:
        async with db.write() as session:
            await (await session.connection()).run_sync(version.check)
            for pack in loaded.values():
                await kept_packs.keep(session, pack)
            await confidential.keep_index(session, keys)

    try:
        client = await connect(keys, lazy=True, **_embedded(settings))
        demo = settings.mode == "demo"
        yield Site(settings, db, keys, Engine(client), loaded, now, demo=demo, prepared=Once(keep))
    finally:
        await db.close()


def _embedded(settings: Settings) -> dict[str, str]:
    """Return where the Temporal of a running `duly up` is, for a command beside it."""
    file = settings.temporal_address
    return {"unless_named": file.read_text(encoding="utf-8")} if file.exists() else {}
