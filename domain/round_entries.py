"""What is put on record in what comes round: the life of a site, the review of a document, its signatures.

What people record is an entry, as in `domain.entries`; what the process itself records is a remark.
"""

from datetime import date
from typing import Final, Literal

from pydantic import Field

from domain.base import Frozen, How, Key
from domain.coming_dates import What
from domain.entries import Entry
from domain.fields import Value
from domain.words import weekday_in_words

YesNo = Literal["yes", "no"]
Achieved = Literal["yes", "in_part", "no"]

DESK: Final = "desk"
"""Who puts a visitor's signature on record: the device of the school on which they signed."""


# The life of a site.


class SiteLifeBegan(Frozen):
    """From here on an approved site is looked after; `site` is the case that approved it.

    Source: Cadmus 14.6 (LIFE-02, LIFE-03).
    """

    kind: Literal["site_life_began"] = "site_life_began"
    site: str
    title: str
    live_on: date | None = None
    closes_on: date | None = None


class SiteWentLive(Entry):
    """The site is there, at `address`: everything that has to be in place before is.

    `trained` are the administrators and moderators who are trained, by their ids.

    Source: Cadmus 14.5, 17.1, 18.2 and 18.4 (LIFE-01, LIFE-06, LIFE-08).
    """

    kind: Literal["site_went_live"] = "site_went_live"
    address: str
    on: date
    terms_published: YesNo
    privacy: str
    trained: tuple[str, ...] = ()


class SiteReviewed(Entry):
    """Somebody looked whether the site is still maintained, and as it was agreed.

    Source: Cadmus 14.6 and 18.2; Newall Green 9.1 (LIFE-03, LIFE-06, LIFE-13).
    """

    kind: Literal["site_reviewed"] = "site_reviewed"
    maintained: YesNo
    as_agreed: YesNo
    privacy: str


def is_neglected(look: SiteReviewed) -> bool:
    """Return whether a look at a site found that it is not maintained, or not as it was agreed."""
    return "no" in {look.maintained, look.as_agreed}


class LeadershipConsulted(Entry):
    """Whoever runs the site spoke with the school's leadership about what belongs on it.

    Source: MTOAT, websites (LIFE-14).
    """

    kind: Literal["leadership_consulted"] = "leadership_consulted"
    with_whom: str


class AimJudged(Frozen):
    """Whether one aim of a site, as its form has it, was achieved."""

    aim: str
    achieved: Achieved


class SiteEvaluated(Entry):
    """Whether the site has achieved what it was to achieve: `each` has one answer for each aim that its form states.

    Source: Cadmus 14.7 (LIFE-04).
    """

    kind: Literal["site_evaluated"] = "site_evaluated"
    achieved: Achieved
    aims: str
    each: tuple[AimJudged, ...] = ()


class PostModerated(Entry):
    """A post or comment was not published, or taken down, and why.

    Source: Cadmus 18.4 and 18.6 (LIFE-08, LIFE-11, LIFE-12).
    """

    kind: Literal["post_moderated"] = "post_moderated"
    what: Literal["not_posted", "removed"]
    reason: Literal["offensive", "harmful", "personal", "illegal", "other"]
    child_at_risk: Literal["yes", "no", "unsure"]


class CoverChanged(Frozen):
    """How many approved administrators and moderators are there today: neither gone nor away.

    Source: Cadmus 18.4 (LIFE-09).
    """

    kind: Literal["cover_changed"] = "cover_changed"
    administrators: tuple[str, ...]
    moderators: tuple[str, ...]
    enough: bool


class PostingSuspended(Entry):
    """Nobody posts on the site until there is cover again.

    Source: Cadmus 18.4 (LIFE-09).
    """

    kind: Literal["posting_suspended"] = "posting_suspended"
    reason: str


class PostingResumed(Entry):
    """Posting on the site goes on."""

    kind: Literal["posting_resumed"] = "posting_resumed"


class SiteChanged(Frozen):
    """A change of the site was approved: it is now as `version` of its form says.

    Source: Cadmus 18.1 and 18.4 (LIFE-02, LIFE-05, LIFE-08).
    """

    kind: Literal["site_changed"] = "site_changed"
    version: int
    title: str
    live_on: date | None = None
    closes_on: date | None = None


