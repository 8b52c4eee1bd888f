"""Gathering the evidence of a case: its events with their salts, its rules, mails, clearances and checkpoints.

What is withheld by a rule is taken out here, so that nothing that is made of it can say it.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.allegations import Clearance
from domain.cases import Opening
from domain.chain import Link, first_broken
from domain.entries import CaseCleared
from domain.events import PackChanged, Recorded
from domain.evidence import (
    EVENT,
    CheckpointProof,
    ClauseShown,
    ClearanceShown,
    EventShown,
    Rule,
    RulesInForce,
    Shown,
    Withheld,
)
from domain.fields import Question
from domain.pack import Pack, Process
from domain.people import Directory
from domain.withholding import Numbers, shown_fields
from store import checkpoints, mails, packs, people, queries
from store.confidential import Confidential
from store.keys import CaseKeyMissingError, CaseKeys, Sealer
from store.tables import CaseRow, EventRow, EvidenceTakenRow, MailRow

_OF_AN_ADVICE = frozenset({"kind", "permits", "allegations"})


@dataclass(frozen=True)
class SentMail:
    """A mail of a case: its row, what it said where that was kept, and the template that it was made from."""

    row: MailRow
    parameters: dict[str, object] | None
    source: str | None


@dataclass(frozen=True)
class Gathered:
    """The evidence of a case. `history` and `directory` say no more than `events` do, where something is withheld.

    `earlier` is its process under packs that it went by before.
    """

    case: str
    reference: str
    title: str
    withheld: frozenset[Rule]
    opening: Opening
    pack: Pack
    directory: Directory
    events: tuple[EventShown, ...]
    history: tuple[Recorded, ...]
    rules: tuple[RulesInForce, ...]
    earlier: Mapping[str, Process]
    mails: tuple[SentMail, ...]
    clearances: tuple[ClearanceShown, ...]
    proofs: tuple[CheckpointProof, ...]
    numbers: Numbers

    @property
    def names_withheld(self) -> bool:
        """Return whether no name may be said."""
        return "names" in self.withheld

    def called(self, person: str) -> str:
        """Return how a person is known in it: by their id, or by their number."""
        return self.numbers.of(person) if self.names_withheld else person


async def of_case(session: AsyncSession, keys: CaseKeys, row: CaseRow, rules: frozenset[Rule]) -> Gathered:
    """Return the evidence of an ordinary case, less what `rules` withhold.

    Raises:
        BrokenRecordError: an event was changed.
        SealBrokenError: what is sealed was changed or moved.
    """
    sealer = await keys.of(row.id, session)
    opening = await queries.opening_of(session, keys, row)
    rows = await queries.mails_of(session, row.id)
    return await _gathered(session, keys, sealer, opening, row.title, rows, rules)


async def of_confidential(
    session: AsyncSession, keys: CaseKeys, case: Confidential, rules: frozenset[Rule]
) -> Gathered:
    """Return the evidence of a confidential case, less what `rules` withhold; of mails, the latest to each person.

    Raises:
        BrokenRecordError: an event was changed.
        SealBrokenError: what is sealed was changed or moved.
    """
    sealer = await keys.of(case.row.id, session)
    ids = [latest.id for latest in case.kept.mails.values()]
    wanted = select(MailRow).where(col(MailRow.id).in_(ids)).order_by(col(MailRow.queued_at), col(MailRow.id))
    rows = (await session.scalars(wanted)).all()
    return await _gathered(session, keys, sealer, case.opening, "", rows, rules)


async def note_taken(
    session: AsyncSession, case: str, rules: frozenset[Rule], at: datetime, *, person: str = "", operator: str = ""
) -> None:
    """Write down that the evidence of an ordinary case is taken: by a `person`, or by an `operator` of the machine."""
    session.add(
        EvidenceTakenRow(
            id=secrets.token_hex(16),
            case=case,
            at=at,
            person=person or None,
            operator=operator or None,
            withheld=" ".join(sorted(rules)),
        )
    )
    await session.flush()


async def taken(session: AsyncSession, case: str) -> Sequence[EvidenceTakenRow]:
    """Return when the evidence of an ordinary case was taken, and by whom, the latest first."""
    own = select(EvidenceTakenRow).where(col(EvidenceTakenRow.case) == case)
    return (await session.scalars(own.order_by(col(EvidenceTakenRow.at).desc(), col(EvidenceTakenRow.id)))).all()


async def _gathered(
    session: AsyncSession,
    keys: CaseKeys,
    sealer: Sealer,
    opening: Opening,
    title: str,
    mail_rows: Sequence[MailRow],
    withheld: frozenset[Rule],
) -> Gathered:
    pack = await packs.pack_of(session, opening.pack_digest)
    form = pack.form(opening.process.form)
    questions = {question.key: question for question in form.questions()} if form is not None else {}
    numbers, case = Numbers(), opening.case
    whole = await queries.history(session, keys, case)
    rows = (await session.scalars(select(EventRow).where(col(EventRow.case) == case).order_by(col(EventRow.n)))).all()
    broken = first_broken([Link(**row.model_dump(exclude={"sealed"})) for row in rows])
    if broken is not None:
        raise queries.BrokenRecordError(case, broken)
    events = tuple(
        _shown(row, said, sealer, withheld, numbers, questions) for row, said in zip(rows, whole, strict=True)
    )
    history = tuple(
        Recorded(n=said.n, at=said.at, event=EVENT.validate_python(one.values()))
        for one, said in zip(events, whole, strict=True)
    )
    directory = await people.directory(session, opening.organisation)
    hides_names = "names" in withheld
    return Gathered(
        case=case,
        reference=opening.reference,
        title="" if hides_names else title,
        withheld=withheld,
        opening=opening,
        pack=pack,
        directory=numbers.directory(directory) if hides_names else directory,
        events=events,
        history=history,
        rules=await _rules(session, opening, pack, history),
        earlier=await packs.earlier(session, opening, history),
        mails=await _mails(session, sealer, mail_rows),
        clearances=await _clearances(session, keys, case, history),
        proofs=await checkpoints.proofs(session, case),
        numbers=numbers,
    )


def _shown(
    row: EventRow,
    said: Recorded,
    sealer: Sealer,
    withheld: frozenset[Rule],
    numbers: Numbers,
    questions: dict[str, Question],
) -> EventShown:
    salted = {name: (salt, value) for name, (salt, value) in sealer.open_json(f"event|{row.hash}", row.sealed).items()}
    fields = shown_fields(said.event, salted, withheld, numbers, questions)
    return EventShown(n=row.n, entry=row.entry, previous=row.previous, hash=row.hash, fields=fields)


async def _rules(
    session: AsyncSession, opening: Opening, pack: Pack, history: Sequence[Recorded]
) -> tuple[RulesInForce, ...]:
    """Return by which rules the case went, and from which event on: it may have been moved from one pack to another."""
    moved = [(said.n, said.event) for said in history if isinstance(said.event, PackChanged)]
    found, since = [], 1
    for n, event in moved:
        before = await packs.pack_of(session, event.old)
        process = before.process(opening.process.key)
        if process is not None:
            found.append(_in_force(since, event.old, before, process))
        since = n + 1
    return (*found, _in_force(since, opening.pack_digest, pack, opening.process))


def _in_force(since: int, digest: str, pack: Pack, process: Process) -> RulesInForce:
    cited = {rule.clause for rule in process.rules}
    version = f", version {pack.document.version}" if pack.document.version else ""
    return RulesInForce(
        from_event=since,
        pack=digest,
        document=f"{pack.document.title}{version}",
        rules=process.rules,
        clauses={
            clause.id: ClauseShown(where=clause.where, quoted=clause.quoted)
            for clause in pack.clauses
            if clause.id in cited
        },
    )


async def _mails(session: AsyncSession, sealer: Sealer, rows: Sequence[MailRow]) -> tuple[SentMail, ...]:
    digests = sorted({row.template_digest for row in rows if row.template_digest is not None})
    sources = await mails.template_sources(session, digests)
    return tuple(
        SentMail(row, mails.parameters_of(sealer, row), sources.get(row.template_digest or "")) for row in rows
    )


async def _clearances(
    session: AsyncSession, keys: CaseKeys, case: str, history: Sequence[Recorded]
) -> tuple[ClearanceShown, ...]:
    cleared = [(said.n, said.event.clearance) for said in history if isinstance(said.event, CaseCleared)]
    found = [(n, one, await _advice(session, keys, one)) for n, one in cleared if one.case != case]
    return tuple(ClearanceShown(cleared=n, case=one.case, event=advice) for n, one, advice in found if advice)


async def _advice(session: AsyncSession, keys: CaseKeys, clearance: Clearance) -> EventShown | None:
    """Return the event of another case that a clearance names, with the three fields that it takes to judge it."""
    row = await session.get(EventRow, (clearance.case, clearance.n))
    if row is None:
        return None
    fields: dict[str, Shown | Withheld] = {}
    try:
        sealer = await keys.of(clearance.case, session)
    except CaseKeyMissingError:
        # That case was erased: its link is all that is left.
        return EventShown(n=row.n, entry=row.entry, previous=row.previous, hash=row.hash, fields=fields)
    for place, (salt, value) in sealer.open_json(f"event|{row.hash}", row.sealed).items():
        name = value[0] if place.isdigit() else place
        if name in _OF_AN_ADVICE:
            fields[place] = Shown(salt=salt, value=value)
        else:
            fields[place] = Withheld(withheld="other_case", instead=["", None] if place.isdigit() else None)
    return EventShown(n=row.n, entry=row.entry, previous=row.previous, hash=row.hash, fields=fields)
