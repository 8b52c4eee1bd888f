"""Forms being filled in, and questions about them; what was typed is sealed with the key of the case to come."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.fields import Raw
from domain.refs import case_id, reference
from store.keys import CaseKeys
from store.statements import add, every, first, run, table
from store.tables import AdviceRow, CaseRow, DraftRow

AUTHORS: Final = "@authors"
"""Under which name a draft keeps who typed in it: no question is called so."""

_KEY: Final = 32
_DRAW: Final = 16

_DRAFT: Final = table(DraftRow)
_ADVICE: Final = table(AdviceRow)
_FOUND: Final = select(_DRAFT).where(_DRAFT.c.key == bindparam("wanted"))
_TO_SAVE: Final = _FOUND.with_for_update()
_TAKEN: Final = select(_DRAFT.c.key).where(_DRAFT.c.reference == bindparam("reference"))
_ADVICE_ON: Final = select(_ADVICE).where(_ADVICE.c.draft == bindparam("draft")).order_by(_ADVICE.c.asked_at)
_THIS: Final = update(_DRAFT).where(_DRAFT.c.key == bindparam("wanted"))
_SENT_AT: Final = func.coalesce(_DRAFT.c.submitted_at, bindparam("at", type_=_DRAFT.c.submitted_at.type))
_SAVE: Final = _THIS.where(or_(_DRAFT.c.submitted_at.is_(None), _DRAFT.c.changes.is_not(None))).values(
    sealed_answers=bindparam("sealed"), changed_at=bindparam("at")
)
_FREEZE: Final = _THIS.where(
    _DRAFT.c.changes.is_(None), _DRAFT.c.sealed_answers.is_not_distinct_from(bindparam("sealed"))
).values(submitted_at=_SENT_AT)
_SUBMIT: Final = _THIS.where(
    _DRAFT.c.changes.is_(None), or_(_DRAFT.c.submitted_at.is_(None), _DRAFT.c.sealed_answers.is_not(None))
).values(submitted_at=_SENT_AT, sealed_answers=None)


async def create(
    session: AsyncSession,
    keys: CaseKeys,
    *,
    organisation: str,
    school: str,
    process: str,
    starter: str,
    answers: Mapping[str, Raw],
    at: datetime,
) -> DraftRow:
    """Return a new draft with `answers` filled in. Its random key decides the id of the one case it can open."""
    key = secrets.token_urlsafe(_KEY)
    case = case_id(key)
    row = DraftRow(
        key=key,
        case=case,
        reference=await _free_reference(session),
        organisation=organisation,
        school=school,
        process=process,
        starter=starter,
        created_at=at,
        changed_at=at,
        sealed_answers=(await keys.create(session, case)).seal_json("draft|answers", dict(answers)),
    )
    await add(session, DraftRow, [row.model_dump()])
    return row


async def _free_reference(session: AsyncSession) -> str:
    while True:
        drawn = reference(secrets.token_bytes(_DRAW))
        if (await run(session, _TAKEN, {"reference": drawn})).first() is None:
            return drawn


async def load(session: AsyncSession, keys: CaseKeys, key: str) -> tuple[DraftRow, dict[str, Raw]] | None:
    """Return the draft with that key and what was typed in it, or None; nothing typed once its case has it.

    Where it is known who typed it, that is there too, as `AUTHORS`.
    """
    row = await first(session, _FOUND, DraftRow, wanted=key)
    if row is None:
        return None
    if row.sealed_answers is None:
        return row, {}
    typed: dict[str, Any] = (await keys.of(row.case, session)).open_json("draft|answers", row.sealed_answers)
    return row, {name: tuple(text) if isinstance(text, list) else text for name, text in typed.items()}


async def of_case(session: AsyncSession, case: str) -> DraftRow | None:
    """Return the draft that opened `case`, or None."""
    return (await session.execute(select(DraftRow).where(col(DraftRow.case) == case))).scalar_one_or_none()


def unwritten(case: CaseRow, person: str, at: datetime) -> DraftRow:
    """Return a draft in which `person` could change a case that no draft began; it is not kept."""
    return DraftRow(
        key=secrets.token_urlsafe(_KEY),
        case=case.id,
        reference=case.reference,
        organisation=case.organisation,
        school=case.school,
        process=case.process,
        starter=person,
        created_at=at,
        changed_at=at,
        submitted_at=at,
    )


async def to_change(session: AsyncSession, case: CaseRow, person: str, at: datetime) -> DraftRow:
    """Return the one draft in which a case is changed that no draft began, with nothing typed in it yet."""
    kept = await session.scalar(select(DraftRow).where(col(DraftRow.case) == case.id))
    if kept is not None:
        return kept
    row = unwritten(case, person, at)
    await add(session, DraftRow, [row.model_dump()])
    return row


async def save_answers(
    session: AsyncSession, keys: CaseKeys, key: str, answers: Mapping[str, Raw], at: datetime, by: str = ""
) -> None:
    """Keep what was typed, good or not, in place of what was there; a draft that is sent stays as it is.

    Whoever changed anything in it, `by`, is one of its authors from then on, until its changes are begun anew.
    """
    row = await first(session, _TO_SAVE, DraftRow, wanted=key)
    if row is not None:
        sealer = await keys.of(row.case, session)
        before: dict[str, Any] = sealer.open_json("draft|answers", row.sealed_answers) if row.sealed_answers else {}
        authors = set(before.pop(AUTHORS, ()))
        if by and _said(answers) != _said(before):
            authors.add(by)
        kept = dict(answers) | ({AUTHORS: tuple(sorted(authors))} if authors else {})
        sealed = sealer.seal_json("draft|answers", kept)
        await run(session, _SAVE, {"wanted": key, "sealed": sealed, "at": at})


def _said(answers: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what stands in a draft, whatever was left blank: paging through a form changes nothing."""
    texts = {name: [text] if isinstance(text, str) else list(text) for name, text in answers.items()}
    return {name: said for name, found in texts.items() if (said := [text for text in found if text.strip()])}


