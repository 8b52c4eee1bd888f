"""Changing a request that was sent: its form is opened again, sent again, and everybody sees what changed."""

import asyncio
from dataclasses import dataclass
from typing import Final, Literal

from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.access import allow
from domain.cases import Act
from domain.forms import Form
from domain.versions import Change, changed_answers, changes_of, voids_approvals
from starter.engine import EngineLostError
from starter.web.filling import Filling, refilled, request_of
from starter.web.known import Known, case_for
from starter.web.page import Page, Visit
from starter.web.reading import UnreadableBodyError, only
from starter.web.showing import ShownChange, shown_changes
from store import drafts
from store.tables import DraftRow

_PATIENCE: Final = 1.0
_LOOKS: Final = 20
"""For how long a change waits for the record to catch up, in seconds, and how often it looks meanwhile."""

Why = Literal["wrong_version", "unchanged", "held", "closed", "not_offered", "refused", "incomplete", "lost"]
"""Why a request was not changed."""

NOT_CHANGED: Final[dict[Why, tuple[str, str]]] = {
    "wrong_version": (
        "The request was changed meanwhile",
        "Somebody sent other changes after you had begun yours, so yours were not sent. They are kept for now.",
    ),
    "unchanged": ("Nothing was changed", "Your answers are the ones that stand already, so nothing was sent."),
    "held": (
        "The request is on hold",
        "Somebody said that an answer in their name was not theirs. An administrator has to settle that first."
        " Nothing was changed, and what you typed is kept.",
    ),
    "closed": ("The request has ended", "It can be changed no more. To ask for something else, send a new request."),
    "not_offered": ("The request cannot be changed", "The policy under which it was sent does not provide for that."),
    "incomplete": (
        "A day has passed meanwhile",
        "A day that has to lie ahead does not any more, so your changes were not sent. They are kept: choose another.",
    ),
    "refused": ("The request was not changed", "The policy does not allow it. The attempt is on record."),
    "lost": (
        "Your changes are not sent yet",
        "Duly could not reach the part that runs requests. Everything that you typed is kept."
        " However often you try, the changes are made once.",
    ),
}


@dataclass(frozen=True)
class Changes:
    """What a draft would change of a request, in words, and whether that voids the approvals it has."""

    answers: tuple[ShownChange, ...]
    void: bool


@dataclass(frozen=True)
class Version:
    """A change that was made: what it was, by whom, and which answers it changed, in words."""

    change: Change
    by: str
    answers: tuple[ShownChange, ...]


async def change(visit: Visit) -> Response:
    """Say what it means to change the request; a POST opens its form again, or throws changes away."""
    known = await _own_case(visit)
    form = known.form
    if form is None or "edit" not in known.standing.offers:
        return not_changed(visit, known, _why_not(known))
    draft = await _draft_of(visit, known)
    if draft is None:
        return not_changed(visit, known, _why_not(known))
    if not visit.is_post:
        return visit.show(
            "change.html",
            known=known,
            draft=draft,
            overtaken=draft.changes not in {None, known.request.edition},
            at_stake=[given for given in known.given if given.approves and not given.void],
            kept=[question.label for question in form.questions() if question.key in known.opening.immaterial],
        )
    match only(visit.sent, (), ("stage",)).get("stage", "begin"):
        case "begin":
            return await _begin(visit, known, draft, form, over=False)
        case "again":
            return await _begin(visit, known, draft, form, over=True)
        case "drop":
            return await _drop(visit, known, draft)
        case _:
            why = "the form has a step that is not on the page"
            raise UnreadableBodyError(why, 422)


async def changed(visit: Visit) -> Response:
    """Show that changes were sent, and what happens next."""
    known = await _own_case(visit)
    return _sent(visit, known, next(reversed(changes_of(known.history, known.opening.request.answers)), None))


async def versions(visit: Visit) -> Response:
    """Show every change of the request side by side with what it was before, and which approvals still count."""
    known = await case_for(visit, visit.place("reference"))
    made = changes_of(known.history, known.opening.request.answers)
    shown = [
        Version(
            change,
            known.name(change.by),
            shown_changes(known.form, change.before, change.after, known.directory) if known.form else (),
        )
        for change in made
    ]
    return visit.show(
        "versions.html", known=known, versions=shown, approvals=[given for given in known.given if given.approves]
    )


def changes_in(found: Filling) -> Changes | None:
    """Return what a draft would change of the request that was sent; None where it was not sent yet."""
    if found.changing is None:
        return None
    before, after = found.changing.request.answers, found.answers
    return Changes(
        shown_changes(found.form, before, after, found.directory),
        voids_approvals(changed_answers(before, after), found.changing.opening.immaterial),
    )


