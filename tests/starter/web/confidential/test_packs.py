"""The pages of confidential cases under each of the packs that come with Duly: they say what the pack says."""

from dataclasses import replace
from pathlib import Path

import pytest

import packs as loader
from domain.allegations import Allegation, Category, Subject
from domain.offered_entries import accepted
from domain.pack import Pack
from domain.people import Holding, Person, PersonKind
from starter.web.site import Site
from store import packs, people
from tests.builders import CALENDAR
from tests.domain.test_offered_entries import accepts
from tests.matters import a_confidential_opening, a_matter
from tests.starter.web.confidential.conftest import HERE, Case, Strong, text_of
from tests.starter.web.conftest import RememberedCases
from tests.starter.web.running import Running

ROOT = Path(__file__).parents[4] / "packs"
PACKS = ("cadmus", "mtoat", "newall-green", "redhill", "societas")
STORIES = ("allegation", "disciplinary")


def somebody(pack: Pack, person: str, name: str, *seats: str) -> Person:
    school = pack.organisation.schools[0].key
    kinds = {kind for seat in pack.seats if seat.key in seats for kind in seat.kinds}
    return Person(
        id=person,
        organisation=pack.organisation.key,
        name=name,
        email=f"{person}@school.example",
        kind=next(iter(kinds), PersonKind.EMPLOYEE),
        schools=(school,),
        holdings=tuple(Holding(school=school, seat=seat) for seat in seats),
    )


async def begun(site: Site, cases: RememberedCases, pack: Pack, story: str, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Begin a case about Ben, who is employed, at a school where each seat is held by somebody."""
    running = Running(site)
    monkeypatch.setattr(cases, "begin", running.begin)
    monkeypatch.setattr(cases, "act", running.act)
    everybody = [somebody(pack, seat.key, seat.title, seat.key) for seat in pack.seats if not seat.from_field]
    async with site.db.write() as session:
        await people.save(session, [*everybody, somebody(pack, "subject", "Ben Carter")])
        digest = await packs.keep(session, pack)
    process = next(one for one in pack.processes if one.story == story)
    topic = next(one.key for one in process.topics if not one.at_risk)
    matter = a_matter(
        subjects=(Subject(key="s1", name="Ben Carter", category=Category.EMPLOYEE, person="subject"),),
        allegations=(Allegation(key="a1", subject="s1", topic=topic, what="Wrote to a pupil."),),
        recused=("subject",),
        at_risk="unsure" if story == "allegation" else "no",
    )
    opening = a_confidential_opening(process=process).model_copy(
        update={
            "organisation": pack.organisation.key,
            "school": pack.organisation.schools[0].key,
            "pack_digest": digest,
            "seats": pack.seats,
            "calendar": CALENDAR,
            "matter": matter,
        }
    )
    await running.begin(opening)
    return Case(running, opening)


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("name", PACKS)
async def test_under_every_pack_the_case_is_shown_and_every_form_opens(
    site: Site, strong: Strong, cases: RememberedCases, monkeypatch: pytest.MonkeyPatch, name: str, story: str
) -> None:
    pack = loader.load(ROOT / name)
    assert isinstance(site.packs, dict)
    site.packs[pack.organisation.key] = pack
    case = await begun(replace(site), cases, pack, story, monkeypatch)
    (ask,) = (await case.read()).asked.values()
    browser = await strong(ask[0].person)
    text = await text_of(browser)
    process = case.opening.process
    where = {clause.id: clause.where for clause in pack.clauses}
    first = process.tasks[0] if story == "disciplinary" else next(one for one in process.tasks if one.key == "refer")
    assert f"({where[first.clause]}): “{first.title}” is due by" in text
    assert "Do this now" in text
    for contact in pack.contacts:
        if contact.key in {"lado", "police", "social_care"}:
            assert contact.title in text
    for kind in accepted(process, "staff"):
        answer = await browser.get(f"{HERE}/record/{kind}")
        assert answer.status_code in {200, 409}, kind
    await case.running.stop()


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("name", PACKS)
async def test_under_every_pack_what_is_offered_is_what_the_case_takes(name: str, story: str) -> None:
    pack = loader.load(ROOT / name)
    process = next(one for one in pack.processes if one.story == story)
    topic = next(one.key for one in process.topics if not one.at_risk)
    allegation = Allegation(key="a1", subject="s1", topic=topic, what="x")
    opening = a_confidential_opening(process=process, allegations=(allegation,))
    assert accepted(process, "staff") == await accepts(opening)
