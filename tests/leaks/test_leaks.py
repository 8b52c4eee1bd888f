"""Nothing of a confidential case is anywhere but sealed: not in Temporal, the database, a log, a mail, a number.

A whole house of processes runs a report, an allegation and a disciplinary case to their ends, with a marker in every
field, and with everything going wrong that can. Then all that is left behind is searched.
"""

import asyncio
import re
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final, get_args

import pytest
from sqlalchemy import text as sql
from sqlmodel import SQLModel
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from benchmarks.house import ROOT
from domain.base import How
from domain.cases import Act, ActKind, Opening
from domain.entries import AnyEntry, AnyRemark
from store.confidential import Confidential
from tests.leaks import school, story
from tests.leaks.house import SEARCHED, House, house
from tests.leaks.searching import Found, Needle, of_rows, search, text, word
from tests.leaks.shapes import Shape, shape_of, updates_of
from tests.leaks.story import STEM
from tests.leaks.troubles import OUTSIDERS, PROGRAMS, Everything, Troubles, told
from tests.leaks.world import world
from tests.store.conftest import named, run_on

LEAKED: Final = "Xjovbrynt"
"""With this begins what is leaked on purpose."""

_KINDS: Final = [str(one.model_fields["kind"].default) for group in (AnyRemark, AnyEntry) for one in get_args(group)]
_KINDS.remove("case_opened")  # as an administrator does with an ordinary one
_TOPICS: Final = {topic.key for process in school.pack().processes for topic in process.topics}
_SHORT: Final = 9
WORDS: Final = {
    "what happens": text(*_KINDS, *(kind.replace("_", "") for kind in _KINDS)),
    "what it is about": text(*(topic for topic in _TOPICS if len(topic) > _SHORT)),
    "a word of such cases": text("allegation", "disciplin", "interview", "suspen", "confidential", "case_manager"),
    "that somebody reported": text("reporting", "receipt"),
    "the LADO": word("lado"),
}
"""What nobody may read who may not know that there are such cases."""

RECUSED: Final = school.person(school.LINE_MANAGER)
SECRETS: Final = ("a marker", "a day", "the code")
"""What nobody may read who may not know of the cases: every marker, the days, and the reporter's code."""

PURPOSE: Final = "on purpose"
"""What is to be found wherever it was leaked."""

PUBLIC: Final = ("pack_text.json_text", "document_version.text")
"""The policy, and the documents that everybody of the organisation reads: both speak of such cases in general."""

OWN_FILES: Final = {"Duly's duly.sqlite3", "Duly's duly.sqlite3-wal"}
"""Our own database as it is on the disk: its columns are looked at one by one besides."""

_GUESSED: Final[tuple[tuple[ActKind, str, How, str], ...]] = (
    ("step_aside", school.person(school.HEAD).id, "session", story.ASIDE),
    ("halt", "duly", "duly", ""),
    ("told", "duly", "duly", ""),
)
"""What somebody could guess that somebody did."""

_NEUTRAL: Final = b"Subject: You have a task in Duly\r\n"
_NAMING: Final = re.compile(rb"^(?:To|Message-ID): [^\r]*\r\n", re.MULTILINE)
"""The two lines of a mail in which one differs from another."""


TOLD: Final = ("asked", "link", "mail", "signature")
"""The tables in which everybody stands: each term all are asked to look through their own accounts."""


