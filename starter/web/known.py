"""A case as the pages know it: all of its record, opened only for somebody who may see it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException

from domain.access import CaseAccess, Viewer, allow
from domain.asking import AUTHOR, SIGNER, whom
from domain.cases import Opening, Request, Standing
from domain.coming_by_itself import comes_by_itself
from domain.coming_moments import ComingDay
from domain.document_text import Block, blocks_of
from domain.events import Recorded, RequestEdited
from domain.fields import FormFacts, Value
from domain.forms import Fault, Form, check, typed_again
from domain.pack import ROUNDS, Pack, Process, Step, Task
from domain.people import Asked, Directory
from domain.refs import read_reference
from domain.telling import Given, Teller
from domain.telling_entries import DULY
from domain.versions import as_approved, of_a_change, sent_back_by
from domain.waiting import Waiting, why_waiting
from starter.web.page import Visit
from starter.web.showing import ShownChange, ShownSection, shown_changes, shown_form
from starter.web.site import Site
from store import packs, people, queries
from store.tables import AskedRow, AskRow, CaseRow

log = structlog.get_logger()

_OF_THE_FORM: Final = ("names", "sections")
"""What of a case depends on its form and the directory, and on nothing that happened."""


@dataclass(frozen=True)
class Known:
    """The record of one case, read in one go. `earlier` is its process under packs that it went by before."""

    row: CaseRow
    access: CaseAccess
    opening: Opening
    standing: Standing
    history: tuple[Recorded, ...]
    asks: tuple[AskRow, ...]
    asked: tuple[AskedRow, ...]
    pack: Pack
    directory: Directory
    earlier: Mapping[str, Process] = field(default_factory=dict)
    _faults: dict[date, tuple[Fault, ...]] = field(init=False, default_factory=dict, repr=False, compare=False)

    @cached_property
    def names(self) -> dict[str, str]:
        """The names of everybody of the organisation, by id."""
        return {person.id: person.name for person in self.directory.people}

    @property
    def request(self) -> Request:
        """The request as it is now."""
        return self.standing.request or self.opening.request

    @property
    def teller(self) -> Teller:
        """Who tells what happened."""
        return Teller(self.opening, self.names, self.earlier)

    @property
    def school(self) -> str:
        """The name of the school that the case is of."""
        school = self.pack.school(self.row.school)
        return school.name if school else self.pack.organisation.name

    @property
    def draft(self) -> tuple[Block, ...]:
        """The text of a document's new version that is to be approved, as it is read; nothing where there is none."""
        return blocks_of(str(self.request.answers.get("text", "")))

    @property
    def draft_from(self) -> date:
        """From which day that version is to be in force."""
        return date.fromisoformat(str(self.request.answers["effective_from"]))

    @property
    def requester(self) -> str:
        """The name of whoever sent the request, or last changed what is nobody's; of the school, where nobody did."""
        edits = [said.event.by for said in self.history if isinstance(said.event, RequestEdited)]
        by = self.request.starter or next(reversed(edits), "")
        return self.name(by) if by else self.school

    @property
    def is_nobodys(self) -> bool:
        """Whether it came round by itself: it is nobody's request."""
        return self.opening.process.story in ROUNDS

    @cached_property
    def approved(self) -> dict[str, Value]:
        """The answers as they were last approved, where what is nobody's is being changed."""
        return as_approved((said.event for said in self.history), self.opening.request.answers)

    @cached_property
    def sections(self) -> tuple[ShownSection, ...]:
        """The form as it is answered now, whole."""
        return shown_form(self.form, self.request.answers, self.directory) if self.form else ()

    @property
    def form(self) -> Form | None:
        """The form of the request, as it was when the case began."""
        return self.pack.form(self.opening.process.form)

    @cached_property
    def proposed(self) -> tuple[ShownChange, ...]:
        """What is to be changed of what is nobody's request, side by side with what was last approved."""
        if self.form is None or not self.is_nobodys:
            return ()
        return shown_changes(self.form, self.approved, self.request.answers, self.directory)

    @cached_property
    def given(self) -> tuple[Given, ...]:
        """The answers that were given so far."""
        return self.teller.given(self.history)

    @property
    def sent_back(self) -> tuple[str, str]:
        """Why the request waits for its author, in a sentence, and what was said with it; empty where it does not."""
        changes = self.opening.process.changes
        back = sent_back_by(self.history, changes.key) if changes else None
        if back is None:
            return "", ""
        return self.teller.told((back,))[0].words, getattr(back.event, "comment", "")

    def unfit(self, today: date) -> tuple[Fault, ...]:
        """Return what is wrong with the form when it is checked again, whole, against the directory of `today`.

        Source: Cadmus Appendix 1 (SITE-28, SITE-32).
        """
        form = self.form
        edits = (said.event for said in reversed(self.history) if isinstance(said.event, RequestEdited))
        latest = next(edits, None) if self.is_nobodys else None
        # What Duly proposes changes nothing that anybody typed: whatever became of that, the site may be closed early.
        if form is None or (latest is not None and latest.by == DULY):
            return ()
        if today not in self._faults:
            facts = FormFacts(directory=self.directory, today=today, school=self.row.school)
            if self.is_nobodys:
                form = of_a_change(form, self.approved, self.request.answers)
            self._faults[today] = check(form, typed_again(form, self.request.answers), facts).faults
        return self._faults[today]

    def take_over(self, before: "Known") -> None:
        """Know still what was worked out of the form `before` something more happened, where that left it as it is."""
        same = (
            self.opening is before.opening
            and self.directory is before.directory
            and self.row.school == before.row.school
        )
        if same and self.request == before.request and not self.is_nobodys:
            self._faults.update(before._faults)
            self.__dict__.update({name: before.__dict__[name] for name in _OF_THE_FORM if name in before.__dict__})

    def name(self, person: str) -> str:
        """Return somebody's name."""
        if person == DULY:
            return "Duly"
        return self.names.get(person, "Somebody who is no longer in the directory")

    def seat(self, key: str) -> str:
        """Return what the school calls a seat."""
        return next((seat.title for seat in self.opening.seats if seat.key == key), key)

    def step(self, ask: AskRow) -> Step | None:
        """Return the step that `ask` is of."""
        return self.opening.process.step(ask.step)

    def task(self, ask: AskRow) -> Task | None:
        """Return the task that `ask` is of."""
        return self.opening.process.task(ask.step)

    def clause(self, key: str) -> str:
        """Return where a clause stands."""
        return next((clause.where for clause in self.pack.clauses if clause.id == key), key)

    def ask(self, key: str) -> AskRow | None:
        """Return the ask with that id, or None."""
        return next((ask for ask in self.asks if ask.ask == key), None)

    def reached(self, ask: str, person: str) -> AskedRow | None:
        """Return how `ask` reached `person`, or None where it did not."""
        return next((one for one in self.asked if (one.ask, one.person) == (ask, person)), None)

    def still_reaches(self, ask: AskRow, person: str, today: date) -> bool:
        """Return whether an open ask that reached `person` would reach them still, if it were looked up `today`.

        Whom it asks for themselves, and in no seat, it goes on asking; and whom it reached where it is not on record
        which seats it may ask.

        Source: docs/decisions/0008.
        """
        ladder, also = tuple(ask.ladder.split()), tuple(ask.escalated_to.split())
        if not ladder or ask.seat in {AUTHOR, SIGNER}:
            return True
        excluded = frozenset((*ask.excluded.split(), self.row.author, self.row.starter))
        found = whom(ladder, also, ask.named, excluded, self.row.school, self.directory, today)
        return person in {one.person for one in found}

    def waits_for(self, ask: AskRow, person: str, today: date) -> bool:
        """Return whether an ask is open and waits for `person`: it reached them, and would reach them still."""
        asked = ask.closed_at is None and self.reached(ask.ask, person) is not None
        return asked and self.still_reaches(ask, person, today)

    @cached_property
    def asked_by(self) -> dict[str, tuple[Asked, ...]]:
        """Whom each ask of the case reached."""
        return {
            ask.ask: tuple(
                Asked(person=one.person, seat=one.seat, instead_of=one.instead_of)
                for one in self.asked
                if one.ask == ask.ask
            )
            for ask in self.asks
        }

    @property
    def coming(self) -> tuple[ComingDay, ...]:
        """What comes next by itself, day by day, for as long as nobody does anything."""
        return comes_by_itself(self.opening, self.standing, self.asked_by, self.history)

    def waiting(self, viewer: Viewer, now: datetime) -> Waiting:
        """Return why the case waits, for `viewer`."""
        return why_waiting(
            self.opening,
            self.standing,
            self.asked_by,
            self.pack,
            now,
            viewer,
            self.row.closed_at,
            self.history,
            self.access.team,
        )