class ClosureProposed(Frozen):
    """Nobody said in time that the site is maintained, as it was agreed: Duly proposes to close it early, on a day.

    Source: Cadmus 14.6 (LIFE-03).
    """

    kind: Literal["closure_proposed"] = "closure_proposed"
    on: date


class ChangeTurnedDown(Frozen):
    """A change of the site was not approved, or nobody answered: the site stays as it was.

    `version` is the number under which what was approved stands again, `title` and `answers` what it says.
    """

    kind: Literal["change_turned_down"] = "change_turned_down"
    why: str
    version: int
    edition: int
    title: str
    answers: dict[str, Value]


class SiteClosed(Entry):
    """The site is closed: its contents are dealt with, contacts are removed, and it was evaluated.

    Source: Cadmus 14.6 and 14.7; Societas 5.6 (LIFE-02, LIFE-04, LIFE-15).
    """

    kind: Literal["site_closed"] = "site_closed"
    on: date
    contents: str
    contacts_removed: YesNo
    achieved: Achieved
    aims: str
    each: tuple[AimJudged, ...] = ()


# The review of a document.


class CycleBegan(Frozen):
    """A document goes its way to its next review: `review_on` is the legal day, None where nobody knows it.

    Source: Cadmus, document information; MTOAT, last line (REV-02, REV-05).
    """

    kind: Literal["cycle_began"] = "cycle_began"
    document: Key
    version: str
    review_on: date | None
    printed: str = ""


class DateComing(Frozen):
    """Those whom it concerns were told that a date comes in `days` days."""

    kind: Literal["date_coming"] = "date_coming"
    what: What
    on: date
    days: int


class ReviewOverdue(Frozen):
    """The day of the review has passed and there is no new version."""

    kind: Literal["review_overdue"] = "review_overdue"
    since: date | None


class ReviewOpened(Entry):
    """The review was begun before its date, for a reason: the law changed, an edition that it cites is superseded.

    Source: Newall Green, document control (REV-08).
    """

    kind: Literal["review_opened"] = "review_opened"
    reason: str


class DraftReady(Entry):
    """A draft of the new version is ready.

    `supersedes` is the version that it takes the place of: the one in force.

    Source: Cadmus, document information; Newall Green, document control (REV-03, REV-07).
    """

    kind: Literal["draft_ready"] = "draft_ready"
    version: str
    supersedes: str
    what_changed: str
    effective_from: date
    text: str = ""


class ConsultationHeld(Entry):
    """Those who have to be asked about the draft were: who, from when until when, and what they said.

    Source: Newall Green, equality statement; Societas 3.6 (REV-09, REV-13).
    """

    kind: Literal["consultation_held"] = "consultation_held"
    with_whom: str
    first: date
    last: date
    responses: str


class EqualityAssessed(Entry):
    """Whether the draft treats anybody worse than others, and what is done about it.

    Source: Newall Green, equality statement (REV-10).
    """

    kind: Literal["equality_assessed"] = "equality_assessed"
    negative_impact: YesNo
    what_is_done: str


class BoardDecided(Entry):
    """A board decided about the draft, in a meeting that had a quorum, by a minute that says so.

    Source: Societas, front page (REV-11).
    """

    kind: Literal["board_decided"] = "board_decided"
    approved: YesNo
    minute: str
    on: date
    quorate: YesNo


class VersionAdopted(Frozen):
    """A new version is in force, and supersedes the one before.

    Source: Cadmus, document information; Newall Green, document control (REV-03, REV-07).
    """

    kind: Literal["version_adopted"] = "version_adopted"
    document: Key
    title: str
    version: str
    supersedes: str
    digest: str
    approved_on: date
    effective_from: date
    review_on: date
    text: str = Field(default="", repr=False)


# Everybody's signature.


class CampaignBegan(Frozen):
    """Everybody in the audience is asked to read and sign one version of a document.

    Source: Redhill 1 and 5, appendix 1; Cadmus 12.1 (ACK-04 to ACK-06, ACK-21).
    """

    kind: Literal["campaign_began"] = "campaign_began"
    document: Key
    title: str
    version: str
    digest: str
    audience: tuple[str, ...]


class RollCalled(Frozen):
    """The audience was looked through: how many were asked, have signed, declined, have left, and are waited for."""

    kind: Literal["roll_called"] = "roll_called"
    asked: int
    signed: int
    declined: int
    left: int
    waiting: int