@dataclass
class Evidence:
    """All that a house left behind: what is kept and was sent, by where; the pages, by whose; and the truth."""

    kept: dict[str, bytes]
    pages: dict[str, bytes]
    ordinary_mails: int
    mails: list[tuple[list[str], bytes]]
    mail_rows: list[tuple[object, ...]]
    told: dict[str, dict[str, int]]
    cases: list[Confidential]
    code: str
    ordinary: Shape
    confidential: list[Shape]
    updates: set[str]
    found: list[Found] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Search all of it, once; pages not for words that everybody may read, or that are theirs to read."""
        of_pages = {name: needle for name, needle in self.needles.items() if name in {*SECRETS, PURPOSE}}
        self.found = search(self.kept, self.needles) + search(self.pages, of_pages)

    @property
    def needles(self) -> dict[str, Needle]:
        """All that is looked for."""
        return {
            "a marker": text(STEM),
            "a day": text(*(day.isoformat() for day in story.DAYS)),
            "the code": text(self.code, self.code.replace("-", "")),
            "a reference": text(*(case.row.reference for case in self.cases)),
            "a subject": text(school.person(school.SUBJECT).id),
            "somebody recused": text(RECUSED.id),
            PURPOSE: text(LEAKED),
            **WORDS,
        }

    @property
    def neutral(self) -> tuple[list[tuple[list[str], bytes]], list[tuple[list[str], bytes]]]:
        """The mails that say only that something waits: those of ordinary cases, and those of confidential ones."""
        first = self.ordinary_mails
        several = (self.mails[:first], self.mails[first:])
        ordinary, confidential = ([one for one in some if _NEUTRAL in one[1]] for some in several)
        return ordinary, confidential

    def where(self, *needles: str) -> set[str]:
        """Return where any of `needles` was found."""
        assert set(needles) <= self.needles.keys()
        return {one.where for one in self.found if one.needle in needles}


@pytest.fixture(scope="module")
async def evidence(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Return what is left of a house in which a report, an allegation and a disciplinary case ran to their ends."""
    folder = tmp_path_factory.mktemp("house")
    async with house(folder, migrated_file) as here:
        ordinary = await an_ordinary_case(here)
        ordinary_mails = len(here.letters.raw)
        code, pages = await played(here)
        cases = await here.cases()
        await here.all_mails_are_gone()
        shapes = [await shape_of(here.client, one) for one in (ordinary, *(case.row.id for case in cases))]
        updates = {one for case in cases for one in await updates_of(here.client, case.row.id)}
        pages |= await leaked_on_purpose(here)
        metrics = await here.metrics()
        async with here.db.read() as session:
            shape = "SELECT DISTINCT \"case\", about, ask, gathered_at, dropped_at FROM mail WHERE template = 'neutral'"
            rows = [tuple(row) for row in await session.execute(sql(shape))]
            told = {}
            for table in TOLD:
                counts = sql(f"SELECT person, count(*) FROM {table} GROUP BY person")  # noqa: S608 -- a name from above
                told[table] = dict(tuple(row) for row in await session.execute(counts))
    return Evidence(
        kept={**metrics, **here.traces()},
        pages=pages,
        ordinary_mails=ordinary_mails,
        mails=here.letters.raw,
        mail_rows=rows,
        told=told,
        cases=cases,
        code=code,
        ordinary=shapes[0],
        confidential=shapes[1:],
        updates=updates,
    )


# What is left.


def test_the_story_was_whole(evidence: Evidence) -> None:
    assert story.kinds_in(evidence.cases) >= story.PLAYED
    assert [case.standing.outcome for case in evidence.cases] == ["closed", "closed", None]
    assert len(story.markers_in(evidence.cases)) > 60
    assert {name.partition(" ")[0] for name in evidence.kept} == {"metrics", "Temporal's", "Duly's", "log", "mail"}


def test_what_is_leaked_on_purpose_is_found_wherever_it_is(evidence: Evidence) -> None:
    """Without this, that nothing was found would prove nothing."""
    found = evidence.where(PURPOSE)
    assert "a page" in found
    assert "log of the worker" in found
    assert "Duly's duly.sqlite3: case.title" in found
    assert "Temporal's temporal.sqlite3: executions_visibility.search_attributes" in found
    assert "Temporal's temporal.sqlite3: history_node.data" in found
    assert "metrics" in found
    assert any(where.startswith("Duly's duly.sqlite3") and ":" not in where for where in found)
    assert any(where.startswith("mail ") for where in found)


