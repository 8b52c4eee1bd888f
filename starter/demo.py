"""The invented people with whom Duly is tried out; each pack brings its own."""

import csv
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import packs
from settings import Settings
from starter.people_import import bring_in
from store import people
from store.database import Database


async def load(settings: Settings) -> None:
    """Bring the invented people of each pack into its organisation, where nobody is there yet."""
    now = datetime.now(UTC)  # noqa: TID251 -- a composition root: here the clock is handed out
    db = Database(settings.database_url)
    try:
        async with db.write() as session:
            for folder in packs.pack_folders(settings.packs):
                pack, file = packs.load(folder), folder / "demo" / "people.csv"
                directory = await people.directory(session, pack.organisation.key)
                if not directory.people and file.is_file():
                    await bring_in(session, pack, file.read_bytes(), now)
    finally:
        await db.close()


def people_to_try(settings: Settings | None = None) -> list[tuple[str, str, str]]:
    """Return whom to sign in as: name, role and address of each; of the packs in use, or of those that Duly brings."""
    folders = settings.packs if settings is not None else (Path(packs.__file__).parent,)
    return [
        (names[one["email"]], one["role"], one["email"])
        for demo in (folder / "demo" for folder in packs.pack_folders(folders))
        if (demo / "try.toml").is_file() and (names := _names(demo / "people.csv"))
        for one in tomllib.loads((demo / "try.toml").read_text(encoding="utf-8"))["person"]
    ]


def _names(file: Path) -> dict[str, str]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return {row["email"]: row["name"] for row in csv.DictReader(lines)}
