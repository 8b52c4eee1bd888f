"""Views that somebody keeps: their own, by name."""

from store import people, views
from store.database import Database
from tests.builders import MONDAY as NOW
from tests.builders import PEOPLE


async def test_views_are_those_of_one_person(database: Database) -> None:
    async with database.write() as session:
        await people.save(session, PEOPLE)
        for person, name in (("ada", "Overdue"), ("ada", "Mine"), ("otto", "Mine")):
            views.keep(session, person, name, "state=open", NOW)
        await session.flush()
        mine, overdue = await views.views_of(session, "ada")
        assert (mine.name, overdue.name, mine.query) == ("Mine", "Overdue", "state=open")
        await views.forget(session, "otto", mine.id)
        assert len(await views.views_of(session, "ada")) == 2
        await views.forget(session, "ada", mine.id)
        assert [view.name for view in await views.views_of(session, "ada")] == ["Overdue"]
        assert len(await views.views_of(session, "otto")) == 1
