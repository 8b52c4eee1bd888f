"""What happened in the life of a site, in a review, and in an acknowledgement: a sentence for each event."""

from collections.abc import Callable
from typing import Final, TypeAlias

from domain.round_entries import (
    AnyRoundEntry,
    AnyRoundRemark,
    BoardDecided,
    CalendarChanged,
    CampaignBegan,
    CampaignClosed,
    CampaignSuperseded,
    ChangeTurnedDown,
    ClosureProposed,
    ConsultationHeld,
    CoverChanged,
    CycleBegan,
    DateComing,
    DocumentSigned,
    DraftReady,
    EqualityAssessed,
    LeadershipConsulted,
    PostingResumed,
    PostingSuspended,
    PostModerated,
    QuestionAnswered,
    ReadingOpened,
    ReviewOpened,
    ReviewOverdue,
    RollCalled,
    SignatureCalledOff,
    SignatureChased,
    SiteChanged,
    SiteClosed,
    SiteEvaluated,
    SiteLifeBegan,
    SiteReviewed,
    SiteWentLive,
    TrainingAttended,
    VersionAdopted,
    VisitorExpected,
    VisitorSigned,
)
from domain.round_mails import found_in_words
from domain.words import counted, day_in_words

OfARound: TypeAlias = AnyRoundEntry | AnyRoundRemark
"""All that is put on record in what comes round."""

_OfASite: TypeAlias = (
    SiteLifeBegan
    | SiteWentLive
    | SiteReviewed
    | LeadershipConsulted
    | SiteEvaluated
    | PostModerated
    | CoverChanged
    | PostingSuspended
    | PostingResumed
    | SiteChanged
    | ClosureProposed
    | ChangeTurnedDown
    | SiteClosed
)
_OfAReview: TypeAlias = (
    CycleBegan
    | DateComing
    | ReviewOverdue
    | ReviewOpened
    | DraftReady
    | ConsultationHeld
    | EqualityAssessed
    | BoardDecided
    | VersionAdopted
)
_OfSigning: TypeAlias = (
    CampaignBegan
    | RollCalled
    | CampaignSuperseded
    | VisitorExpected
    | VisitorSigned
    | TrainingAttended
    | QuestionAnswered
    | CampaignClosed
    | SignatureChased
    | ReadingOpened
    | DocumentSigned
    | SignatureCalledOff
    | CalendarChanged
)

_TURNED_DOWN: Final = {
    "lapsed": "nobody answered in time",
    "refused": "a rule of the policy forbids it",
    "closed": "the site was closed",
}
_CALLED_OFF: Final = {
    "left": "they have left",
    "superseded": "a new version is to be signed",
    "closed": "nobody has to sign it any more",
}


def round_in_words(event: OfARound, name: Callable[[str], str]) -> str:
    """Return an event in one sentence without a full stop; `name` says what somebody is called."""
    if isinstance(event, _OfASite):
        return _of_a_site(event, name)
    if isinstance(event, _OfAReview):
        return _of_a_review(event, name)
    return _of_signing(event, name)


def _of_a_site(event: _OfASite, name: Callable[[str], str]) -> str:
    match event:
        case SiteLifeBegan():
            return f"The site “{event.title}” was approved, and is looked after from now on"
        case SiteWentLive():
            return (
                f"{name(event.by)} put on record that the site went live on {day_in_words(event.on)}: {event.address}"
            )
        case SiteReviewed():
            return f"{name(event.by)} looked at the site: {found_in_words(event)}"
        case LeadershipConsulted():
            return f"{name(event.by)} spoke with {event.with_whom} about what belongs on the site"
        case SiteEvaluated():
            return f"{name(event.by)} evaluated the site: {_achieved(event.achieved)}"
        case PostModerated():
            what = "was not published" if event.what == "not_posted" else "was taken down"
            return f"{name(event.by)} put on record that a post {what}"
        case CoverChanged():
            there = f"{counted(len(event.administrators), 'administrator')} and "
            there += counted(len(event.moderators), "moderator")
            return f"{there} are there{'' if event.enough else ': too few'}"
        case PostingSuspended():
            return f"{name(event.by)} suspended posting on the site: {event.reason}"
        case PostingResumed():
            return f"{name(event.by)} put on record that posting goes on"
        case SiteChanged():
            return "The change of the site was approved"
        case ClosureProposed():
            return (
                "Nobody has said in time that the site is maintained, as it was agreed:"
                f" Duly proposes to close it on {day_in_words(event.on)}"
            )
        case ChangeTurnedDown():
            why = _TURNED_DOWN.get(event.why, "somebody did not approve it")
            return f"The change of the site was turned down, because {why}: it stays as it was"
        case SiteClosed():
            closed = f"{name(event.by)} closed the site on {day_in_words(event.on)}, contacts removed"
            return f"{closed}: {_achieved(event.achieved)}"


