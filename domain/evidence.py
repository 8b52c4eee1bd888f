"""The evidence of one case: what a bundle holds, each part as it stands in its file. The format is in docs/evidence.md.

A field of an event is shown with its salt, so that anybody can check it against what the event committed to; or it is
withheld by a rule, and something stands in its place for which only whoever signed the bundle vouches.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar

from pydantic import BaseModel, Field, JsonValue, StrictInt, TypeAdapter

from domain.base import Frozen
from domain.chain import Link, Salted, canonical, unveiled
from domain.documents import text_digest as document_digest
from domain.events import AnyEvent, Approved, Confirmed, Recorded, Rejected, RequestEdited, RequestSubmitted, Returned
from domain.order import standing
from domain.pack import OrderRule
from domain.round_entries import CampaignBegan, CycleBegan, DocumentSigned, VisitorSigned

E = TypeVar("E", bound=BaseModel)

Format: TypeAlias = Literal["duly-evidence/1", "duly-evidence/2"]
"""The formats that can be read: the first had no documents in attestations, and nobody who signed without an ask."""

FIRST_FORMAT: Final[Format] = "duly-evidence/1"
FORMAT: Final[Format] = "duly-evidence/2"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
EVENTS: Final = "events.json"
FORMS: Final = "forms.json"
ATTESTATIONS: Final = "attestations.json"
MAILS: Final = "mails.json"
RULES: Final = "rules.json"
CLEARANCES: Final = "clearances.json"
CHECKPOINTS: Final = "checkpoints.json"
RECORD: Final = "record.pdf"
READ_ME: Final = "READ-ME.txt"

LINK: Final = "https://link-withheld.invalid/"
"""What stands in a mail of a bundle where its link was."""

WITHHELD: Final = "[withheld]"
"""What stands for a text that is withheld."""

_HEX: Final = r"^[0-9a-f]{64}$"

Rule: TypeAlias = Literal["names", "reporter"]
"""By which rule something is withheld: every name and all that somebody typed, or who reported the matter."""


class Shown(Frozen):
    """A field of an event, or of a veiled one a place, with the salt of its commitment (hex)."""

    salt: str = Field(pattern=r"^([0-9a-f]{2})+$")
    value: JsonValue


class Withheld(Frozen):
    """A field that is withheld, by which rule, and what stands in its place."""

    withheld: Literal["names", "reporter", "other_case"]
    instead: JsonValue


class EventShown(Frozen):
    """An event of a chain: the entry as it was hashed, and its fields, each shown or withheld."""

    n: StrictInt
    entry: str
    previous: str
    hash: str
    fields: dict[str, Shown | Withheld]

    def link(self, case: str) -> Link:
        """Return the link of the chain of `case`."""
        return Link(case=case, n=self.n, entry=self.entry, previous=self.previous, hash=self.hash)

    def said(self) -> Salted:
        """Return the fields that are shown, each with its salt."""
        return {name: (one.salt, one.value) for name, one in self.fields.items() if isinstance(one, Shown)}

    def values(self) -> dict[str, Any]:
        """Return what the event says by the names of its fields, with what stands in for what is withheld."""
        fields = {name: one.value if isinstance(one, Shown) else one.instead for name, one in self.fields.items()}
        return unveiled(fields)


class ShownLines(Frozen):
    """A question of a form, in which section, and its answer in lines; none where nothing was answered."""

    section: str
    question: str
    label: str
    answer: tuple[str, ...]


class FormVersion(Frozen):
    """The form as an event made it: its `answers` as that event has them, and as people read them."""

    event: int
    version: int
    edition: int
    answers: dict[str, JsonValue]
    shown: tuple[ShownLines, ...]


class DocumentShown(Frozen):
    """The version of a document that somebody put their name to, as the event `event` has it.

    `digest` is that of the document's title, version and text; `[withheld]`, where one of these is.
    """

    event: int
    document: str
    version: str
    digest: str


class Attestation(Frozen):
    """What somebody put their name to, as the event `event` has it: in which seat, what, and under which words.

    `confirmed` are the statements that were confirmed with it. `counts` is whether it stands: it was neither disputed
    with success nor overtaken by a change of the form. `document` is what was signed, where that is a document. Who
    signed without being asked, as visitors do, did so in no seat and for no step.
    """

    event: int
    at: datetime
    ask: str | None
    step: str | None
    seat: str | None
    by: str
    name: str
    instead_of: str | None
    answer: Literal["approved", "returned", "rejected", "signed"]
    version: int | None
    how: str
    opened_at: datetime | None
    signature: str
    attestation: str
    confirmed: tuple[str, ...]
    comment: str
    counts: bool
    document: DocumentShown | None = None


class Rendered(Frozen):
    """The text of a mail, made again with its link blanked, and the digest that was taken of it when it was sent."""

    template_sha256: str = Field(pattern=_HEX)
    text_sha256: str = Field(pattern=_HEX)
    subject: str
    text: str
    html: str


class MailShown(Frozen):
    """A mail: to whom, by which template, about which event and ask, and what became of it.

    `message_sha256` is the digest of the whole message as the mail server took it, link and all: whoever has the
    message can compare. Where there is no `rendered` text, `why_not` says why.
    """

    id: str
    to: str
    name: str
    template: str
    about: int | None
    ask: str | None
    queued_at: datetime
    sent_at: datetime | None
    refused_at: datetime | None
    dropped_at: datetime | None
    message_sha256: str | None
    rendered: Rendered | None
    why_not: str


class ClauseShown(Frozen):
    """A clause of the policy that a rule rests on: where it stands, and a short quotation."""

    where: str
    quoted: str


class RulesInForce(Frozen):
    """The order rules by which a case went from the event `from_event` on, out of which pack."""

    from_event: int
    pack: str
    document: str
    rules: tuple[OrderRule, ...]
    clauses: dict[str, ClauseShown]


class ClearanceShown(Frozen):
    """The event of another case by which this one was cleared, in its event `cleared`; no more of it than needed."""

    cleared: int
    case: str
    event: EventShown


class CheckpointProof(Frozen):
    """A checkpoint, and the proof that it knew `count` events of the case, the last of them with the hash `head`."""

    text: str
    count: StrictInt
    head: str
    index: StrictInt
    beside: tuple[str, ...]


class HeadShown(Frozen):
    """Where the chain ends: the number and the hash of its last event."""

    n: StrictInt
    hash: str


class MemberShown(Frozen):
    """A file of a bundle: the digest of its bytes, and how many there are."""

    sha256: str = Field(pattern=_HEX)
    size: StrictInt = Field(ge=0)


class Manifest(Frozen):
    """What a bundle is, and every file in it besides itself and its signature.

    `withheld` names the rules by which something is withheld; `left_out` says of a file that is not there why.
    `key` is the public key (hex) of whoever signed, `former_keys` those whose checkpoints they vouch for.
    """

    format: Format
    made_at: datetime
    case: str
    reference: str
    organisation: str
    school: str
    process: str
    head: HeadShown
    withheld: tuple[Rule, ...]
    left_out: dict[str, str]
    key: str = Field(pattern=_HEX)
    former_keys: tuple[str, ...]
    members: dict[str, MemberShown]


EVENT: Final[TypeAdapter[AnyEvent]] = TypeAdapter(AnyEvent)
"""How an event is read out of what its fields say."""


def text_digest(subject: str, text: str, html: str) -> str:
    """Return the digest of the text of a mail, with its link blanked."""
    return hashlib.sha256(canonical([subject, text, html]).encode()).hexdigest()


def attestations(
    history: Sequence[Recorded], names: Mapping[str, str], format_: Format = FORMAT
) -> tuple[Attestation, ...]:
    """Return everything that somebody put their name to in a case, in order; `names` are those of people, by id."""
    events = [said.event for said in history]
    counting = {id(event) for event in standing(events)}
    version = max((event.version for event in events if isinstance(event, RequestEdited)), default=1)
    found = []
    for place, said in enumerate(history):
        event = said.event
        if isinstance(event, Approved | Returned | Rejected):
            found.append(
                Attestation(
                    event=said.n,
                    at=said.at,
                    ask=event.ask,
                    step=event.step,
                    seat=event.seat,
                    by=event.by,
                    name=names.get(event.by, ""),
                    instead_of=event.instead_of,
                    answer=event.kind,
                    version=event.version,
                    how=event.how,
                    opened_at=event.opened_at,
                    signature=event.signature.name,
                    attestation=event.signature.attestation,
                    confirmed=tuple(
                        one.confirmation for one in events if isinstance(one, Confirmed) and one.ask == event.ask
                    ),
                    comment=event.comment,
                    counts=id(event) in counting and event.version >= version,
                    document=None if format_ == FIRST_FORMAT else _document(history, place, event),
                )
            )
        elif isinstance(event, VisitorSigned) and format_ != FIRST_FORMAT:
            found.append(_of_visitor(said, event, _campaign(history[:place])))
    return tuple(found)


def _of_visitor(said: Recorded, event: VisitorSigned, document: DocumentShown | None) -> Attestation:
    return Attestation(
        event=said.n,
        at=said.at,
        ask=None,
        step=None,
        seat=None,
        by=event.by,
        name=event.name,
        instead_of=None,
        answer="signed",
        version=None,
        how=event.how,
        opened_at=None,
        signature=event.name,
        attestation=event.wording,
        confirmed=(),
        comment=event.note,
        counts=True,
        document=document,
    )


def _document(history: Sequence[Recorded], place: int, answer: Approved | Returned | Rejected) -> DocumentShown | None:
    """Return the document that an answer is about: one that was signed with it, or the draft of a review.

    Where a seat signs besides everybody, it is that of the campaign.
    """
    for said in history[place + 1 :]:
        event = said.event
        if isinstance(event, DocumentSigned) and event.by == answer.by:
            return DocumentShown(event=said.n, document=event.document, version=event.version, digest=event.digest)
    campaign = _campaign(history[:place])
    if campaign is not None:
        return campaign
    cycle = _latest(history[:place], CycleBegan)
    draft = _latest(history[:place], RequestEdited)
    if cycle is None or draft is None or draft.n < cycle.n:
        return None
    title, answers = draft.event.title, draft.event.answers
    version, text = str(answers.get("new_version", "")), str(answers.get("text", ""))
    hidden = WITHHELD in {title, version, text}
    return DocumentShown(
        event=draft.n,
        document=cycle.event.document,
        version=version,
        digest=WITHHELD if hidden else document_digest(title, version, text),
    )


def _campaign(past: Sequence[Recorded]) -> DocumentShown | None:
    """Return the document that everybody is asked to sign."""
    began = _latest(past, CampaignBegan)
    if began is None:
        return None
    event = began.event
    return DocumentShown(event=began.n, document=event.document, version=event.version, digest=event.digest)


class _Said(NamedTuple, Generic[E]):
    n: int
    event: E


def _latest(past: Sequence[Recorded], kind: type[E]) -> _Said[E] | None:
    """Return the latest event of a kind, with its number, or None."""
    for said in reversed(past):
        event = said.event
        if isinstance(event, kind):
            latest: E = event
            return _Said(said.n, latest)
    return None


def form_events(history: Sequence[Recorded]) -> list[tuple[Recorded, RequestSubmitted | RequestEdited]]:
    """Return the events by which the form came to be and was changed."""
    return [(said, said.event) for said in history if isinstance(said.event, RequestSubmitted | RequestEdited)]
