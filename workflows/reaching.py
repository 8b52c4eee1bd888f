"""Who is asked in a case, and whom an ask reaches: never anybody who may not decide it, or not learn of it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from domain.entries import CaseRouted, InvestigatorAppointed
from domain.events import AskClosed, AskMoved, AskOpened, ClosedWhy, MovedWhy
from domain.matters import route_of
from domain.order import barred, barred_from
from domain.pack import AnyClocks, Reviews, Step, Task
from workflows.ask import Ask, Reach, calendar_of
from workflows.mails import ASK_MAIL, CHANGES_MAIL, NEUTRAL_MAIL

if TYPE_CHECKING:
    from workflows.case import Case

CASE_MANAGER: Final = "case_manager"
"""The seat of whoever sees to a confidential case."""

INVESTIGATOR: Final = "investigator"
"""The seat that nobody holds but whom the case appoints."""


def of_step(case: "Case", step: Step | Task | Reviews, seat: str) -> Reach:
    """Return whom an ask of `seat` may reach: never the author, nor whom a rule or a conflict of interest bars."""
    held = next((one for one in case.opening.seats if one.key == seat), None)
    named = case.request.answers.get(held.from_field) if held and held.from_field else None
    bound = barred(case.rules, case.past, step.key, case.request.version)
    return Reach(
        ladder=(seat, *(held.stands_in if held else ())),
        named=str(named) if named is not None else None,
        excluded=bound | case.own | case.set_apart | case.apart,
    )


def of_task(case: "Case", task: AnyClocks, seat: str) -> Reach:
    """Return whom a task may reach in `seat`: by the ladder of the route, less whoever is recused or set apart.

    Whoever did what somebody else has to do may see to it that it is done, and no more.
    """
    if not isinstance(task, Task | Reviews):
        return Reach(())
    if case.opening.matter is None:
        return of_step(case, task, seat)._replace(excluded=case.set_apart)
    route = case.route
    ladder = route.ladders.get(seat, (seat,)) if route is not None else (seat,)
    bound: frozenset[str] = frozenset()
    if seat == task.seat:
        bound = barred_from(case.opening.process.rules, case.past, task.done_by.event)
    appointed = next((one.person for one in reversed(case.past) if isinstance(one, InvestigatorAppointed)), None)
    named = appointed if seat == INVESTIGATOR and appointed not in case.recused | case.set_apart else None
    return Reach(ladder=ladder, named=named, excluded=(bound - {named or ""}) | case.recused | case.set_apart)


def open_ask(case: "Case", step: AnyClocks, seat: str, reach: Reach, quietly: bool = False) -> Ask:
    """Ask `seat` for `step`, and mail those whom that reaches, unless it is done `quietly`."""
    version, calendar = case.request.version, calendar_of(case.opening.calendar, step)
    ask = Ask(f"a{case.opening.asked + len(case.asks) + 1}", step, seat, version, reach, case.now(), calendar)
    case.asks[ask.id] = ask
    opened = AskOpened(
        ask=ask.id,
        step=step.key,
        seat=seat,
        ladder=reach.ladder,
        named=reach.named,
        due=ask.due,
        version=version,
        excluded=tuple(sorted(reach.excluded)),
        asked=reach.fixed,
    )
    if not case.record(opened):
        ask.close("refused")
    elif not quietly:
        case.mail_asked(CHANGES_MAIL if ask.is_for_changes else ASK_MAIL, ask)
    return ask


def close(case: "Case", ask: Ask, why: ClosedWhy) -> None:
    """Take no answer to `ask` from now on."""
    ask.close(why)
    case.record(AskClosed(ask=ask.id, step=ask.step.key, why=why))


def move(case: "Case", ask: Ask, why: MovedWhy, by: str | None = None, comment: str = "") -> None:
    """Have it looked up anew whom `ask` reaches; those whom it had not reached before get the link."""
    moved = AskMoved(
        ask=ask.id,
        step=ask.step.key,
        why=why,
        by=by,
        comment=comment,
        ladder=ask.reach.ladder,
        also=ask.reach.also,
        named=ask.reach.named,
        excluded=tuple(sorted(ask.reach.excluded)),
        asked=ask.reach.fixed,
    )
    if case.record(moved):
        ask.asked = None
        case.mail_asked(CHANGES_MAIL if ask.is_for_changes else ASK_MAIL, ask, newly=True)


def ask_anew(case: "Case", ask: Ask, why: MovedWhy, by: str | None = None) -> None:
    """Have an open ask reach whom it would reach if it were opened now; an escalated one stays so."""
    reach = of_task(case, ask.step, ask.seat)
    ask.reach = reach._replace(also=reach.ladder[1:] if ask.escalated else ())
    move(case, ask, why, by)


def find_route(case: "Case") -> None:
    """Find who sees to the case, now that its matter is as it is; open asks go to whom the new route names."""
    route = route_of(case.opening.process, case.matter)
    if route is None or (case.route is not None and route.key == case.route.key):
        return
    case.route = route
    case.record(
        CaseRouted(
            route=route.key,
            ladder=route.ladders["case_manager"],
            told=route.told,
            procedure=route.procedure,
            recused=tuple(sorted(case.recused)),
        )
    )
    for ask in case.live_asks():
        ask_anew(case, ask, "routed")
    case.tell(NEUTRAL_MAIL, *route.told)


def recuse(case: "Case", people: Iterable[str]) -> None:
    """Let `people` not learn of the case any more: they are asked nothing, told nothing, and read nothing."""
    new = frozenset(people) - case.recused
    case.recused |= new
    for ask in case.live_asks():
        hit = ask.asked is None or any(ask.reaches(person) for person in new)
        named = None if ask.reach.named in new else ask.reach.named
        ask.reach = ask.reach._replace(excluded=ask.reach.excluded | new, named=named)
        if new and hit:
            move(case, ask, "recused")


def take_out(case: "Case", ask: Ask, person: str, why: MovedWhy, by: str | None = None, comment: str = "") -> None:
    """Let `person` not decide an open ask; where it reaches them, it is looked up anew."""
    # Where it is not known yet whom it reaches, it is being looked up at this moment.
    reached = ask.asked is None or ask.reaches(person) is not None
    named = None if ask.reach.named == person else ask.reach.named
    ask.reach = ask.reach._replace(excluded=ask.reach.excluded | {person}, named=named)
    if reached:
        move(case, ask, why, by, comment)


def author_is_asked(case: "Case") -> bool:
    """Return whether the author is asked to change the request."""
    return any(ask.is_for_changes for ask in case.open_asks())
