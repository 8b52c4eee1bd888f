"""What the author can do: withdraw the request, change it, and have those who are asked reminded."""

from typing import TYPE_CHECKING, Final

from domain.calendar import local_day
from domain.cases import Act, Reply
from domain.events import Nudged, RequestEdited
from domain.forms import Answers
from domain.round_days import may_close_then
from workflows import reaching, rounds
from workflows.ask import Answer
from workflows.mails import CHANGED_MAIL, REMINDER_MAIL
from workflows.replies import DONE, HELD, INCOMPLETE, NOT_OFFERED
from workflows.since import IN_TIME

if TYPE_CHECKING:
    from workflows.case import Case

_MOST_EDITIONS: Final = 100


def end(case: "Case", act: Act) -> Reply:
    """Do what the process offers its author: end the case, as by a withdrawal."""
    if act.kind not in case.offers or not _is_own(case, act):
        return NOT_OFFERED
    becomes, ending = case.offers[act.kind]
    refused = case.record_all([becomes(act)], act.person)
    if refused is not None:
        return Reply(says="refused", clause=refused)
    case.interrupt(Answer(ending=ending))
    return DONE


def edit(case: "Case", act: Act) -> Reply:
    """Change the request. After a change to a material answer every approval is void, and the steps are asked again."""
    before = case.request
    if case.opening.process.changes is None or not _may_change(case, act):
        return NOT_OFFERED
    if case.disputed:
        return HELD
    if act.request is None:
        return INCOMPLETE
    carried = case.opening.carried
    if before.edition - (carried.request.edition if carried is not None else 0) >= _MOST_EDITIONS:
        return NOT_OFFERED
    if act.version != before.edition:
        return Reply(says="wrong_version")
    answers = act.request.answers
    changed = tuple(sorted(key for key in before.answers | answers if before.answers.get(key) != answers.get(key)))
    if not changed:
        return Reply(says="unchanged")
    if not _closes_in_time(case, answers):
        return INCOMPLETE
    material = not set(changed) <= set(case.opening.immaterial) or act.request.author != before.author
    edited = RequestEdited(
        by=act.person,
        author=act.request.author,
        version=before.version + material,
        edition=before.edition + 1,
        material=material,
        changed=changed,
        title=act.request.title,
        answers=answers,
        overrides=act.request.overrides,
        people=tuple(sorted(set(act.authors) - {act.person})),
    )
    refused = case.record_all([edited], act.person)
    if refused is not None:
        return Reply(says="refused", clause=refused)
    case.request = before.model_copy(
        update={
            "title": edited.title,
            "author": edited.author,
            "version": edited.version,
            "edition": edited.edition,
            "answers": edited.answers,
            "overrides": edited.overrides,
        }
    )
    case.own |= {act.person, edited.author, *edited.people}
    case.tell(CHANGED_MAIL, "deciders", *(() if material else ("asked",)))
    if material or reaching.author_is_asked(case):
        case.interrupt(Answer(ending="changed"))
    return DONE


def nudge(case: "Case", act: Act) -> Reply:
    """Remind those asked because the author wishes it, at most once a day."""
    asks = [ask for ask in case.open_asks() if not ask.is_for_changes]
    if not asks or not _is_own(case, act):
        return NOT_OFFERED
    if case.disputed:
        return HELD
    today = local_day(case.now())
    if case.nudged_on == today:
        return Reply(says="too_soon")
    case.nudged_on = today
    for ask in asks:
        case.record(Nudged(ask=ask.id, step=ask.step.key, by=act.person))
        case.mail_asked(REMINDER_MAIL, ask)
    return DONE


def _closes_in_time(case: "Case", answers: Answers) -> bool:
    """Return whether a site that lives is to be closed as was approved, or on a day that lies ahead (LIFE-02)."""
    if case.opening.process.story != "site_life":
        return True
    return may_close_then(rounds.approved(case), answers, local_day(case.now())) or not case.since(IN_TIME)


def _may_change(case: "Case", act: Act) -> bool:
    """Return whether somebody may change the request: a site that lives is the school's, and the door sees to it."""
    return _is_own(case, act) or (case.opening.process.story == "site_life" and act.how == "session")


def _is_own(case: "Case", act: Act) -> bool:
    return act.person in {case.request.author, case.request.starter}
