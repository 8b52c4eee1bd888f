"""The completed form as a PDF: all that was said and signed, as it was written, and readable aloud."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from pypdf import PdfReader

from templates.documents import CompletedForm, Fact, FormSection, Signed, completed_form

AT = datetime(2026, 11, 2, 9, 30, 15, 123456, tzinfo=UTC)
HOSTILE = (
    '#panic("now")',
    "#{ 1 + 1 }",
    "*bold* _italic_ `raw`",
    "$x^2$ <label> @reference",
    "// a comment /* and another */",
    "= a heading",
    "- a list + numbered / term: x",
    "\"quoted\" 'twice' -- --- ... ~ \\",
    "http://elsewhere.example/#x",
    '#include "/etc/passwd"',
    "{{ 7 * 7 }} ${7 * 7} %s",
)


def a_form(*texts: str, **more: Any) -> CompletedForm:
    """Return a form in which `texts` are the answers."""
    answers = tuple(Fact(name=f"Question {n}", lines=(text,)) for n, text in enumerate(texts, 1))
    return CompletedForm.model_validate(
        {
            "organisation": "The Elms",
            "heading": "Site creation approval form",
            "title": "Science club page",
            "reference": "K7QM-4TXR",
            "version": 1,
            "facts": (Fact(name="Request", lines=("Science club page",)),),
            "sections": (FormSection(title="Team details", answers=answers),),
            "decisions": (),
            "made": "Made from the record.",
            **more,
        }
    )


def a_signature(**more: Any) -> Signed:
    """Return an approval by Ben."""
    return Signed.model_validate(
        {
            "heading": "Line manager: approved",
            "facts": (Fact(name="By", lines=("Ben Carter, Line manager",)),),
            "approves": True,
            "attestation": "I approve the aims.",
            "signature": "B. Carter",
            "name": "Ben Carter",
            "at": "Monday 2 November 2026 at 9:30am",
            **more,
        }
    )


def read(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def text_of(pdf: bytes) -> str:
    """Return the text of all pages, without the breaks between lines."""
    return " ".join(" ".join(page.extract_text().split()) for page in read(pdf).pages)


def catalogue_of(pdf: bytes) -> Any:
    """Return what the file says of itself as a whole."""
    return read(pdf).root_object


@pytest.mark.parametrize("text", HOSTILE)
def test_what_looks_like_code_is_printed_as_it_was_typed(text: str) -> None:
    form = a_form(text, title=text, decisions=(a_signature(attestation=text, signature=text, heading=text),))
    pdf = completed_form(form, AT)
    assert text_of(pdf).count(text) == 4
    assert read(pdf).metadata is not None
    assert str(getattr(read(pdf).metadata, "title", "")) == f"{text}, K7QM-4TXR"


def test_letters_of_other_languages_are_printed() -> None:
    text = "Łódź, naïve, ελληνικά, Кириллица, “quotes” €"
    assert text in text_of(completed_form(a_form(text), AT))


def test_a_character_that_no_typeface_has_keeps_nobody_from_their_form() -> None:
    pdf = completed_form(a_form("\ue000 and the rest"), AT)
    assert "and the rest" in text_of(pdf)


def test_the_pages_are_a4_tagged_and_in_english() -> None:
    pdf = completed_form(a_form("x", decisions=(a_signature(),)), AT)
    assert [round(float(side)) for side in read(pdf).pages[0].mediabox[2:]] == [595, 842]
    said = catalogue_of(pdf)
    assert (said["/MarkInfo"]["/Marked"], said["/Lang"]) == (True, "en-GB")
    assert "pdfuaid" in said["/Metadata"].get_data().decode()


def test_what_was_not_answered_and_what_was_declined_is_said() -> None:
    nothing = FormSection(title="Team details", answers=(Fact(name="Why?", lines=()),))
    declined = a_signature(approves=False)
    text = text_of(completed_form(a_form(sections=(nothing,), decisions=(declined,)), AT))
    assert "Why? Not answered" in text
    assert "Asked to sign these words, and declined: “I approve the aims.” B. Carter" in text
    assert "Nobody has decided yet." in text_of(completed_form(a_form(), AT))


def test_a_long_form_goes_over_several_pages_each_with_reference_version_and_number() -> None:
    pages = read(completed_form(a_form(*["Every week. " * 60] * 12), AT)).pages
    assert len(pages) > 2
    for number, page in enumerate(pages, 1):
        assert f"K7QM-4TXR, version 1 Page {number} of {len(pages)}" in " ".join(page.extract_text().split())


def test_the_same_form_made_at_the_same_time_is_the_same_file() -> None:
    assert completed_form(a_form("x"), AT) == completed_form(a_form("x"), AT)
