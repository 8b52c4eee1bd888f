"""Documents to keep on paper or in a file: made by Typst, which the extra `pdf` brings, from data and nothing else."""

from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from domain.base import Frozen

_HERE: Final = Path(__file__).parent / "documents"
_STANDARD: Final = "ua-1"
"""Tagged, with a title and a language, so that everybody can have it read to them."""


class Fact(Frozen):
    """A name and what there is to say of it, in lines; none where nothing was answered."""

    name: str
    lines: tuple[str, ...]


class FormSection(Frozen):
    """A section of a form with its questions and answers."""

    title: str
    answers: tuple[Fact, ...]


class Signed(Frozen):
    """A decision with its signature: whose, under which words, as typed, and when in words."""

    heading: str
    facts: tuple[Fact, ...]
    approves: bool
    attestation: str
    signature: str
    name: str
    at: str


class CompletedForm(Frozen):
    """A form as it was sent, with everything that was decided and signed."""

    organisation: str
    heading: str
    title: str
    reference: str
    version: int
    facts: tuple[Fact, ...]
    sections: tuple[FormSection, ...]
    decisions: tuple[Signed, ...]
    made: str


class Happened(Frozen):
    """An event on paper: its number, when, in words, and what was written with it."""

    n: int
    at: str
    words: str
    facts: tuple[Fact, ...] = ()


class EvidenceRecord(Frozen):
    """The record of a case as its evidence has it: the readable part of what can be checked."""

    organisation: str
    heading: str
    reference: str
    facts: tuple[Fact, ...]
    sections: tuple[FormSection, ...]
    decisions: tuple[Signed, ...]
    events: tuple[Happened, ...]
    mails: tuple[Fact, ...]
    checkpoints: tuple[Fact, ...]
    made: str


class Certificate(Frozen):
    """The certificate of one signature: who, what in which version by its digest, under which words, and when.

    `readings` are what was opened besides before, `countersigned` is who signed that version for the school, in words.
    """

    organisation: str
    title: str
    version: str
    digest: str
    attestation: str
    signature: str
    name: str
    at: str
    reference: str
    readings: tuple[str, ...] = ()
    countersigned: str = ""


def can_print() -> bool:
    """Return whether documents can be made here."""
    return find_spec("typst") is not None


def completed_form(form: CompletedForm, at: datetime) -> bytes:
    """Return `form` as a PDF of A4 pages, tagged so that it can be read aloud; `at` is when it was made.

    A text with a character that no typeface here has makes a PDF that is tagged all the same, but not to the letter of
    PDF/UA, which forbids it.
    """
    return _made("site_form.typ", {"form": form.model_dump_json()}, at)


def evidence_record(record: EvidenceRecord, at: datetime) -> bytes:
    """Return `record` as a PDF of A4 pages, tagged like a completed form; `at` is when it was made."""
    return _made("evidence.typ", {"record": record.model_dump_json()}, at)


def certificate(signed: Certificate, at: datetime) -> bytes:
    """Return the certificate of a signature as a PDF of one A4 page, tagged like a completed form."""
    return _made("certificate.typ", {"certificate": signed.model_dump_json()}, at)


def _made(template: str, inputs: dict[str, str], at: datetime) -> bytes:
    import typst

    # Typst knows no parts of a second.
    made_at = at.replace(microsecond=0)
    compiler = typst.Compiler(_HERE / template, root=_HERE, sys_inputs=inputs)
    try:
        made = compiler.compile(format="pdf", pdf_standards=_STANDARD, timestamp=made_at)
    except typst.TypstError:
        made = compiler.compile(format="pdf", timestamp=made_at)
    if not isinstance(made, bytes):
        msg = "the document did not become one file"
        raise TypeError(msg)
    return made
