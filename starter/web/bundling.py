"""The bundle of evidence of one case: made from what is on record, signed, and packed.

What the files hold is in docs/evidence.md.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter

from domain.chain import canonical
from domain.checkpoints import read as read_checkpoint
from domain.events import Verdict
from domain.evidence import (
    ATTESTATIONS,
    CHECKPOINTS,
    CLEARANCES,
    EVENTS,
    FORMAT,
    FORMS,
    LINK,
    MAILS,
    MANIFEST,
    READ_ME,
    RECORD,
    RULES,
    SIGNATURE,
    WITHHELD,
    FormVersion,
    HeadShown,
    MailShown,
    Manifest,
    MemberShown,
    Rendered,
    Rule,
    ShownLines,
    attestations,
    form_events,
    text_digest,
)
from domain.mails import NEUTRAL, MailContext
from domain.telling import Given, Teller
from domain.telling_entries import MatterTeller
from domain.verifying import BEFORE_THE_MANIFEST
from starter.evidence import zipped
from starter.web.showing import ShownSection, shown_form
from store.evidence import Gathered, SentMail
from store.mails import DIGEST
from store.signing import SigningKeys
from templates import documents, mail_again, moment
from templates.documents import EvidenceRecord, Fact, FormSection, Happened, Signed

_ANSWERS: Final = {Verdict.APPROVE: "approved", Verdict.RETURN: "returned for changes", Verdict.REJECT: "rejected"}
_NO_PDF: Final = "Duly was installed without the part that makes PDFs, duly[pdf]"
_RULE_WORDS: Final[dict[Rule, str]] = {
    "names": "Names, and all that somebody typed, are withheld: people have numbers.",
    "reporter": "Who reported the matter is withheld.",
}
_READ_ME: Final = """Evidence of {reference}, {organisation}
Made on {made_at} from the record that Duly keeps.

{record}
The other files are for a program that checks them. Whoever has Duly runs

    duly verify THIS-FILE --key FINGERPRINT