class VisitorExpected(Entry):
    """A visitor has to sign, and is here until a day.

    Source: Redhill, appendix 1 (ACK-06).
    """

    kind: Literal["visitor_expected"] = "visitor_expected"
    name: str
    until: date


class VisitorSigned(Entry):
    """A visitor read and signed, on a device of the school; `wording` is what they put their name to.

    Source: Redhill, appendix 1 (ACK-06, ACK-08).
    """

    kind: Literal["visitor_signed"] = "visitor_signed"
    name: str
    wording: str
    until: date


class TrainingAttended(Entry):
    """People attended a training that the school provides, on a day; `people` are they, by their ids.

    Source: Newall Green 4.2 (ACK-11).
    """

    kind: Literal["training_attended"] = "training_attended"
    title: str
    on: date
    people: tuple[str, ...]


class CampaignClosed(Entry):
    """Nobody is asked to sign any more; what was signed stands."""

    kind: Literal["campaign_closed"] = "campaign_closed"
    reason: str


class CampaignSuperseded(Frozen):
    """A new version of the document is to be signed: nobody is asked to sign this one any more (ACK-07)."""

    kind: Literal["campaign_superseded"] = "campaign_superseded"


class SignatureChased(Frozen):
    """Somebody has not signed in time: those who see to them were told.

    Source: Redhill 5 (ACK-05).
    """

    kind: Literal["signature_chased"] = "signature_chased"
    to: tuple[str, ...]


class ReadingOpened(Frozen):
    """Somebody who is asked to sign opened what there is to read besides, as it was called then.

    Source: Newall Green 12.3 and 12.5 (ACK-14, ACK-18).
    """

    kind: Literal["reading_opened"] = "reading_opened"
    by: str
    how: How
    reading: Key
    title: str
    edition: str = ""


class DocumentSigned(Frozen):
    """Somebody read and signed one version of a document; what they put their name to is in the approval before.

    Source: Cadmus, end of the policy; Redhill, appendix 1 (ACK-01, ACK-08).
    """

    kind: Literal["document_signed"] = "document_signed"
    by: str
    document: Key
    version: str
    digest: str


class SignatureCalledOff(Frozen):
    """Nobody has to sign this any more: they left, or the campaign is over."""

    kind: Literal["signature_called_off"] = "signature_called_off"
    why: Literal["left", "superseded", "closed"]


# All three.


class OtherDay(Frozen):
    """Something that comes by itself, in words without a full stop, which comes on `new` in place of `old`."""

    what: str
    old: date
    new: date

    @property
    def in_words(self) -> str:
        """What comes, and on which day now, in words without a full stop."""
        return f"{self.what}: on {weekday_in_words(self.new)} instead of {weekday_in_words(self.old)}"


class CalendarChanged(Frozen):
    """The school's calendar changed: `moved` are the open asks that are due on another day now.

    `coming` is what else comes by itself on another day, as far as it was known beforehand.
    """

    kind: Literal["calendar_changed"] = "calendar_changed"
    moved: tuple[str, ...]
    coming: tuple[OtherDay, ...] = ()


# Somebody's question.


class QuestionAnswered(Entry):
    """What somebody asked the school was answered.

    Source: Cadmus, document accessibility; Newall Green 5.3 (ACK-03, ACK-17).
    """

    kind: Literal["question_answered"] = "question_answered"
    answer: str


AnyRoundRemark = (
    SiteLifeBegan
    | CoverChanged
    | SiteChanged
    | ClosureProposed
    | ChangeTurnedDown
    | CycleBegan
    | DateComing
    | ReviewOverdue
    | VersionAdopted
    | CampaignBegan
    | RollCalled
    | CampaignSuperseded
    | SignatureChased
    | ReadingOpened
    | DocumentSigned
    | SignatureCalledOff
    | CalendarChanged
)
"""What a process that comes round records of itself."""

AnyRoundEntry = (
    SiteWentLive
    | SiteReviewed
    | LeadershipConsulted
    | SiteEvaluated
    | PostModerated
    | PostingSuspended
    | PostingResumed
    | SiteClosed
    | ReviewOpened
    | DraftReady
    | ConsultationHeld
    | EqualityAssessed
    | BoardDecided
    | VisitorExpected
    | VisitorSigned
    | TrainingAttended
    | CampaignClosed
    | QuestionAnswered
)
"""What people record in what comes round."""
