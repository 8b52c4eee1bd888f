"""What a mail may say, and the mails that are no part of a case."""

import hashlib
from datetime import datetime
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, EmailStr, Field

from domain.base import Frozen
from domain.text import one_line

OneLine: TypeAlias = Annotated[str, AfterValidator(one_line)]
"""Text that somebody typed, fit for one line of a mail: short, and without control or direction characters."""

NOTICE_TEMPLATES: Final = (
    "request_received",
    "request_notice",
    "progress",
    "outcome_approved",
    "outcome_rejected",
    "outcome_withdrawn",
    "cover_lost",
    "date_coming",
    "site_changed",
    "site_closed",
    "review_overdue",
    "version_adopted",
    "question_answered",
)
"""The mails that a pack may hang on an event."""

NEUTRAL: Final = "neutral"
"""The mail that says that something waits and nothing else: the one of confidential cases, and one of ordinary ones."""


class MailContext(Frozen):
    """All that a template may use: of an ordinary case, never more than this.

    `link` is where to go: a decision link, a case's page, or the sign-in page. `why` is the sentence that says what
    the case waits for. `decision` says in words what was decided, or what else happened, and by which seat.
    `instead_of` is the name of whoever is away while the reader is asked in their place. `reminder` says that the same
    was asked before. `titles` are those of a digest. `attestation` are the words that the reader signs, or has signed,
    where everybody signs a document. `question` is whether somebody asks for an answer, and not for a decision. `over`
    is whether the case has ended, `held` whether an answer of it is disputed. `author_left` is whether it waits for
    changes by an author who has left.
    """

    first_name: OneLine
    organisation: str
    link: str
    school: str = ""
    title: OneLine = ""
    reference: str = ""
    requester: OneLine = ""
    deadline: datetime | None = None
    why: str = ""
    clause: str = ""
    decision: str = ""
    instead_of: OneLine = ""
    reminder: bool = False
    titles: tuple[OneLine, ...] = ()
    code: str = Field(default="", repr=False)
    attestation: str = ""
    question: bool = False
    over: bool = False
    held: bool = False
    author_left: bool = False


class PersonalMail(Frozen):
    """A mail to one person of the directory that is no part of a case: a sign-in code, a question about a draft.

    `id` names it once for all; `path` is where its link leads on this site. `address` was the person's own before and
    is used instead of the one that the directory has when the mail is sent.
    """

    id: str
    person: str
    organisation: str = ""
    template: str
    path: str
    address: EmailStr | None = Field(default=None, repr=False)
    title: str = ""
    titles: tuple[str, ...] = Field(default=(), repr=False)
    requester: str = ""
    code: str = Field(default="", repr=False)


class CheckpointMail(Frozen):
    """A checkpoint that is to be mailed: the number that it has, and to whom."""

    n: int
    to: EmailStr = Field(repr=False)

    @property
    def id(self) -> str:
        """The name of this mail, once for all; it does not say to whom it goes."""
        to = hashlib.sha256(f"duly/checkpoint-mail/v1 {self.to.casefold()}".encode()).hexdigest()[:16]
        return f"checkpoint-{self.n}-{to}"
