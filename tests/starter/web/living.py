"""A site that lives: its pack, and its case as it begins out of an approval, run in this process."""

from datetime import date
from typing import Final

from domain.cases import Act, Opening, Present, Reply, Request
from domain.fields import Day, OnePerson, People, ShortText
from domain.forms import After, Form, Section
from domain.pack import Changes, Clause, Contact, Cover, Pack, Process, Seat
from domain.round_entries import SiteWentLive
from store import packs
from tests.builders import CALENDAR, HEADTEACHER, ORGANISATION, PACK, SCHOOL, SEATS
from tests.rounds import a_task
from tests.starter.web.running import Running, answered, requested

REFERENCE: Final = "3F7K-9QXN"
CASE: Final = f"/cases/{REFERENCE}"
TEAM: Final = ("amina", "ben", "dev", "otto")

FORM: Final = Form(
    key="site",
    title="A site",
    source="Appendix 1",
    site_title="name",
    sections=(
        Section(
            key="team",
            title="Team",
            fields=(
                ShortText(type="short_text", key="name", label="Name of the site", required=True),
                OnePerson(type="person", key="author", label="Author", required=True),
                People(type="people", key="administrators", label="Administrators", required=True, at_least=2),
                People(type="people", key="moderators", label="Moderators", required=True, at_least=2),
            ),
        ),
        Section(
            key="days",
            title="Days",
            fields=(
                Day(type="date", key="go_live_date", label="Goes live on", required=True),
                Day(type="date", key="closure_date", label="Closes on", required=True),
            ),
        ),
    ),
    rules=(
        After(rule="after", field="go_live_date", other="today", message="It must go live after today"),
        After(rule="after", field="closure_date", other="go_live_date", message="It must close after it goes live"),
    ),
)
PROCESS: Final = Process.model_validate(
    {
        "key": "site_life",
        "story": "site_life",
        "title": "Look after a site",
        "summary": "",
        "form": "site",
        "clause": "c14-5",
        "tasks": [
            a_task("go_live", "site_went_live", answer_within=10, clause="c14-5"),
            a_task("close", "site_closed", answer_within=20, clause="c14-5"),
            a_task("suspend", "posting_suspended", answer_within=1, clause="c14-5"),
        ],
        "rounds": [{**a_task("look", "site_reviewed", answer_within=10, clause="c14-5"), "every": "half_year"}],
        "cover": Cover(at_least=2, grace=5, clause="c14-5").model_dump(),
        "steps": [HEADTEACHER.model_copy(update={"confirmations": ()}).model_dump()],
        "changes": Changes(back_to="headteacher", clause="c16-6").model_dump(),
        "rules": [
            {
                "rule": "before",
                "key": "live-before-reviewed",
                "first": {"event": "site_went_live"},
                "then": {"event": "site_reviewed"},
                "clause": "c14-5",
            }
        ],
    }
)
OWNER: Final = Seat(key="site_owner", title="Site owner", from_field="author", stands_in=("headteacher",))
LIVING: Final = PACK.model_copy(
    update={
        "key": ORGANISATION,
        "forms": (*PACK.forms, FORM),
        "processes": (*PACK.processes, PROCESS),
        "seats": (*SEATS, OWNER),
        "clauses": (*PACK.clauses, Clause(id="c18-4", where="Elmbrook 18.4", quoted="enough approved moderators")),
        "contacts": (*PACK.contacts, Contact(key="police", title="Police", phone="999")),
    }
)
ANSWERS: Final = {
    "site": "c-1",
    "name": "Science club",
    "author": "amina",
    "administrators": ("amina", "ben"),
    "moderators": ("dev", "otto"),
    "go_live_date": "2026-11-02",
    "closure_date": "2028-11-02",
}
LIVE: Final = SiteWentLive(
    address="https://example.org/science",
    on=date(2026, 11, 2),
    terms_published="yes",
    privacy="Closed group.",
    trained=TEAM,
)
TYPED: Final = [
    ("address", "https://example.org/science"),
    ("on-day", "2"),
    ("on-month", "11"),
    ("on-year", "2026"),
    ("terms_published", "yes"),
    ("privacy", "Closed group."),
    *(("trained", place) for place in ("n1", "n2", "n3", "n4")),
    ("note", ""),
]
"""What somebody types who records that the site is live."""


async def begun(running: Running, pack: Pack = LIVING, case: str = "c-life", **answers: object) -> Opening:
    """Return the opening of the life of a site, that has begun."""
    async with running.site.db.write() as session:
        digest = await packs.keep(session, pack)
    request = Request.model_validate(
        {"title": "Science club", "starter": "", "author": "", "answers": ANSWERS | answers}
    )
    opening = Opening(
        case=case,
        reference=REFERENCE,
        organisation=ORGANISATION,
        school=SCHOOL,
        pack_digest=digest,
        process=PROCESS,
        seats=pack.seats,
        calendar=CALENDAR,
        request=request,
    )
    await running.begin(opening)
    return opening


async def registered(running: Running) -> None:
    """Have the site approved from which the life goes on, so that the register knows it."""
    await requested(running)
    await answered(running, "ben", "a1")
    await answered(running, "helen", "a2")


async def went_live(running: Running, case: str = "c-life") -> None:
    """Have Amina put on record that the site is live."""
    act = Act(kind="record", person="amina", how="session", entry=LIVE, occasion="live")
    assert (await running.act(case, act)).says == "done"


async def covers(running: Running, administrators: tuple[str, ...], moderators: tuple[str, ...]) -> Reply:
    """Have the case told who of those who run the site is there."""
    there = Present(administrators=administrators, moderators=moderators)
    return await running.act("c-life", Act(kind="cover", person="duly", how="duly", present=there))
