"""A school that reviews its documents and has everybody sign its code of conduct, as pages know it."""

from typing import Final

from sqlmodel import col, select

from domain.documents import Citation, Document, DocumentControl
from domain.events import AnyEvent
from domain.pack import Pack, Seat
from starter.web.site import Site
from starter.web.submitting import calendar_of
from store import people, queries
from store.rounds import looking
from store.rounds.tables import CampaignRow, SignatureRow
from tests.builders import ORGANISATION
from tests.rounds import a_round, a_step, a_task
from tests.starter.web.conftest import Browser, page_of
from tests.starter.web.running import Running, a_link
from tests.starter.web.school import ELMBROOK

CODE_TEXT: Final = """Code of conduct

1. Online
1.1 I keep what I know of pupils to myself.

- I use the school's own accounts.
- I do not befriend pupils.

I understand that this is read.
"""
ATTESTATION: Final = "I have read this code of conduct and will keep to it."

REVIEW: Final = a_round(
    "review",
    cycle={"owner": "headteacher", "months": 12, "signed": True, "told": ["deputy_head"], "clause": "c16-6"},
    tasks=[a_task("draft", "draft_ready", "headteacher", answer_within=20, clause="c16-6")],
    steps=[a_step("deputy", "deputy_head", clause="c16-6")],
)
ACKNOWLEDGEMENT: Final = a_round(
    "acknowledgement",
    campaign={
        "owner": "headteacher",
        "documents": ["code"],
        "audience": ["employee", "governor"],
        "chase_on": 6,
        "chase": ["line_manager", "headteacher"],
        "visitors": True,
        "clause": "c16-6",
    },
    steps=[a_step("sign", "signer", attestation=ATTESTATION, clause="c16-6", remind_on=(3,))],
)
CODE: Final = Document(
    key="code",
    title="Code of conduct",
    version="1",
    owner="The headteacher",
    review_date="Summer 2026",
    cites=(Citation(title="Keeping Children Safe in Education", edition="2019", now="2026"),),
    text=CODE_TEXT,
)
PAPERS: Final[Pack] = ELMBROOK.model_copy(
    update={
        "document": DocumentControl(title="Social Media Policy", text="The policy."),
        "documents": (CODE, CODE.model_copy(update={"key": "fresh", "title": "A fresh policy", "review_date": "2028"})),
        "processes": (*ELMBROOK.processes, REVIEW, ACKNOWLEDGEMENT),
        "seats": (*ELMBROOK.seats, Seat(key="signer", title="Whoever signs", from_field="signer")),
    }
)


async def taken_on(site: Site, running: Running, *documents: str) -> None:
    """Have Duly take on `documents`, as the lookout does: their first versions are kept, and their reviews begin."""
    calendar = calendar_of(PAPERS.calendar, 2026)
    for key in documents:
        async with site.db.write() as session:
            directory = await people.directory(session, ORGANISATION)
            opening = await looking.take_on(session, site.keys, PAPERS, key, calendar, directory, site.clock())
        await running.begin(opening)
        async with site.db.write() as session:
            await looking.mark_begun(session, ORGANISATION, key, site.clock())


async def asked_to_sign(browser: Browser, document: str = "code") -> str:
    """Have everybody asked to sign a document by whoever sits at `browser`; return the path of the campaign."""
    page = page_of(await browser.get(f"/documents/{document}/ask"))
    fields = {name: str(page.select(f"main [name={name}]")[0]["value"]) for name in ("key", "digest")}
    answer = await browser.post(f"/documents/{document}/ask", fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


async def signature_of(site: Site, person: str, campaign: int = -1) -> SignatureRow:
    """Return how somebody is asked to sign, in the latest campaign, or another."""
    async with site.db.read() as session:
        wanted = (
            select(SignatureRow)
            .join(CampaignRow, col(CampaignRow.case) == col(SignatureRow.campaign))
            .where(col(SignatureRow.person) == person)
            .order_by(col(CampaignRow.began_at))
        )
        return (await session.scalars(wanted)).all()[campaign]


async def a_link_to_sign(site: Site, person: str) -> str:
    """Return the token by which somebody may sign."""
    return await a_link(site, person, case=(await signature_of(site, person)).case)


async def events_of(site: Site, case: str) -> list[AnyEvent]:
    """Return what is on record in a case."""
    async with site.db.read() as session:
        return [said.event for said in await queries.history(session, site.keys, case)]


async def case_of(site: Site, path: str) -> str:
    """Return the id of the case at `path`."""
    async with site.db.read() as session:
        row = await queries.case_by_reference(session, path.rpartition("/")[2])
    assert row is not None
    return row.id