async def know(site: Site, session: AsyncSession, row: CaseRow, head: str | None = None) -> Known:
    """Return the record of the case of `row`, for whoever may see it: the holder of a link, or after `allow`.

    It is read once, and again when something more has happened there: when its `head` is another, which is read here
    where it is not known.
    """
    known = await know_if(site, session, row, lambda _: True, head)
    if known is None:
        raise LookupError(row.id)
    return known


async def know_if(
    site: Site, session: AsyncSession, row: CaseRow, may: Callable[[CaseAccess], bool], head: str | None = None
) -> Known | None:
    """Return the record of the case of `row`; None, and it stays sealed, where whoever asks `may` not see it."""
    head = await queries.head_of(session, row.id) if head is None else head
    recent = site.recent.get(row.id, head)
    # Who sees what is nobody's request, its seats say: who holds them changes without a word in the case.
    stays = recent is not None and not queries.is_nobodys(row)
    access = recent.access if recent is not None and stays else await queries.access_of(session, row)
    if not may(access):
        return None
    if recent is None:
        return await _read(site, session, row, head, access)
    return await _now(site, session, recent, row, access, head)


async def _now(site: Site, session: AsyncSession, recent: Known, row: CaseRow, access: CaseAccess, head: str) -> Known:
    """Return what was read last, as it is where nothing else has changed either: what it worked out, it knows still."""
    directory = await people.directory(session, row.organisation)
    if recent.row == row and recent.directory is directory and recent.access == access:
        return recent
    now = replace(recent, row=row, directory=directory, access=access)
    site.recent.keep(row.id, head, now)
    return now