@pytest.mark.meets("PLAT-10")
def test_nothing_that_was_said_is_kept_or_sent_in_any_form(evidence: Evidence) -> None:
    assert evidence.where(*SECRETS) & evidence.kept.keys() == set()


def test_nothing_that_was_said_is_on_a_page_of_anybody_who_may_not_know(evidence: Evidence) -> None:
    assert len(evidence.pages) > 50 * len(OUTSIDERS)
    everywhere = {where.partition(": ")[2] for where in evidence.pages}
    assert {"/documents", "/coming", "/c/closed", f"{PROGRAMS}/cases, by a program"} <= everywhere
    for lead in ("/documents/", "/admin/cases?", "/cases/"):
        assert any(place.startswith(lead) for place in everywhere)
    references = {one.row.reference for one in evidence.cases}
    for last in ("/operation", "/evidence"):
        own = {place.split("/")[2] for place in everywhere if re.fullmatch(rf"/cases/[^/]+{last}", place)}
        # Of the case that they must not know of, and of one that an administrator knows.
        assert own & references
        assert own - references
    assert evidence.where(*SECRETS) & evidence.pages.keys() == set()


def test_what_duly_tells_whoever_measures_it_is_of_ordinary_cases_alone(evidence: Evidence) -> None:
    measured = evidence.kept["metrics of Duly"].decode()
    assert "duly_cases_open{" in measured
    processes = set(re.findall(r'process="([^"]*)"', measured))
    assert "site_creation" in processes
    assert processes.isdisjoint(process.key for process in school.pack().processes if process.confidential)


def test_not_even_a_word_of_such_cases_is_kept_or_sent(evidence: Evidence) -> None:
    # What everybody of the school reads, and the names of tables, are known to everybody.
    public = {*(f"Duly's duly.sqlite3: {column}" for column in PUBLIC), *OWN_FILES}
    assert evidence.where(*WORDS) & evidence.kept.keys() - public == set()


def test_who_it_is_about_stands_only_in_the_directory(evidence: Evidence) -> None:
    columns = ("person.id", "person_school.person", "person.line_manager", "session.person", "api_token.person")
    asked = (f"{table}.person" for table in TOLD)
    found = evidence.where("a subject", "somebody recused") & evidence.kept.keys() - OWN_FILES
    assert found == {f"Duly's duly.sqlite3: {column}" for column in (*columns, *asked)}


def test_who_it_is_about_is_asked_and_mailed_no_more_than_anybody(evidence: Evidence) -> None:
    for counts in evidence.told.values():
        for somebody in (school.person(school.SUBJECT).id, RECUSED.id):
            assert counts[somebody] == min(counts.values())


def test_a_reference_stands_only_with_its_case(evidence: Evidence) -> None:
    found = evidence.where("a reference") & evidence.kept.keys() - OWN_FILES
    assert found == {"Duly's duly.sqlite3: confidential.reference"}


def test_in_temporal_a_confidential_case_is_like_any_other(evidence: Evidence) -> None:
    for shape in evidence.confidential:
        assert shape == evidence.ordinary


def test_what_somebody_did_cannot_be_guessed_from_what_temporal_calls_it(evidence: Evidence) -> None:
    guesses = {
        Act(kind=kind, person=person, how=how, ask=ask, comment=comment, occasion=occasion).digest
        for kind, person, how, comment in _GUESSED
        for ask in (None, *(f"a{n}" for n in range(1, 20)))
        for occasion in ("", *map(str, range(100)))
    }
    assert len(evidence.updates) > 50
    assert evidence.updates.isdisjoint(guesses)


def test_every_mail_of_a_confidential_case_is_the_same_and_ordinary_cases_send_it_too(evidence: Evidence) -> None:
    ordinary, confidential = evidence.neutral
    assert ordinary
    assert len(confidential) > 20
    assert len({_NAMING.sub(b"", mail) for _, mail in (*ordinary, *confidential)}) == 1
    names = re.findall(rb"^([A-Za-z-]+): ", confidential[0][1].partition(b"\r\n\r\n")[0], re.MULTILINE)
    assert set(names) == {
        b"Content-Type",
        b"MIME-Version",
        b"From",
        b"To",
        b"Subject",
        b"Message-ID",
        b"Auto-Submitted",
    }
    assert evidence.mail_rows == [(None,) * 5]