async def send_changes(visit: Visit, found: Filling, known: Known) -> Response:
    """Hand the changed request to its case, and return the page for what came of it."""
    act = Act(
        kind="edit",
        person=visit.person.id,
        how="session",
        version=found.row.changes,
        request=request_of(found),
        occasion=str(len(known.history)),
        authors=found.authors if known.is_nobodys else (),
    )
    try:
        reply = await visit.site.engine.act(known.row.id, act)
    except EngineLostError:
        return not_changed(visit, known, "lost", found)
    if reply.says == "wrong_version" and await _is_there(visit, known, found):
        return await _caught_up(visit, known, found)
    match reply.says:
        case "done":
            return await _caught_up(visit, known, found)
        case "wrong_version" | "unchanged" | "held" | "closed" | "refused" | "incomplete":
            return not_changed(visit, known, reply.says, found)
        case _:
            return not_changed(visit, known, "not_offered", found)


def not_changed(visit: Visit, known: Known, why: Why, found: Filling | None = None) -> Response:
    """Return the page that says why the request was not changed, and what can be done now."""
    title, text = NOT_CHANGED[why]
    status = 503 if why == "lost" else 409
    return visit.show("not_changed.html", status, known=known, draft=found, why=why, title=title, text=text)


def _why_not(known: Known) -> Why:
    if known.row.closed_at is not None:
        return "closed"
    return "held" if known.standing.disputed else "not_offered"


async def _own_case(visit: Visit) -> Known:
    """Return the case that the address names, for its author or starter.

    Raises:
        HTTPException: 404, there is none, or the visitor is neither.
    """
    known = await case_for(visit, visit.place("reference"))
    if not allow(visit.viewer, "edit_draft", known.access):
        raise HTTPException(404)
    return known


async def _draft_of(visit: Visit, known: Known) -> DraftRow | None:
    """Return the draft of a case, in which it is changed; what nobody asked for gets one with its first change."""
    async with visit.site.db.read() as session:
        draft = await drafts.of_case(session, known.row.id)
    if draft is not None or not known.is_nobodys or not visit.is_post:
        return draft or (drafts.unwritten(known.row, visit.person.id, visit.site.clock()) if known.is_nobodys else None)
    async with visit.site.db.write() as session:
        return await drafts.to_change(session, known.row, visit.person.id, visit.site.clock())


async def _begin(visit: Visit, known: Known, draft: DraftRow, form: Form, *, over: bool) -> Response:
    """Open the form again; changes that were begun before are gone on with, unless it is to begin `over`."""
    if draft.changes is None or over:
        answers = refilled(form, known.request.answers, known.directory)
        async with visit.site.db.write() as session:
            await drafts.begin_changes(
                session, visit.site.keys, draft, known.request.edition, answers, visit.site.clock()
            )
    return visit.go("draft", key=draft.key)


async def _drop(visit: Visit, known: Known, draft: DraftRow) -> Response:
    if draft.changes is not None:
        async with visit.site.db.write() as session:
            await drafts.end_changes(session, draft.key, draft.changes)
    return visit.go("case", reference=known.row.reference)


async def _is_there(visit: Visit, known: Known, found: Filling) -> bool:
    """Return whether what was sent stands already: it was taken before, and the reply to that was lost."""
    now = await case_for(visit, known.row.reference)
    return now.request.answers == found.answers


async def _caught_up(visit: Visit, known: Known, found: Filling) -> Response:
    """Let go of the draft's changes, which the case has now, and show them once they are on record."""
    edition = found.row.changes or 0
    async with visit.site.db.write() as session:
        await drafts.end_changes(session, found.row.key, edition)
    if not known.is_nobodys and visit.person.id not in {found.row.starter, request_of(found).author}:
        # They named somebody else as author, and from now on it is that person's to see.
        return _sent(visit, known, None)
    for _ in range(_LOOKS):
        known = await case_for(visit, known.row.reference)
        if known.request.edition > edition:
            return visit.go("changed", reference=known.row.reference)
        await asyncio.sleep(_PATIENCE / _LOOKS)
    return _sent(visit, known, None)


def _sent(visit: Visit, known: Known, latest: Change | None) -> Response:
    waiting = known.waiting(visit.viewer, visit.site.clock())
    return visit.show("changed.html", known=known, latest=latest, waiting=waiting)


PAGES: Final = (
    Page("/cases/{reference}/edit", change, ("GET", "POST"), "signed_in"),
    Page("/cases/{reference}/changed", changed, ("GET",), "signed_in"),
    Page("/cases/{reference}/versions", versions, ("GET",), "signed_in"),
)