def _of_a_review(event: _OfAReview, name: Callable[[str], str]) -> str:
    match event:
        case CycleBegan():
            on = f"is due on {day_in_words(event.review_on)}" if event.review_on else "has no date, so it is overdue"
            version = f" of version {event.version}" if event.version else ""
            return f"The next review{version} {on}"
        case DateComing():
            what = "The closing of the site" if event.what == "closure" else "The review"
            return f"{what} is due on {day_in_words(event.on)}: those whom it concerns were told"
        case ReviewOverdue():
            return f"The review is overdue{f' since {day_in_words(event.since)}' if event.since else ''}"
        case ReviewOpened():
            return f"{name(event.by)} opened the review before its date: {event.reason}"
        case DraftReady():
            return f"{name(event.by)} has a draft of version {event.version} ready"
        case ConsultationHeld():
            days = f"from {day_in_words(event.first)} to {day_in_words(event.last)}"
            return f"{name(event.by)} put on record that {event.with_whom} had been asked, {days}"
        case EqualityAssessed():
            found = "would treat somebody worse" if event.negative_impact == "yes" else "treats nobody worse"
            return f"{name(event.by)} put on record that the draft {found}"
        case BoardDecided():
            if event.quorate == "no":
                return f"{name(event.by)} put on record that the board had no quorum (minute {event.minute})"
            decided = "approved the draft" if event.approved == "yes" else "did not approve the draft"
            return f"The board {decided} on {day_in_words(event.on)} (minute {event.minute})"
        case VersionAdopted():
            before = f", and supersedes version {event.supersedes}" if event.supersedes else ""
            return f"Version {event.version} is in force from {day_in_words(event.effective_from)}{before}"


def _of_signing(event: _OfSigning, name: Callable[[str], str]) -> str:
    match event:
        case CampaignBegan():
            version = f", version {event.version}" if event.version else ""
            return f"Everybody was asked to read and sign “{event.title}”{version}"
        case RollCalled():
            return (
                f"{event.signed} of {event.asked} have signed, {event.waiting} are waited for, "
                f"{event.declined} declined, {event.left} have left"
            )
        case CampaignSuperseded():
            return "A new version is to be signed: nobody is asked to sign this one any more"
        case VisitorExpected(how="duly"):
            until = day_in_words(event.until)
            return f"{event.name}, a visitor until {until}, is still here, and is expected to sign this version too"
        case VisitorExpected():
            return f"{name(event.by)} expects {event.name}, a visitor until {day_in_words(event.until)}"
        case VisitorSigned():
            return f"{event.name}, a visitor until {day_in_words(event.until)}, signed"
        case TrainingAttended():
            who = "1 person" if len(event.people) == 1 else f"{len(event.people)} people"
            return f"{name(event.by)} put on record that {who} attended “{event.title}” on {day_in_words(event.on)}"
        case QuestionAnswered():
            return f"{name(event.by)} answered: {event.answer}"
        case CampaignClosed():
            return f"{name(event.by)} ended it: nobody is asked to sign any more"
        case SignatureChased():
            return "It was not signed in time: those who see to it were told"
        case ReadingOpened():
            return f"{name(event.by)} opened “{event.title}”{f', {event.edition}' if event.edition else ''}"
        case DocumentSigned():
            return f"{name(event.by)} signed"
        case SignatureCalledOff():
            return f"Nobody has to sign this any more: {_CALLED_OFF[event.why]}"
        case CalendarChanged():
            said = [one.in_words for one in event.coming]
            if event.moved or not said:
                said.insert(0, f"{counted(len(event.moved), 'date') if event.moved else 'no date'} moved")
            return f"The school's calendar changed: {'; '.join(said)}"


def _achieved(achieved: str) -> str:
    done = {
        "yes": "it achieved its aims",
        "in_part": "it achieved its aims in part",
        "no": "it did not achieve its aims",
    }
    return done[achieved]
