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
    "start",
    "correct_address",
    "nudge",
    "intervene",
]
"""What somebody may want: see a case or draft, decide an ask, withdraw, go on with a draft, answer a question about
a draft, list all cases of an organisation, see its register, start a process, correct a person's address, have those
asked reminded, see to a case as an administrator without deciding in it."""

Field = Literal["content", "mails", "delivery"]
"""Which part of a case: the form, what was decided and what happened; which mails went to whom; or whether those asked
have their mails."""


class Viewer(Frozen):
    """Somebody who is signed in, or holds a link: who, of which organisation, and whether an administrator."""

    person: str
    organisation: str
    administrator: bool = False


class CaseAccess(Frozen):
    """What about a case decides who may see it. `asked` are those asked now, `decided` those who decided."""

    organisation: str
    starter: str
    author: str
    asked: frozenset[str] = frozenset()
    decided: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()


def allow(viewer: Viewer, action: Action, case: CaseAccess | None = None, field: Field = "content") -> bool:
    """Return whether `viewer` may do `action`, with `case` where there is one; what is not named here is refused.

    An administrator, as such, reads a case in which they are neither author nor asked nor decider, and intervenes in
    it, and decides in none. Nobody decides their own request. Whoever decided sees the form that they decided on;
    `told` are those whom the pack tells of a request (the headteacher at submission), who may read it. A correction of
    an address is seen like a case: who proposes it is its starter, the person whose address it is its author; neither
    may settle it.

    Source: Newall Green 3.5 (PLAT-08) and 6.20 (PLAT-10).
    """
    if case is None:
        return action in {"start", "see_register"} or (
            action in {"list_all", "correct_address"} and viewer.administrator
        )
    if viewer.organisation != case.organisation or (field != "content" and action != "see"):
        return False
    own = viewer.person in {case.starter, case.author}
    if action == "decide":
        return viewer.person in case.asked and not own
    if action in {"withdraw", "edit_draft", "nudge"}:
        return own
    if action == "advise":
        return viewer.person in case.asked
    if action == "correct_address":
        return viewer.administrator and not own
    as_administrator = viewer.administrator and not own and viewer.person not in case.asked | case.decided
    if action == "intervene" or field == "mails":
        return as_administrator
    if field == "delivery":
        return as_administrator or own
    involved = own or viewer.person in case.asked | case.decided | case.told
    return action == "see" and (involved or as_administrator)
