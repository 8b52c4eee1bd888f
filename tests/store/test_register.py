"""The register of approved sites, read a page at a time."""

from datetime import UTC, datetime

from store import queries
from store.database import Database
from store.tables import CaseRow, SiteRow

AT = datetime(2027, 1, 11, 10, 0, tzinfo=UTC)


def a_case(case: str) -> CaseRow:
    return CaseRow(
        id=case,
        reference=case,
        organisation="elms",
        school="elm",
        process="site_creation",
        title=case,
        starter="author",
        author="author",
        version=1,
        opened_at=AT,
        changed_at=AT,
        sealed_opening=b"",
        sealed_standing=b"",
    )


def a_site(case: str, title: str) -> SiteRow:
    return SiteRow(case=case, organisation="elms", school="elm", title=title, author="author", approved_at=AT)


async def test_the_register_is_read_by_title_a_page_at_a_time_with_no_site_twice(database: Database) -> None:
    titles = {"c-1": "Choir", "c-2": "Art", "c-3": "Choir", "c-4": "Drama"}
    async with database.write() as session:
        session.add_all([a_case(case) for case in titles])
        await session.flush()
        session.add_all([a_site(case, title) for case, title in titles.items()])
    seen: list[str] = []
    async with database.read() as session:
        while page := await queries.register_of(session, "elms", after=seen[-1] if seen else None, most=2):
            seen += [site.case for site in page]
        assert await queries.register_of(session, "other") == []
    assert seen == ["c-2", "c-1", "c-3", "c-4"]
