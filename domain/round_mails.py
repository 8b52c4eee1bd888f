"""What a mail says of what happened in the life of a site, in a review, and in an acknowledgement.

Less than the page: what somebody wrote in their own words stays there.
"""

from collections.abc import Callable
from datetime import date

from domain.coming_dates import What
from domain.events import AnyEvent
from domain.round_entries import (
    CalendarChanged,
    ChangeTurnedDown,
    ClosureProposed,
    CoverChanged,
    DateComing,
    PostingResumed,
    PostingSuspended,
    QuestionAnswered,
    ReviewOverdue,
    SignatureChased,
    SiteChanged,
    SiteClosed,
    SiteReviewed,
    VersionAdopted,
    is_neglected,
)
from domain.words import counted, day_in_words

COMING: dict[What, str] = {
    "go_live": "The site goes live",
    "site_review": "The site is looked at",
    "closure": "The site is to be closed",
    "review": "The review is due",
    "signatures": "Everybody has to have signed",
}
"""What comes on a date, in a sentence that goes on with the day."""


def said_in_mail(event: AnyEvent, on: date, name: Callable[[str], str], signer: str) -> str:
    """Return what happened `on` that day, as a sentence without a full stop; nothing where no mail tells of it.

    `name` says what somebody is called, `signer` is who is asked to sign, by their id, where somebody is.
    """
    match event:
        case CoverChanged():
            there = counted(len(event.administrators), "administrator")
            there += f" and {counted(len(event.moderators), 'moderator')}"
            return (
                f"{'Enough' if event.enough else 'Too few'} are there who run the site: {there} on {day_in_words(on)}"
            )
        case DateComing():
            return f"{COMING[event.what]} on {day_in_words(event.on)}, in {counted(event.days, 'day')}"
        case SiteReviewed():
            return f"{name(event.by)} looked at the site on {day_in_words(on)}: {found_in_words(event)}"
        case PostingSuspended():
            return f"{name(event.by)} suspended posting on the site on {day_in_words(on)}"
        case PostingResumed():
            return f"Posting on the site goes on since {day_in_words(on)}"
        case SiteChanged():
            return f"The change of the site was approved on {day_in_words(on)}"
        case ClosureProposed():
            return (
                "Nobody has said in time that the site is maintained, as it was agreed."
                f" Duly proposes to close it on {day_in_words(event.on)}"
            )
        case ChangeTurnedDown():
            return f"The change of the site was not approved on {day_in_words(on)}: it stays as it was"
        case SiteClosed():
            return f"{name(event.by)} put on record that the site was closed on {day_in_words(event.on)}"
        case ReviewOverdue():
            since = f" since {day_in_words(event.since)}" if event.since is not None else ": it has no date"
            return f"The review is overdue{since}"
        case VersionAdopted():
            version = f"Version {event.version}" if event.version else "A new version"
            return f"{version} is in force from {day_in_words(event.effective_from)}"
        case QuestionAnswered():
            return f"{name(event.by)} answered on {day_in_words(on)}: {event.answer}"
        case CalendarChanged():
            return "; ".join(one.in_words for one in event.coming)
        case SignatureChased():
            return f"{name(signer)} has not read and signed it yet"
        case _:
            return ""


def found_in_words(look: SiteReviewed) -> str:
    """Return what somebody found who looked at a site, without what they wrote of it."""
    kept = "is maintained" if look.maintained == "yes" else "is not maintained"
    return f"it {kept}, and is {'' if look.as_agreed == 'yes' else 'not '}as it was agreed"


def is_settled(event: AnyEvent, outcome: str | None) -> bool:
    """Return whether a mail about `event` has nothing to tell any more.

    Enough are there, the site is as it is to be, or somebody has signed.
    """
    match event:
        case CoverChanged():
            return event.enough
        case SiteReviewed():
            return not is_neglected(event)
        case SignatureChased():
            return outcome is not None
        case _:
            return False
