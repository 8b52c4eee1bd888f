"""Letters begin as drafts: filled in as far as the record goes, with the right to be accompanied, as plain text."""

from pathlib import Path

import pytest

import templates
from domain.entry_texts import FORMS
from domain.fields import LongText

LETTERS = sorted(path.stem for path in (Path(templates.__file__).parent / "letters").iterdir())
FACTS = {
    "school": "Elmbrook & Primary",
    "day": "2 November 2026",
    "name": "Ben Carter",
    "alleged": ["Wrote <to> a pupil.", "Laughed about it."],
    "writer": "Helen Marsh",
    "decision": "a first written warning",
    "reasons": "It was so.",
    "expires": "2 November 2027",
}


def test_every_letter_is_that_of_an_entry() -> None:
    assert sorted(form.letter for form in FORMS.values() if form.letter) == LETTERS


@pytest.mark.meets("DISC-25")
@pytest.mark.parametrize("letter", LETTERS)
def test_a_letter_has_what_the_record_says_and_the_right_to_be_accompanied(letter: str) -> None:
    text = templates.letter(letter, **FACTS)
    assert text.startswith("Elmbrook & Primary\n\n2 November 2026\n\nIn confidence\n\nDear Ben Carter,\n\n")
    assert "\n1. Wrote <to> a pupil.\n2. Laughed about it.\n" in text
    assert "You have the right to be accompanied" in text
    assert text.endswith("Yours sincerely,\n\nHelen Marsh")
    field = next(one for one in FORMS[letter].fields if one.key == "letter")
    assert isinstance(field, LongText)
    assert len(text) < field.most


def test_what_is_not_decided_yet_stands_there_in_brackets() -> None:
    decided = templates.letter("letter_sent", **FACTS)
    assert "The decision is: a first written warning.\n\nThe warning ends on 2 November 2027" in decided
    open_yet = templates.letter("letter_sent", **{**FACTS, "decision": "", "reasons": "", "expires": ""})
    assert "The decision is: [the decision].\n\nThe reasons are:\n\n[the reasons]" in open_yet