def test_nobody_is_mailed_who_may_not_know(evidence: Evidence) -> None:
    _, confidential = evidence.neutral
    assert not {one for to, _ in confidential for one in to} & {*OUTSIDERS.values()}


def test_no_mail_names_a_case(evidence: Evidence) -> None:
    ids = [case.row.id.removeprefix("c-").encode() for case in evidence.cases]
    assert not [mail for _, mail in evidence.mails if any(one in mail for one in ids)]


@pytest.mark.postgres
async def test_nothing_is_in_a_table_of_postgresql(postgres_url: str, migrated_postgres: str, tmp_path: Path) -> None:
    url = named(postgres_url, "leaks")
    await run_on(postgres_url, f"CREATE DATABASE leaks TEMPLATE {migrated_postgres}")
    async with world(tmp_path, url) as here:
        code = await told(here, Troubles())
        assert story.kinds_in(await here.cases()) >= story.PLAYED
        tables: dict[str, bytes] = {}
        async with here.site.db.read() as session:
            for name in SQLModel.metadata.tables:
                rows = await session.execute(sql(f'SELECT * FROM "{name}"'))  # noqa: S608 -- a name of our own
                tables |= of_rows(name, rows.keys(), rows.all())
    for column in PUBLIC:
        tables.pop(column, None)
    secrets = {"a marker": text(STEM), "the code": text(code, code.replace("-", ""))}
    assert search(tables, secrets | WORDS) == []


# How it came to be.


async def played(here: House) -> tuple[str, dict[str, bytes]]:
    """Have the story told with all its troubles; return the code of the reporter, and the pages of outsiders."""
    troubles = Everything(here)
    return await told(here, troubles), troubles.pages


async def begun(here: House, opening: Opening) -> None:
    """Begin a case as the pages do."""
    async with here.db.write() as session:
        await here.keys.create(session, opening.case)
    await here.engine.begin(opening)
    await here.settled(opening.case)


async def an_ordinary_case(here: House) -> str:
    """Have a request for a site wait until it is escalated, and be withdrawn; return the id of its case."""
    opening = school.ordinary("form-1", here.now)
    await begun(here, opening)
    await here.wait(opening.case, timedelta(days=18))
    await here.engine.act(opening.case, Act(kind="withdraw", person=opening.request.author, how="session"))
    await here.all_mails_are_gone()
    return opening.case


async def leaked_on_purpose(here: House) -> dict[str, bytes]:
    """Leak something to every place where nothing may be; return the page on which it is."""
    opening = school.ordinary("form-2", here.now)
    request = opening.request.model_copy(update={"title": f"{LEAKED} in a title"})
    await begun(here, opening.model_copy(update={"request": request}))
    await here.all_mails_are_gone()
    careless = await Client.connect(here.server.address)
    attribute = SearchAttributePair(SearchAttributeKey.for_keyword(SEARCHED), f"{LEAKED} in an attribute")
    await careless.start_workflow(
        f"{LEAKED}Type",
        f"{LEAKED} in an argument",
        id="careless",
        task_queue=f"{LEAKED}-queue",
        search_attributes=TypedSearchAttributes([attribute]),
    )
    log = "from duly import logs; import structlog; logs.configure(); structlog.get_logger().info('x', what='{}')"
    with (here.folder / "worker.log").open("ab") as file:
        line = log.format(f"{LEAKED} in a log")
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", line, stderr=file, cwd=ROOT)
        assert await process.wait() == 0
    browser = await here.browser(school.IT_ADMINISTRATOR)
    return {"a page": (await browser.get("/admin/cases")).content}