where FINGERPRINT is what the school publishes, not what somebody sends along with this file. It needs no network, no
database and no password, and says in a sentence each what holds and what does not. How the files are made, so that
anybody can write another such program, is in docs/evidence.md of Duly.
{withheld}"""


def packed(gathered: Gathered, keys: SigningKeys, at: datetime) -> bytes:
    """Return the bundle of a case, signed; `at` is when it was made."""
    names = _names(gathered)
    mails = tuple(_mail(number, one, gathered, names) for number, one in enumerate(gathered.mails, 1))
    attested = attestations(gathered.history, names)
    parts: dict[str, Any] = {
        EVENTS: gathered.events,
        FORMS: _forms(gathered),
        ATTESTATIONS: attested,
        MAILS: mails,
        RULES: gathered.rules,
        CLEARANCES: gathered.clearances,
        CHECKPOINTS: gathered.proofs,
    }
    files = {name: _json(part) for name, part in parts.items()}
    left_out = {} if documents.can_print() else {RECORD: _NO_PDF}
    if not left_out:
        files[RECORD] = documents.evidence_record(_record(gathered, mails, names, at), at)
    files[READ_ME] = _read_me(gathered, at, has_record=not left_out).encode()
    manifest = Manifest(
        format=FORMAT,
        made_at=at,
        case=gathered.case,
        reference=gathered.reference,
        organisation=gathered.pack.organisation.name,
        school=_school(gathered),
        process=gathered.opening.process.title,
        head=HeadShown(n=gathered.events[-1].n, hash=gathered.events[-1].hash),
        withheld=tuple(sorted(gathered.withheld)),
        left_out=left_out,
        key=keys.public,
        former_keys=keys.former_public,
        members={
            name: MemberShown(sha256=hashlib.sha256(data).hexdigest(), size=len(data))
            for name, data in sorted(files.items())
        },
    )
    listed = _json(manifest)
    files[MANIFEST] = listed
    files[SIGNATURE] = f"{keys.sign(BEFORE_THE_MANIFEST + listed)}\n".encode()
    return zipped(files)


def _json(part: Any) -> bytes:  # noqa: ANN401 -- any part of a bundle
    return canonical(TypeAdapter(type(part)).dump_python(part, mode="json")).encode()


def _names(gathered: Gathered) -> dict[str, str]:
    if gathered.names_withheld:
        return gathered.numbers.names
    return {person.id: person.name for person in gathered.directory.people}


def _school(gathered: Gathered) -> str:
    school = gathered.pack.school(gathered.opening.school)
    return school.name if school else ""


def _forms(gathered: Gathered) -> tuple[FormVersion, ...]:
    return tuple(
        FormVersion(
            event=said.n,
            version=event.version,
            edition=getattr(event, "edition", 1),
            answers=event.model_dump(mode="json")["answers"],
            shown=tuple(
                ShownLines(section=section.title, question=one.key, label=one.label, answer=one.lines)
                for section in _sections(gathered, event.answers)
                for one in section.answers
            ),
        )
        for said, event in form_events(gathered.history)
    )


def _sections(gathered: Gathered, answers: Mapping[str, Any]) -> tuple[ShownSection, ...]:
    form = gathered.pack.form(gathered.opening.process.form)
    return shown_form(form, answers, gathered.directory) if form is not None else ()


def _mail(number: int, one: SentMail, gathered: Gathered, names: Mapping[str, str]) -> MailShown:
    """Return a mail as a bundle has it.

    Where names are withheld, so are its id and its digest: whoever has a list of names could try them all.
    """
    row, anybody = one.row, gathered.names_withheld
    rendered, why_not = _rendered(one, gathered)
    to = gathered.called(row.person)
    return MailShown(
        id=f"mail-{number}" if anybody else row.id,
        to=to,
        name=_names(gathered).get(to, "") if anybody else names.get(to, ""),
        template=row.template,
        about=row.about,
        ask=row.ask,
        queued_at=row.queued_at,
        sent_at=row.sent_at,
        refused_at=row.refused_at,
        dropped_at=row.dropped_at,
        message_sha256=None if anybody else row.message_digest,
        rendered=rendered,
        why_not=why_not,
    )


def _rendered(one: SentMail, gathered: Gathered) -> tuple[Rendered | None, str]:
    """Return the text of a mail made again, or why there is none."""
    row = one.row
    if row.sent_at is None:
        return None, "It was not sent."
    if gathered.names_withheld:
        return None, "It names people."
    if row.template == NEUTRAL:
        return None, "It is the neutral mail, which says to everybody only that something waits."
    if row.gathered_at is not None or row.template == DIGEST:
        return None, "It went as one mail with others, which are of other cases."
    if one.parameters is None or one.source is None or row.template_digest is None or row.text_digest is None:
        return None, "It was sent by a version of Duly that kept no more of it than its digest."
    context = MailContext.model_validate({**one.parameters, "link": LINK}).model_dump()
    made = mail_again(row.template, one.source, **context)
    if text_digest(made.subject, made.text, made.html) != row.text_digest:
        return None, "Made again here it does not come out as it was sent."
    return Rendered(
        template_sha256=row.template_digest,
        text_sha256=row.text_digest,
        subject=made.subject,
        text=made.text,
        html=made.html,
    ), ""


def _read_me(gathered: Gathered, at: datetime, *, has_record: bool) -> str:
    withheld = "".join(f"\n{_RULE_WORDS[rule]}" for rule in sorted(gathered.withheld))
    return _READ_ME.format(
        reference=gathered.reference,
        organisation=gathered.pack.organisation.name,
        made_at=moment(at),
        record=f"{RECORD} is the record to be read by people." if has_record else f"There is no {RECORD}: {_NO_PDF}.",
        withheld=f"{withheld}\n" if withheld else "",
    )


def _record(gathered: Gathered, mails: Sequence[MailShown], names: Mapping[str, str], at: datetime) -> EvidenceRecord:
    """Return what stands on paper: nothing that the events of the bundle do not say."""
    form = form_events(gathered.history)
    sections = _sections(gathered, form[-1][1].answers) if form else ()
    given = Teller(gathered.opening, names, gathered.earlier).given(gathered.history)
    title = (_fact("Title", gathered.title),) if gathered.title else ()
    withheld = tuple(_fact("Withheld", _RULE_WORDS[rule]) for rule in sorted(gathered.withheld))
    document = gathered.rules[-1].document
    return EvidenceRecord(
        organisation=", ".join(filter(None, (gathered.pack.organisation.name, _school(gathered)))),
        heading=gathered.opening.process.title,
        reference=gathered.reference,
        facts=(*title, _fact("Reference", gathered.reference), _fact("Policy", document), *withheld),
        sections=tuple(
            FormSection(
                title=section.title,
                answers=tuple(Fact(name=one.label, lines=one.lines) for one in section.answers),
            )
            for section in sections
        ),
        decisions=tuple(_signed(one) for one in given),
        events=_happened(gathered, names),
        mails=tuple(_mail_in_words(one) for one in mails),
        checkpoints=tuple(
            _fact(moment(checkpoint.at), f"Number {checkpoint.n}, which had seen {proof.count} events of the case")
            for proof in gathered.proofs
            for checkpoint, _ in (read_checkpoint(proof.text),)
        ),
        made=f"Made from the record on {moment(at)}. The files beside this one prove it; this one is for reading.",
    )


def _happened(gathered: Gathered, names: Mapping[str, str]) -> tuple[Happened, ...]:
    if not gathered.opening.process.confidential:
        told = Teller(gathered.opening, names).told(gathered.history)
        return tuple(
            Happened(n=one.n, at=moment(one.at), words=one.words, facts=_why(getattr(said.event, "comment", "")))
            for one, said in zip(told, gathered.history, strict=True)
        )
    opening = gathered.opening.model_copy(update={"matter": None}) if gathered.names_withheld else gathered.opening
    past = [said.event for said in gathered.history]
    teller = MatterTeller(opening, past, names, reporter="reporter" not in gathered.withheld)
    return tuple(
        Happened(
            n=one.n,
            at=moment(one.at),
            words=one.words,
            facts=(
                *((_fact("It happened on", moment(one.happened_at)),) if one.happened_at else ()),
                *(_fact(label, *text.split("\n")) for label, text in one.details),
                *(_fact("Letter", *str(getattr(said.event, "letter", "")).split("\n")) for _ in range(one.letter)),
            ),
        )
        for one, said in zip(teller.told(gathered.history), gathered.history, strict=True)
    )


def _why(comment: str) -> tuple[Fact, ...]:
    return (_fact("Why", *comment.split("\n")),) if comment and comment != WITHHELD else ()


def _signed(given: Given) -> Signed:
    stead = f", in place of {given.instead_of}" if given.instead_of else ""
    void = (
        (_fact("It does not count any more", "It was disputed, or the form or its step has changed since"),)
        if given.void
        else ()
    )
    return Signed(
        heading=f"{given.step}: {_ANSWERS[given.verdict]}",
        facts=(
            _fact("By", f"{given.name}, {given.seat}{stead}"),
            *(_fact("Confirmed", one) for one in given.confirmed),
            *void,
        ),
        approves=given.approves,
        attestation=given.attestation,
        signature=given.signature,
        name=given.name,
        at=moment(given.at),
    )


def _mail_in_words(mail: MailShown) -> Fact:
    sent = f"sent on {moment(mail.sent_at)}" if mail.sent_at else "not sent"
    digest = (f"Digest of the message: {mail.message_sha256}",) if mail.message_sha256 else ()
    subject = (mail.rendered.subject,) if mail.rendered else ()
    words = mail.template.replace("_", " ")
    return Fact(name=f"To {mail.name or mail.to}: {words}, {sent}", lines=(*subject, *digest))


def _fact(name: str, *lines: str) -> Fact:
    return Fact(name=name, lines=lines)
