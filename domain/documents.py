"""Document control: what a policy prints about itself, which of its dates are overdue, and what does not fit."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final, Literal

from pydantic import Field

from domain.base import Frozen, Key
from domain.calendar import Period
from domain.printed_dates import PrintedDate, read_date

POLICY = "policy"
"""The key of the policy from which a pack comes."""

_YEARS: Final = re.compile(r"\b(?:19|20)\d\d\b")


Mark = Literal[
    "owner",
    "version",
    "status",
    "purpose",
    "period",
    "approved_by",
    "approved_on",
    "updated_by",
    "effective_from",
    "issued_on",
    "last_reviewed",
    "review_date",
    "signed_on",
    "supersedes",
    "amendments",
    "related",
]
"""What a document can print about itself besides its title."""

MARKS: Final[dict[Mark, str]] = {
    "owner": "Owner",
    "version": "Version",
    "status": "Status",
    "purpose": "Purpose",
    "period": "For",
    "approved_by": "Approved by",
    "approved_on": "Approved on",
    "updated_by": "Last updated by",
    "effective_from": "Effective from",
    "issued_on": "Issued",
    "last_reviewed": "Last reviewed",
    "review_date": "Review date",
    "signed_on": "Signed on",
    "supersedes": "Supersedes",
    "amendments": "Amendments",
    "related": "Related policies",
}
"""What each is called where the document has no words of its own for it, in the order in which it is shown."""


class Citation(Frozen):
    """Guidance or law that a document cites, in the `edition` that it names.

    `now` is the latest edition that whoever keeps the pack knows of; where it differs, the document cites one that is
    superseded (REV-08).
    """

    title: str
    edition: str
    now: str | None = None

    @property
    def superseded(self) -> bool:
        """Return whether a later edition is known."""
        return self.now is not None and self.now != self.edition


class DocumentControl(Frozen):
    """What a document prints about itself, as it prints it; dates in whatever precision.

    `period` is the years that its title page says it is for, `supersedes` the version before. `labels` are its own
    words for what it prints, where Duly has others. `text` is the document, whole, where the school has put it into the
    pack: people sign what they can read.

    Source: Cadmus, document information; Newall Green, document control; Societas, front page (REV-01 to REV-08).
    """

    title: str
    owner: str | None = None
    version: str | None = None
    status: str | None = None
    purpose: str | None = None
    period: str | None = None
    approved_by: str | None = None
    approved_on: str | None = None
    updated_by: str | None = None
    effective_from: str | None = None
    issued_on: str | None = None
    last_reviewed: str | None = None
    review_date: str | None = None
    signed_on: str | None = None
    supersedes: str | None = None
    amendments: str | None = None
    related: str | None = None
    labels: dict[Mark, str] = Field(default_factory=dict)
    cites: tuple[Citation, ...] = ()
    text: str = Field(default="", repr=False)

    @property
    def marks(self) -> tuple[tuple[str, str], ...]:
        """All that it prints about itself, each under the words that it prints or, where it has none, Duly's."""
        said = ((self.labels.get(mark, words), getattr(self, mark)) for mark, words in MARKS.items())
        return tuple((label, text) for label, text in said if text)

    @property
    def digest(self) -> str:
        """The digest by which this version of the text is known; a signature is bound to it."""
        return text_digest(self.title, self.version or "", self.text)


class Document(DocumentControl):
    """One more document of the organisation besides its policy, by its key: a code of conduct."""

    key: Key


DateField = Literal["approved_on", "effective_from", "issued_on", "last_reviewed", "review_date", "signed_on"]
DATES: tuple[DateField, ...] = (
    "approved_on",
    "effective_from",
    "issued_on",
    "last_reviewed",
    "review_date",
    "signed_on",
)
"""The dates that a document can print."""


def text_digest(title: str, version: str, text: str) -> str:
    """Return the digest of one version of a document."""
    return hashlib.sha256("\x00".join((title, version, text)).encode()).hexdigest()


def printed(document: DocumentControl, name: DateField, terms: Iterable[Period] = ()) -> PrintedDate | None:
    """Return a date of `document`, or None where it prints none.

    Raises:
        UnreadableDateError: it prints something else there.
    """
    text = getattr(document, name)
    return read_date(text, terms) if text is not None else None


def review_due(document: DocumentControl, months: int, terms: Iterable[Period] = ()) -> date | None:
    """Return the legal day of the next review: the printed one, else `months` after the latest other date.

    None means that the document prints no date at all, so that nobody knows since when it is overdue (REV-05).
    """
    terms = tuple(terms)
    review = printed(document, "review_date", terms)
    if review is not None:
        return review.last
    last = [found.last for name in DATES if (found := printed(document, name, terms)) is not None]
    return months_after(max(last), months) if last else None


def is_over(period: str, today: date) -> bool:
    """Return whether the last of the years that `period` names has passed; where it names none, it has not."""
    years = [int(year) for year in _YEARS.findall(period)]
    return bool(years) and max(years) < today.year


def months_after(day: date, months: int) -> date:
    """Return the day `months` months after `day`; at the end of a shorter month, its last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError(day)


def warnings_of(document: DocumentControl, today: date, terms: Iterable[Period] = ()) -> Iterator[str]:
    """Yield in plain words what does not fit in what a document says of itself; none of it is refused."""
    terms = tuple(terms)
    review = printed(document, "review_date", terms)
    signed = printed(document, "signed_on", terms)
    if review is None:
        yield "It prints no review date."
    elif signed is not None and signed.first > review.last:
        yield f"It was signed ({signed}) after its own review date ({review})."
    if not any(getattr(document, name) for name in DATES):
        yield "It prints no date at all."
    if document.version is None:
        yield "It prints no version."
    if document.period is not None and is_over(document.period, today):
        yield f"It says that it is for {document.period}, which is over."
    for name in ("approved_on", "effective_from", "issued_on"):
        found = printed(document, name, terms)
        if found is not None and found.first > today:
            yield f"Its date {found} is still to come."
    for citation in document.cites:
        if citation.superseded:
            yield f"It cites {citation.title} of {citation.edition}; a later edition, {citation.now}, is known."
