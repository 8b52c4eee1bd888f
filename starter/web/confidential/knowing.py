"""A confidential case as its pages know it: opened only for somebody who may see it, and noted that they did."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException

from domain.access import ConfidentialAccess, Viewer, allow
from domain.allegations import Matter
from domain.calendar import local_day
from domain.cases import Opening, Standing
from domain.entries import CaseRouted
from domain.entry_forms import EntryFacts
from domain.events import AnyEvent, Recorded
from domain.fields import FormFacts
from domain.matters import as_it_stands
from domain.offered_entries import Offers, offers_for
from domain.pack import Clause, Contact, Pack, Route
from domain.people import Directory
from domain.refs import read_reference
from domain.telling_entries import MatterTeller
from domain.waiting_matters import MatterWaiting, why_it_waits
from starter.web.page import Visit
from store import packs, people
from store.confidential import Confidential, Emergency, access_of, for_person, note_read
from store.confidential.parties import asked_now

NUMBERS = ("police", "lado", "social_care")
"""The contacts that stand first on every page of a confidential case."""


@dataclass(frozen=True)
class InConfidence:
    """A confidential case, for one viewer who may see it, at one moment."""

    case: Confidential
    access: ConfidentialAccess
    pack: Pack
    directory: Directory
    viewer: Viewer
    now: datetime

    @property
    def opening(self) -> Opening:
        """What the case began with."""
        return self.case.opening

    @property
    def standing(self) -> Standing:
        """Where the case stands."""
        return self.case.standing

    @property
    def history(self) -> tuple[Recorded, ...]:
        """All that happened, oldest first."""
        return self.case.history

    @property
    def reference(self) -> str:
        """By what people call the case."""
        return self.case.row.reference

    @cached_property
    def past(self) -> tuple[AnyEvent, ...]:
        """All that happened, without numbers and times."""
        return tuple(said.event for said in self.history)

    @cached_property
    def matter(self) -> Matter:
        """What is alleged of whom, as it stands now.

        Raises:
            HTTPException: 404, the case is about nothing, which no confidential case is.
        """
        if self.opening.matter is None:
            raise HTTPException(404)
        return as_it_stands(self.opening.matter, self.past)

    @cached_property
    def names(self) -> dict[str, str]:
        """The names of everybody of the organisation, by id."""
        return {person.id: person.name for person in self.directory.people}

    @property
    def school(self) -> str:
        """The name of the school that the case is of."""
        school = self.pack.school(self.opening.school)
        return school.name if school else self.pack.organisation.name

    @property
    def numbers(self) -> tuple[Contact, ...]:
        """Whom to call, whatever Duly says."""
        return numbers_of(self.pack)

    @property
    def may_record(self) -> bool:
        """Whether the viewer may put something on record."""
        return self.standing.outcome is None and allow(self.viewer, "record", self.access)

    @property
    def sees_reporter(self) -> bool:
        """Whether the viewer may know who reported it."""
        return allow(self.viewer, "see", self.access, "reporter")

    @cached_property
    def teller(self) -> MatterTeller:
        """Who tells what happened."""
        return MatterTeller(self.opening, self.past, self.names, reporter=self.sees_reporter)

    @property
    def route(self) -> Route | None:
        """The route that the case takes now."""
        routed = next((event.route for event in reversed(self.past) if isinstance(event, CaseRouted)), None)
        return next((route for route in self.opening.process.routes if route.key == routed), None)

    @cached_property
    def facts(self) -> EntryFacts:
        """What the form of an entry must know of the case."""
        recused = frozenset(self.standing.recused)
        return EntryFacts(opening=self.opening, past=self.past, now=self.now, recused=recused)

    @cached_property
    def offers(self) -> Offers:
        """What the viewer may record now, and what not yet: in no seat that they lost."""
        if not self.may_record:
            return Offers()
        kept, today = self.case.kept, local_day(self.now)
        asked = {ask: asked_now(kept, ask, self.directory, today) for ask in self.case.asked}
        return offers_for(self.viewer.person, self.facts, self.standing, asked)

    @cached_property
    def waiting(self) -> MatterWaiting:
        """Why the case waits, for the viewer."""
        return why_it_waits(
            self.opening,
            self.standing,
            self.case.asked,
            self.pack,
            self.directory,
            self.history,
            self.now,
            "record" if self.may_record else "read",
        )

    @property
    def emergency(self) -> Emergency | None:
        """In which emergency the case is open to the viewer, where nothing else opens it to them."""
        if self.viewer.person in self.access.asked | self.access.told:
            return None
        return next((one for one in self.case.emergencies if one.is_open(self.now)), None)

    def people_facts(self, visit: Visit) -> FormFacts:
        """Return what a form must know of the world to be checked."""
        return FormFacts(directory=self.directory, today=visit.site.today, school=self.opening.school)

    def name(self, person: str) -> str:
        """Return somebody's name."""
        return self.names.get(person, "Somebody who is no longer in the directory")

    def clause(self, key: str) -> Clause | None:
        """Return a clause of the pack, or None where it has none with that id."""
        return next((clause for clause in self.pack.clauses if clause.id == key), None)

    def where(self, key: str) -> str:
        """Return where a clause stands."""
        clause = self.clause(key)
        return clause.where if clause else key

    def places(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Return where clauses stand, each place once."""
        return tuple(dict.fromkeys(self.where(key) for key in keys))


def numbers_of(pack: Pack) -> tuple[Contact, ...]:
    """Return whom to call about a confidential case, in the order of who comes first."""
    by_key = {contact.key: contact for contact in pack.contacts}
    return tuple(by_key[key] for key in NUMBERS if key in by_key)


async def in_confidence(visit: Visit, what: str) -> InConfidence:
    """Return the case of the address, for a visitor who may see it; that they read `what` of it is noted.

    An endpoint has the visitor confirm that it is them before.

    Raises:
        HTTPException: 404, there is no such case, or the visitor may not see it: the two look the same.
    """
    known = await look(visit)
    if known is None:
        raise HTTPException(404)
    async with visit.site.db.write() as session:
        await note_read(session, visit.site.keys, known.case.row.id, known.viewer.person, what, known.now)
    return known


async def look(visit: Visit) -> InConfidence | None:
    """Return the case of the address as it is now, or None where there is none that the visitor may see."""
    reference = read_reference(visit.place("reference")) or ""
    async with visit.site.db.read() as session:
        found = await for_person(session, visit.site.keys, reference, visit.person.id)
        return await _opened(visit, session, found) if found is not None else None


async def _opened(visit: Visit, session: AsyncSession, found: Confidential) -> InConfidence | None:
    directory, now = await people.directory(session, found.row.organisation), visit.site.clock()
    access = access_of(found, directory, now)
    if not allow(visit.viewer, "see", access):
        return None
    pack = await packs.pack_of(session, found.opening.pack_digest)
    return InConfidence(found, access, pack, directory, visit.viewer, now)
