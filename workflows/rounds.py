"""What processes that come round have in common: what may be put on record in them, and what Duly says to them."""

from datetime import date
from typing import TYPE_CHECKING, Final

from domain.calendar import local_day
from domain.cases import Act, Present, Recordable, Reply
from domain.events import RequestEdited
from domain.fields import Value
from domain.forms import Answers
from domain.round_days import can_be_in_force, is_before_closing, is_of_this_cycle
from domain.round_entries import (
    BoardDecided,
    ConsultationHeld,
    CoverChanged,
    DraftReady,
    PostingResumed,
    PostingSuspended,
    QuestionAnswered,
    SiteClosed,
    SiteWentLive,
    TrainingAttended,
    VisitorExpected,
    VisitorSigned,
)
from domain.text import is_blank
from workflows.since import IN_TIME

if TYPE_CHECKING:
    from workflows.case import Case

BY_RIGHT: Final = "by_right"
"""Who is not asked, and may put something on record: that they may, the door has seen to."""

TEAM: Final = ("administrators", "moderators")
"""The questions of the form that name who runs a site."""


def fits(case: "Case", entry: Recordable) -> bool:
    """Return whether an entry speaks of what there is: the version in force, those who run the site, days that fit."""
    today = local_day(case.now())
    match entry:
        case SiteWentLive():
            return (
                not case.count(SiteWentLive)
                and entry.on <= today
                and entry.terms_published == "yes"
                and _is_covered(case, entry.trained)
                and _in_time(case, is_before_closing(entry.on, day_of(case, "closure_date")))
            )
        case SiteClosed():
            live = case.latest(SiteWentLive)
            return entry.contacts_removed == "yes" and entry.on <= today and (live is None or live.on <= entry.on)
        case PostingSuspended():
            return not case.is_between("posting_suspended", "posting_resumed")
        case PostingResumed():
            return case.is_between("posting_suspended", "posting_resumed") and is_covered_now(case)
        case DraftReady():
            return (
                entry.supersedes == case.opening.request.answers.get("version", "")
                and entry.version != entry.supersedes
                and not is_blank(entry.version)
                and _in_time(case, can_be_in_force(entry.effective_from, today))
            )
        case ConsultationHeld():
            return entry.first <= entry.last <= today and _in_time(case, is_of_this_cycle(entry.first, case.began))
        case BoardDecided():
            of_this_cycle = entry.on <= today and is_of_this_cycle(entry.on, case.began)
            return _in_time(case, of_this_cycle and not is_blank(entry.minute))
        case QuestionAnswered():
            return not is_blank(entry.answer)
        case TrainingAttended():
            return entry.on <= today and bool(entry.people) and not is_blank(entry.title)
        case VisitorExpected() | VisitorSigned():
            return entry.until >= today and not is_blank(entry.name)
        case _:
            return True


def _in_time(case: "Case", fitting: bool) -> bool:
    """Return whether an entry is `fitting`; a case that ran before takes it either way."""
    return fitting or not case.since(IN_TIME)


def names(case: "Case", question: str) -> tuple[str, ...] | None:
    """Return whom the form, as it was approved, names as administrators or moderators of the site.

    None, where it does not ask.
    """
    named = approved(case).get(question)
    return named if isinstance(named, tuple) else None


def is_covered_now(case: "Case") -> bool:
    """Return whether enough of those who run the site are there, as far as is known."""
    latest = case.latest(CoverChanged)
    return latest is None or latest.enough


def is_enough(case: "Case", present: Present) -> bool:
    """Return whether those who are there are enough.

    Source: Cadmus 18.4 and Appendix 1 (LIFE-09).
    """
    cover = case.opening.process.cover
    there = {"administrators": present.administrators, "moderators": present.moderators}
    return cover is None or all(
        len(set(there[question])) >= cover.at_least for question in TEAM if names(case, question) is not None
    )


def _is_covered(case: "Case", trained: tuple[str, ...]) -> bool:
    """Return whether enough of those who run the site, and are there, are trained (LIFE-01)."""
    there = case.present
    known = {
        "administrators": there.administrators if there is not None else names(case, "administrators") or (),
        "moderators": there.moderators if there is not None else names(case, "moderators") or (),
    }
    ready = {question: tuple(one for one in known[question] if one in trained) for question in TEAM}
    return is_enough(case, Present(administrators=ready["administrators"], moderators=ready["moderators"]))


def take_cover(case: "Case", act: Act) -> Reply:
    """Put on record who of those who run the site is there, where that has changed."""
    if act.how != "duly" or act.present is None or case.opening.process.story != "site_life":
        return Reply(says="not_offered")
    if act.present == case.present:
        return Reply(says="unchanged")
    case.present = act.present
    case.record(
        CoverChanged(
            administrators=act.present.administrators,
            moderators=act.present.moderators,
            enough=is_enough(case, act.present),
        )
    )
    case.tell_on()
    return Reply(says="done")


def revise(case: "Case", by: str, title: str, answers: dict[str, Value]) -> None:
    """Let the request say what `by` made of it: a new version, which nobody has approved yet."""
    before = case.request
    changed = tuple(sorted(key for key in before.answers | answers if before.answers.get(key) != answers.get(key)))
    edited = RequestEdited(
        by=by,
        author="",
        version=before.version + 1,
        edition=before.edition + 1,
        material=True,
        changed=changed,
        title=title,
        answers=answers,
    )
    case.record(edited)
    new = {"title": title, "answers": answers, "version": edited.version, "edition": edited.edition}
    case.request = before.model_copy(update=new)
    case.own |= {by}


def approved(case: "Case") -> Answers:
    """Return the answers of the form; of a site, as they were approved: what is only proposed changes nothing yet."""
    if case.opening.process.story != "site_life":
        return case.request.answers
    events, answers = case.approved
    if events != len(case.past):
        answers = case.as_approved()
        case.approved = len(case.past), answers
    return answers


def day_of(case: "Case", question: str) -> date | None:
    """Return the day that the form says, as it was approved, or None where it says none."""
    return day_in(approved(case), question)


def day_in(answers: Answers, question: str) -> date | None:
    """Return the day that `answers` say, or None where they say none."""
    answer = answers.get(question)
    return date.fromisoformat(answer) if isinstance(answer, str) and answer else None
