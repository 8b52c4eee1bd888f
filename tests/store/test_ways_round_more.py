"""A rotation that others work against, and a service whose maker has gone: what was tried, and is closed."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from domain.interface import Service
from domain.power import PowerChange, What
from store import people, power, rotating, second_factors, services
from store.database import Database
from store.keys import CaseKeys
from store.power import UnfitChangeError
from store.rotating import Uses, rotate
from store.tables import SecondFactorRow
from tests.builders import ADA, MONDAY, ORGANISATION, PACK, PEOPLE, a_person
from tests.store.test_rotating import BEFORE, BOTH, used
from tests.store.turns import put, the_first_turn


async def test_a_key_that_comes_under_the_old_one_meanwhile_is_told_of(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.write() as session:
        for n in range(3):
            await CaseKeys(database, BEFORE).create(session, f"c-{n}")
    seal = rotating._seal_anew

    async def while_another_works(*of: object) -> tuple[int, int]:
        # It was not restarted: what it begins lies behind what was looked at.
        await CaseKeys(database, BEFORE).create(of[0], "c-0-late")  # type: ignore[arg-type]
        return await seal(*of)  # type: ignore[arg-type]

    monkeypatch.setattr(rotating, "_seal_anew", while_another_works)
    done = await rotate(database, BOTH)
    assert (done.cases, done.late, done.whole) == (4, 1, False)
    assert (await used(database, BOTH)).by_key["old"] == Uses()
    monkeypatch.undo()
    assert (await rotate(database, BOTH)).whole


async def test_a_secret_that_was_tampered_with_holds_up_no_other(database: Database) -> None:
    await put(database, CaseKeys(database, BEFORE), the_first_turn())
    async with database.write() as session:
        for person in ("amina", "ben"):
            await second_factors.begin(session, BEFORE, person, MONDAY)
    async with database.write() as session:
        row = await second_factors.factor_of(session, "amina")
        assert row is not None
        broken = row.sealed_secret[:-1] + bytes([row.sealed_secret[-1] ^ 1])
        of_amina = col(SecondFactorRow.person) == "amina"
        await session.execute(update(SecondFactorRow).where(of_amina).values(sealed_secret=broken))
    done = await rotate(database, BOTH)
    assert (done.others, done.unknown, done.whole) == (1, 1, False)


@pytest.mark.parametrize("gone", [{"administrator": False}, {"leaves_on": MONDAY.date()}])
async def test_nobody_confirms_a_service_whose_token_only_somebody_has_who_administers_no_more(
    database: Database, gone: dict[str, Any]
) -> None:
    later = MONDAY + timedelta(days=2)
    service = Service(name="Portal", scopes=("cases:read",), until=later.date(), made_by="ada")
    change = PowerChange(person="5" * 32, what=What.SERVICE, before="", after=service.model_dump_json())
    async with database.write() as session:
        await people.save(session, (*PEOPLE, a_person("nina", "Nina Shah", administrator=True)))
        token = await services.make(session, id_=change.person, organisation=ORGANISATION, service=service, at=MONDAY)
        await power.propose(session, PACK.organisation, [change], by="ada", at=MONDAY, why="For the portal")
        await people.save(session, (ADA.model_copy(update=gone),))
    assert token is not None
    with pytest.raises(UnfitChangeError, match="no administrator any more"):
        async with database.write() as session:
            await power.confirm(session, await power.waiting(session, ORGANISATION, later), "nina", later)
    async with database.write() as session:
        assert await services.service_with(session, token, later) is None
        await power.refuse(session, await power.waiting(session, ORGANISATION, later), "nina", later)