async def _read(site: Site, session: AsyncSession, row: CaseRow, head: str, access: CaseAccess) -> Known:
    past, before = site.recent.before(row.id) or ("", None)
    if before is not None and before.history:
        history = await queries.history_after(session, site.keys, row.id, before.history, past)
    else:
        history = await queries.history(session, site.keys, row.id)
    if before is not None and before.row.sealed_opening == row.sealed_opening:
        opening = before.opening
    else:
        opening = await queries.opening_of(session, site.keys, row)
    known = Known(
        row=row,
        access=access,
        opening=opening,
        standing=await queries.standing_of(session, site.keys, row),
        history=history,
        asks=tuple(await queries.asks_of(session, row.id)),
        asked=tuple(await queries.asked_of(session, row.id)),
        pack=await packs.pack_of(session, opening.pack_digest),
        directory=await people.directory(session, row.organisation),
        earlier=await packs.earlier(session, opening, history),
    )
    if before is not None:
        known.take_over(before)
    site.recent.keep(row.id, head, known)
    return known


async def case_for(visit: Visit, reference: str) -> Known:
    """Return the case of that reference, for a visitor who may see it.

    That an administrator, as such, or a service opened it is written down.

    Raises:
        HTTPException: 404, there is no such case, or the visitor may not see it: the two look the same.
    """
    viewer = visit.viewer
    async with visit.site.db.read() as session:
        row = await queries.case_by_reference(session, read_reference(reference) or "")
        if row is None:
            raise HTTPException(404)
        known = await know_if(visit.site, session, row, lambda access: allow(viewer, "see", access))
    if known is None:
        raise HTTPException(404)
    if viewer.administrator and not allow(viewer.model_copy(update={"administrator": False}), "see", known.access):
        log.info("case_opened_by_administrator", case=known.row.id, person=viewer.person)
    if viewer.service:
        log.info("case_opened_by_service", case=known.row.id, service=viewer.person)
    return known
