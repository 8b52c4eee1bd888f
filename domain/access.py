"""Need to know: the one function that every page, list, count, search, mail and command asks."""

from typing import Literal

from domain.base import Frozen

Action = Literal[
    "see",
    "decide",
    "withdraw",
    "edit_draft",
    "advise",
    "list_all",
    "see_register",
    "see_documents",
    "start",
    "correct_address",
    "settle_power",
    "nudge",
    "intervene",
    "record",
    "see_to",
]
"""What somebody may want: see a case or draft, decide an ask, withdraw, go on with a draft, answer a question about
a draft, list all cases of an organisation, see its register, see its documents and when each is reviewed, start a
process, propose another address for a person, settle a change of power, have those asked reminded, see to a case as
an administrator without deciding in it, put something on record in a case that takes entries, see to what comes round:
have everybody sign a document, and know who has not."""

Field = Literal["content", "mails", "delivery", "reporter"]
"""Which part of a case: the form, what was decided and what happened; which mails went to whom; whether those asked
have their mails; or who reported a confidential matter."""


class Viewer(Frozen):
    """Somebody who is signed in, or holds a link: who, of which organisation, and whether an administrator.

    `strong` is whether they showed who they are in two ways, or to their school, within the last quarter of an hour.
    A `service` is a program of the organisation and nobody at all: `person` is then its id.
    """

    person: str
    organisation: str
    administrator: bool = False
    strong: bool = False
    service: bool = False


class CaseAccess(Frozen):
    """What about a case decides who may see it. `asked` are those asked now, `decided` those who decided.

    `team` are those whose it is where it is nobody's request: who run a site, own a document, or sign it.
    """

    organisation: str
    starter: str
    author: str
    asked: frozenset[str] = frozenset()
    decided: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()
    team: frozenset[str] = frozenset()


class ConfidentialAccess(Frozen):
    """What about a confidential case decides who may see it.

    `asked` are those asked now, `managers` those of them who see to the case; `told` are those whom the route tells,
    and `opened_for` those for whom two custodians opened it in an emergency. `recused` must not learn of it.
    """

    organisation: str
    asked: frozenset[str] = frozenset()
    managers: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()
    opened_for: frozenset[str] = frozenset()
    recused: frozenset[str] = frozenset()


def allow(
    viewer: Viewer, action: Action, case: CaseAccess | ConfidentialAccess | None = None, field: Field = "content"
) -> bool:
    """Return whether `viewer` may do `action`, with `case` where there is one; what is not named here is refused.

    An administrator, as such, reads a case in which they are neither author nor asked nor decider, and intervenes in
    it, and decides in none. Nobody decides their own request. Whoever decided sees the form that they decided on;
    `told` are those whom the pack tells of a request (the headteacher at submission), who may read it. A change of
    power is seen like a case: who proposes it is its starter, the person whose power it is its author, whoever else
    gains or loses by it is told, and none of them settles it; those who may are asked.

    What comes round is nobody's request. Its `team` sees it, changes it, and puts on record what happened, and so does
    whoever is asked; those who hold a seat that it asks are told. None of the team intervenes in it. The team sees to
    it, and so does an administrator who has no part in it.

    A confidential case is seen by those asked in it, those told of it, and those for whom it was opened in an
    emergency; by nobody who is recused, nor without a strong sign-in, and by no administrator as such. Who reported it,
    only those who see to it know, and those for whom it was opened.

    A service reads ordinary cases of its organisation, as an administrator without a part in them does, and no more.

    Source: Newall Green 3.5 (PLAT-08), 6.20 (PLAT-10) and 6.24 (ALLEG-11).
    """
    if viewer.service:
        return _allow_service(viewer, action, case, field)
    if isinstance(case, ConfidentialAccess):
        return _allow_confidential(viewer, action, case, field)
    if case is None:
        return action in {"start", "see_register", "see_documents"} or (
            action in {"list_all", "correct_address", "settle_power"} and viewer.administrator
        )
    if viewer.organisation != case.organisation or field == "reporter" or (field != "content" and action != "see"):
        return False
    own = viewer.person in {case.starter, case.author}
    if action == "decide":
        return viewer.person in case.asked and not own
    if action in {"withdraw", "nudge"}:
        return own
    if action == "edit_draft":
        return own or viewer.person in case.team
    if action == "record":
        return viewer.person in case.asked | case.team
    if action == "advise":
        return viewer.person in case.asked
    if action == "correct_address":
        return viewer.administrator and not own
    if action == "settle_power":
        return viewer.person in case.asked and not own and viewer.person not in case.told
    part = case.asked | case.decided | case.team
    as_administrator = viewer.administrator and not own and viewer.person not in part
    if action == "intervene" or field == "mails":
        return as_administrator
    if action == "see_to":
        return as_administrator or viewer.person in case.team
    if field == "delivery":
        return as_administrator or own or viewer.person in case.team
    involved = own or viewer.person in part | case.told
    return action == "see" and (involved or as_administrator)


def _allow_confidential(viewer: Viewer, action: Action, case: ConfidentialAccess, field: Field) -> bool:
    if viewer.organisation != case.organisation or viewer.person in case.recused or not viewer.strong:
        return False
    if action == "record":
        return viewer.person in case.asked
    if action != "see":
        return False
    if field == "reporter":
        return viewer.person in case.managers | case.opened_for
    return viewer.person in case.asked | case.told | case.opened_for


def _allow_service(viewer: Viewer, action: Action, case: CaseAccess | ConfidentialAccess | None, field: Field) -> bool:
    if case is None:
        return action == "list_all"
    if not isinstance(case, CaseAccess) or viewer.organisation != case.organisation:
        return False
    return action == "see" and field == "content"
