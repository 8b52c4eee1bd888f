"""One case: what was asked of whom, what they said, why it waits, and what its reader may do."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.access import Action, allow
from domain.approvals import RESTS_ON_ANSWERS, void_afterwards
from domain.asking import AUTHOR
from domain.cases import Act
from domain.deciding import LONGEST_COMMENT
from domain.events import Approved, Recorded, Rejected, Returned
from domain.picture import draw, stages_of
from domain.round_picture import round_stages
from domain.text import tidy
from domain.timeline import Timeline, timeline_of
from domain.timeline_picture import TimePicture
from domain.timeline_picture import draw as draw_timeline
from domain.waiting import may_nudge, was_nudged
from starter.engine import EngineLostError
from starter.web import levers
from starter.web.acting import LATER, hand_over
from starter.web.campaigns import progress_of
from starter.web.coming_round import coming_round, round_state
from starter.web.known import Known, case_for
from starter.web.page import Page, Visit
from starter.web.reading import UnreadableBodyError, only
from store import queries
from store.rounds.register import lives_of
from store.tables import CaseRow, MailRow, SiteRow
from templates import documents

_LATE: Final = timedelta(minutes=1)
"""After how long a mail that is not delivered is worth a word."""

_OUTCOMES: Final = {
    "approved": "Approved",
    "rejected": "Rejected",
    "withdrawn": "Withdrawn",
    "lapsed": "Lapsed",
    "refused": "Stopped by a rule of the policy",
    "cancelled": "Cancelled",
}


def state_of(row: CaseRow, history: Sequence[Recorded] = (), void: Container[str] = ()) -> str:
    """Return how a case stands, in a few words; where it has ended, whether what it ended by is still in doubt.

    Whether its approval became void afterwards its `history` says, or that it is among those that are `void`.
    """
    if row.outcome is not None:
        is_void = row.id in void or void_afterwards([said.event for said in history])
        questioned = row.held_at is not None and row.outcome in RESTS_ON_ANSWERS
        return in_doubt(ended_as(row.outcome), questioned=questioned, void=is_void)
    if row.held_at is not None:
        return "On hold"
    if queries.is_nobodys(row):
        return "Under way" if row.waits_for else "Nothing to do now"
    return "With its author for changes" if row.waits_for == AUTHOR else "Being decided"


def ended_as(outcome: str) -> str:
    """Return how a case ended, whatever became known of it later."""
    return _OUTCOMES.get(outcome, outcome.replace("_", " ").capitalize())


def in_doubt(ended: str, *, questioned: bool, void: bool) -> str:
    """Return how a case ended, and that an answer by which it did is under question, or was found to be void."""
    if void:
        return "Approval void" if ended == "Approved" else f"{ended}, by an answer that is void"
    return f"{ended}, under question" if questioned else ended


@dataclass(frozen=True)
class Sent:
    """A mail of a case as administrators see it: to whom, which, and what became of it."""

    to: str
    template: str
    mail: MailRow

    @property
    def state(self) -> str:
        """What became of it, in words."""
        if self.mail.refused_at:
            return "Refused by the mail server: check the address"
        if self.mail.dropped_at:
            return "No longer needed"
        if self.mail.gathered_at and not self.mail.sent_at:
            return "Put by for one mail with others"
        return "Sent" if self.mail.sent_at else "Not yet delivered"


@dataclass(frozen=True)
class Undelivered:
    """What became of mails to those asked: `late` are seats whose mail is on its way, `refused` are names."""

    late: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


async def case(visit: Visit) -> Response:
    """Show the case, and what of it the visitor may see."""
    known = await case_for(visit, visit.place("reference"))
    now, viewer = visit.site.clock(), visit.viewer
    round_of = await coming_round(visit, known)
    stages = (
        stages_of(known.opening, known.history, known.names, known.earlier)
        if round_of is None and known.opening.process.story != "question"
        else round_stages(known.opening, known.standing, known.history, known.names)
    )
    times = timeline_of(known.opening, known.history, now)
    async with visit.site.db.read() as session:
        rows = await queries.mails_of(session, known.row.id)
        lives = await lives_of(session, [known.row.id], visit.site.today) if known.row.outcome == "approved" else {}
        living = lives.get(known.row.id)
        life = living.case if living is not None else None
        site = await queries.site_of(session, known.opening.request.answers.get("site"))
        may_see = life is not None and allow(viewer, "see", await queries.access_of(session, life))
    return visit.show(
        "case.html",
        life=life if may_see else None,
        known=known,
        state=_state(known, site),
        round=round_of,
        campaign=await progress_of(visit, known),
        waiting=known.waiting(viewer, now),
        coming=known.coming,
        stages=stages,
        picture=draw(stages, f"The steps of {'request ' if round_of is None else ''}{known.row.reference}"),
        times=times,
        timeline=_timeline(known, times) if times.stretches else None,
        may_operate=allow(viewer, "intervene", known.access),
        events=tuple(zip(known.teller.told(known.history), map(_reason, known.history), strict=True)),
        asks=[ask.ask for ask in known.asks if _may_answer(visit, known, ask.ask)],
        mails=_mails(known, rows) if allow(viewer, "see", known.access, "mails") else None,
        undelivered=_undelivered(visit, known, rows),
        may_edit="edit" in known.standing.offers and allow(viewer, "edit_draft", known.access),
        may_nudge=may_nudge(viewer, known.access, known.standing, now, known.history),
        was_nudged=allow(viewer, "nudge", known.access) and was_nudged(known.access, now, known.history),
        may_withdraw="withdraw" in known.standing.offers and allow(viewer, "withdraw", known.access),
        levers=levers.offered(visit, known),
        can_print=documents.can_print(),
    )


def _state(known: Known, site: SiteRow | None) -> str:
    """Return how a case stands; the life of a site rests on the approval of the site."""
    if known.is_nobodys:
        stands = round_state(known.opening.process.story, known.standing, known.history)
        if site is not None and site.void_at is not None:
            return f"{stands}, approval void"
        return f"{stands}, approval under question" if site is not None and site.questioned_at is not None else stands
    return state_of(known.row, known.history)


def _timeline(known: Known, times: Timeline) -> TimePicture:
    pauses = any(step.pauses_in_holidays for step in known.opening.process.steps)
    title = f"{known.row.reference if known.is_nobodys else f'Request {known.row.reference}'} along time"
    return draw_timeline(times, known.opening.calendar, title, pauses_in_holidays=pauses)


async def nudge(visit: Visit) -> Response:
    """Have those asked reminded for the author, at most once a day."""
    known = await _own(visit, "nudge")
    only(visit.sent, ())
    # A repeated act gets its old reply: what was too soon, or not possible, may be asked again once that has passed.
    occasion = f"{visit.site.today}|{len(known.history)}"
    act = Act(kind="nudge", person=visit.person.id, how="session", occasion=occasion)
    title = "Nobody was reminded"
    try:
        return await hand_over(visit, known, act, title)
    except EngineLostError:
        return visit.show("not_done.html", 503, known=known, title=title, why=f"{LATER}.")


async def withdraw(visit: Visit) -> Response:
    """Ask whether the request is to be withdrawn; the second POST hands it to the case."""
    known = await _own(visit, "withdraw")
    fields = only(visit.sent, ("stage",), ("comment",))
    comment = tidy(fields.get("comment", ""))
    if known.row.closed_at is not None:
        return visit.go("case", reference=known.row.reference)
    if fields["stage"] not in {"review", "confirm"}:
        why = "the form has a step that is not on the page"
        raise UnreadableBodyError(why, 422)
    too_long = [("#comment", f"Your reason must be {LONGEST_COMMENT} characters or fewer")]
    errors = too_long if len(comment) > LONGEST_COMMENT else []
    if fields["stage"] == "review" or errors:
        return _asked_again(visit, known, comment, 422 if errors else 200, errors)
    occasion = str(len(known.history))
    act = Act(kind="withdraw", person=visit.person.id, how="session", comment=comment, occasion=occasion)
    try:
        return await hand_over(visit, known, act, "The request was not withdrawn")
    except EngineLostError:
        return _asked_again(visit, known, comment, 503, [("#comment", LATER)])


async def _own(visit: Visit, action: Action) -> Known:
    """Return the case of the address, for somebody who may do `action` with it.

    Raises:
        HTTPException: 404, there is no such case, or they may not.
    """
    known = await case_for(visit, visit.place("reference"))
    if not allow(visit.viewer, action, known.access):
        raise HTTPException(404)
    return known


def _asked_again(visit: Visit, known: Known, comment: str, status: int, errors: Sequence[tuple[str, str]]) -> Response:
    return visit.show("withdraw.html", status, known=known, comment=comment, errors=errors)


def _reason(said: Recorded) -> str:
    """Return the reason that was given for what happened; not of an answer, nor of stepping aside."""
    event = said.event
    if isinstance(event, Approved | Returned | Rejected) or getattr(event, "why", "") == "stepped_aside":
        return ""
    return getattr(event, "comment", "")


def _may_answer(visit: Visit, known: Known, ask: str) -> bool:
    row = known.ask(ask)
    asked = row is not None and known.waits_for(row, visit.viewer.person, visit.site.today)
    return asked and not known.standing.disputed and allow(visit.viewer, "decide", known.access)


def _mails(known: Known, rows: Sequence[MailRow]) -> tuple[Sent, ...]:
    return tuple(Sent(known.name(row.person), row.template.replace("_", " "), row) for row in rows)


def _undelivered(visit: Visit, known: Known, rows: Sequence[MailRow]) -> Undelivered:
    """Return what the author and administrators should know of mails to those asked now: the latest to each counts."""
    if not allow(visit.viewer, "see", known.access, "delivery"):
        return Undelivered()
    waits = {ask.ask for ask in known.standing.asks}
    reached = {(one.ask, one.person): one for one in known.asked if one.ask in waits}
    latest = {(row.ask or "", row.person): row for row in rows if (row.ask, row.person) in reached}
    late: dict[str, None] = {}
    refused: dict[str, None] = {}
    for key, row in latest.items():
        if row.refused_at is not None:
            refused[known.name(row.person)] = None
        elif not (row.sent_at or row.dropped_at or row.gathered_at) and visit.site.clock() - row.queued_at > _LATE:
            late[known.seat(reached[key].seat)] = None
    return Undelivered(tuple(late), tuple(refused))


PAGES: Final = (
    Page("/cases/{reference}", case, ("GET",), "signed_in"),
    Page("/cases/{reference}/nudge", nudge, ("POST",), "signed_in"),
    Page("/cases/{reference}/withdraw", withdraw, ("POST",), "signed_in"),
)