async def freeze(session: AsyncSession, draft: DraftRow, at: datetime) -> bool:
    """Let nothing be typed in `draft` any more, because it is being sent; what was typed is kept.

    Returns:
        Whether it is as it was read: False where something was typed or came of it since.
    """
    frozen = await run(session, _FREEZE, {"wanted": draft.key, "sealed": draft.sealed_answers, "at": at})
    return cast("CursorResult[Any]", frozen).rowcount == 1


async def thaw(session: AsyncSession, key: str) -> None:
    """Let a draft be filled in again that was to be sent, and whose case has not begun."""
    row = await session.get(DraftRow, key, with_for_update=True)
    if row is not None and row.changes is None and row.sealed_answers is not None:
        row.submitted_at = None
        await session.flush()


async def mark_submitted(session: AsyncSession, key: str, at: datetime) -> None:
    """Note that the case has begun, and let go of what was typed: the case has it now."""
    await run(session, _SUBMIT, {"wanted": key, "at": at})


async def begin_changes(
    session: AsyncSession, keys: CaseKeys, draft: DraftRow, edition: int, answers: Mapping[str, Raw], at: datetime
) -> None:
    """Open the draft of a case again, with the `answers` of the edition of its request that is being changed."""
    row = await session.get_one(DraftRow, draft.key, with_for_update=True)
    row.submitted_at, row.changes = row.submitted_at or at, edition
    await _seal(session, keys, row, answers, at)


async def end_changes(session: AsyncSession, key: str, edition: int) -> None:
    """Let go of the changes to that edition: the case has them, or nobody wants them any more."""
    row = await session.get(DraftRow, key, with_for_update=True)
    if row is not None and row.changes == edition:
        row.changes, row.sealed_answers = None, None
        await session.flush()


async def _seal(session: AsyncSession, keys: CaseKeys, row: DraftRow, answers: Mapping[str, Raw], at: datetime) -> None:
    row.sealed_answers = (await keys.of(row.case, session)).seal_json("draft|answers", dict(answers))
    row.changed_at = at
    await session.flush()


async def of_person(session: AsyncSession, person: str) -> Sequence[DraftRow]:
    """Return the drafts of `person` that no case is known to have yet, the latest changed first."""
    unsent = (col(DraftRow.sealed_answers).is_not(None), col(DraftRow.changes).is_(None))
    own = select(DraftRow).where(col(DraftRow.starter) == person, *unsent)
    return (await session.execute(own.order_by(col(DraftRow.changed_at).desc()))).scalars().all()


async def ask_advice(
    session: AsyncSession, keys: CaseKeys, draft: DraftRow, asked_of: str, question: str, at: datetime
) -> AdviceRow:
    """Keep a question about a draft for `asked_of`, and return it. It approves nothing (SITE-11)."""
    sealer = await keys.of(draft.case, session)
    advice_id = secrets.token_urlsafe(_DRAW)
    row = AdviceRow(
        id=advice_id,
        draft=draft.key,
        asked_of=asked_of,
        asked_at=at,
        sealed_question=sealer.seal(f"advice|question|{advice_id}", question.encode()),
    )
    session.add(row)
    await session.flush()
    return row


async def answer_advice(session: AsyncSession, keys: CaseKeys, advice: str, answer: str, at: datetime) -> bool:
    """Keep the answer to a question; return whether it is the first, which stays."""
    row = await session.get(AdviceRow, advice, with_for_update=True)
    draft = await session.get(DraftRow, row.draft) if row is not None else None
    if row is None or draft is None or row.answered_at is not None:
        return False
    sealer = await keys.of(draft.case, session)
    row.answered_at, row.sealed_answer = at, sealer.seal(f"advice|answer|{row.id}", answer.encode())
    await session.flush()
    return True


async def read_advice(session: AsyncSession, keys: CaseKeys, row: AdviceRow) -> tuple[str, str | None]:
    """Return the question, and the answer where there is one."""
    draft = await session.get_one(DraftRow, row.draft)
    sealer = await keys.of(draft.case, session)
    question = sealer.open(f"advice|question|{row.id}", row.sealed_question).decode()
    if row.sealed_answer is None:
        return question, None
    return question, sealer.open(f"advice|answer|{row.id}", row.sealed_answer).decode()


async def advice(session: AsyncSession, advice_id: str) -> AdviceRow | None:
    """Return the question with that id, or None."""
    return await session.get(AdviceRow, advice_id)


async def advice_on(session: AsyncSession, draft: str) -> Sequence[AdviceRow]:
    """Return the questions about a draft, oldest first."""
    return await every(session, _ADVICE_ON, AdviceRow, draft=draft)


async def advice_for(session: AsyncSession, person: str) -> Sequence[AdviceRow]:
    """Return the questions that wait for `person`, oldest first."""
    waiting = select(AdviceRow).where(col(AdviceRow.asked_of) == person, col(AdviceRow.answered_at).is_(None))
    return (await session.execute(waiting.order_by(col(AdviceRow.asked_at)))).scalars().all()
