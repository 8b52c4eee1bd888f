"""What each kind of question makes of what was typed, and what it says when that is no answer."""

from datetime import date
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.fields import (
    Day,
    FormFacts,
    LongText,
    ManyOf,
    OneOf,
    OnePerson,
    Option,
    People,
    Question,
    Raw,
    ShortText,
    UnfitAnswerError,
    Value,
    WholeNumber,
    YesNoUnsure,
    revealed_by,
)
from domain.people import Authorisation, Directory, PersonKind
from tests.builders import SCHOOL, a_person

TODAY: Final = date(2026, 11, 2)
JANE: Final = a_person("jane", "Jane Smith")
JOHN: Final = a_person("john", "John Smith")
ZOE: Final = a_person("zoe", "Zoë O'Neill")
GONE: Final = a_person("gone", "Colin Frost", leaves_on=date(2026, 10, 31))
GOING: Final = a_person("going", "Grace Last", leaves_on=TODAY)
PARENT: Final = a_person("parent", "Wendy Archer", kind=PersonKind.VOLUNTEER)
TRUSTED: Final = a_person(
    "trusted", "Victor Lind", kind=PersonKind.CONTRACTOR, authorisation=Authorisation(by="jane", on=TODAY)
)
FACTS: Final = FormFacts(
    directory=Directory(people=(JANE, JOHN, ZOE, GONE, GOING, PARENT, TRUSTED)), today=TODAY, school=SCHOOL
)

SHORT: Final = ShortText(type="short_text", key="short", label="Department", most=10)
LONG: Final = LongText(type="long_text", key="long", label="Aims", most=20)
DAY: Final = Day(type="date", key="day", label="Going live")
NUMBER: Final = WholeNumber(type="whole_number", key="number", label="Age", least=2, most=19)
UNSURE: Final = YesNoUnsure(type="yes_no_unsure", key="unsure", label="Risk")
PERSON: Final = OnePerson(type="person", key="person", label="Author", authorised=True)
TEAM: Final = People(type="people", key="team", label="Administrators", at_least=2, at_most=3, authorised=True)
ONE: Final = OneOf(
    type="one_of",
    key="one",
    label="Host",
    options=(Option(key="school", label="School"), Option(key="other", label="Third party", reveals=(SHORT,))),
)
MANY: Final = ManyOf(
    type="many_of",
    key="many",
    label="Contributors",
    options=(
        Option(key="team", label="Only the team", alone=True),
        Option(key="pupils", label="Pupils", reveals=(NUMBER,)),
        Option(key="staff", label="Staff"),
    ),
)
ALL: Final[tuple[Question, ...]] = (SHORT, LONG, DAY, NUMBER, UNSURE, PERSON, TEAM, ONE, MANY)


@pytest.mark.parametrize(
    ("question", "raw", "answer"),
    [
        (SHORT, "  Art \n club", "Art club"),
        (LONG, " one\r\ntwo ", "one\ntwo"),
        (DAY, ("27", "3", "2027"), "2027-03-27"),
        (DAY, (" 01 ", "02", "2027"), "2027-02-01"),
        (DAY, ("29", "2", "2028"), "2028-02-29"),
        (DAY, "2027-03-27", "2027-03-27"),
        (NUMBER, "2", 2),
        (NUMBER, " 19 ", 19),
        (NUMBER, "007", 7),
        (UNSURE, "unsure", "unsure"),
        (PERSON, "Jane Smith", "jane"),
        (PERSON, "jane@elmbrook.example", "jane"),
        (PERSON, "  JANE   smith ", "jane"),
        (PERSON, "zoe o neill", "zoe"),
        (PERSON, "Victor Lind", "trusted"),
        (PERSON, "Grace Last", "going"),
        (PERSON, "john", "john"),
        (TEAM, ("Jane Smith", "", "John Smith"), ("jane", "john")),
        (ONE, "school", "school"),
        (MANY, ("staff", "pupils"), ("pupils", "staff")),
        (MANY, "staff", ("staff",)),
        (MANY, ("team",), ("team",)),
    ],
)
def test_what_was_typed_becomes_an_answer(question: Question, raw: Raw, answer: Value) -> None:
    assert question.read(raw, FACTS) == answer


@pytest.mark.parametrize(
    ("question", "raw", "says"),
    [
        (SHORT, "x" * 11, "“Department” must be 10 characters or fewer"),
        (SHORT, "a\x00b", "has a character that cannot be stored"),
        (SHORT, ("a", "b"), "Give one answer to “Department”"),
        (LONG, "x" * 21, "“Aims” must be 20 characters or fewer"),
        (LONG, "a\u202eb", "has a character that cannot be stored"),
        (DAY, ("31", "2", "2027"), "must be a real date"),
        (DAY, ("29", "2", "2027"), "must be a real date"),
        (DAY, ("1", "", "2027"), "must be a real date"),
        (DAY, ("1", "2"), "must be a real date"),
        (DAY, ("1", "2", "27"), "a year of four digits"),
        (DAY, ("1", "2", "0027"), "a year of four digits"),
        (DAY, ("1", "2", "9" * 40), "must be a real date"),
        (DAY, ("1", "2", "2_27"), "must be a real date"),
        (DAY, "soon", "must be a real date"),
        (NUMBER, "1", "must be a whole number from 2 to 19"),
        (NUMBER, "20", "must be a whole number from 2 to 19"),
        (NUMBER, "-3", "must be a whole number from 2 to 19"),
        (NUMBER, "1_0", "must be a whole number from 2 to 19"),
        (NUMBER, "7.5", "must be a whole number from 2 to 19"),
        (NUMBER, "\u0667", "must be a whole number from 2 to 19"),
        (NUMBER, "9" * 5000, "must be a whole number from 2 to 19"),
        (UNSURE, "maybe", "Choose yes, no or unsure"),
        (PERSON, "Nobody Atall", "Nobody called “Nobody Atall” is in the directory"),
        (PERSON, "J. Smith", "More than one person may be meant by “J. Smith”"),
        (PERSON, "Smith", "Nobody called “Smith”"),
        (PERSON, "Jack Smith", "Nobody called “Jack Smith”"),
        (PERSON, "Colin Frost", "Colin Frost has left"),
        (PERSON, "Wendy Archer", "Wendy Archer is not an employee and has not been authorised"),
        (TEAM, ("Jane Smith",), "needs at least 2 different people"),
        (TEAM, ("Jane Smith", "JANE.SMITH"), "“Jane Smith” and “JANE.SMITH” are the same person: Jane Smith"),
        (TEAM, ("Jane Smith", "John Smith", "Zoe O'Neill", "Grace Last"), "takes at most 3 people"),
        (TEAM, ("Jane Smith", "Colin Frost"), "Colin Frost has left"),
        (ONE, "elsewhere", "Choose one of the answers to “Host”"),
        (ONE, ("school", "other"), "Give one answer to “Host”"),
        (MANY, ("pupils", "parents"), "Choose from the answers to “Contributors”"),
        (MANY, ("team", "staff"), "“Only the team” cannot be chosen with another answer"),
    ],
)
def test_what_is_no_answer_is_refused_in_words(question: Question, raw: Raw, says: str) -> None:
    with pytest.raises(UnfitAnswerError) as refused:
        question.read(raw, FACTS)
    assert says in str(refused.value)


@pytest.mark.meets("SITE-28")
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Jane Smith", "jane smith "),
        ("Jane Smith", "jane@elmbrook.example"),
        ("jane@elmbrook.example", "JANE+site@elmbrook.example"),
        ("Zoë O'Neill", "zoe\u0308 o\u2019neill"),
        ("Zoe O'Neill", "Z O Neill"),
        ("jane", "Jane\u00a0Smith"),
    ],
)
def test_two_spellings_of_one_person_are_one_person(first: str, second: str) -> None:
    with pytest.raises(UnfitAnswerError, match="are the same person"):
        TEAM.read((first, second), FACTS)


def test_every_fault_in_a_list_of_people_is_told_at_once() -> None:
    with pytest.raises(UnfitAnswerError) as refused:
        TEAM.read(("Colin Frost", "Nobody Atall", "J Smith", "Wendy Archer"), FACTS)
    told = str(refused.value)
    for part in ("Colin Frost has left", "Nobody called", "More than one person", "not been authorised", "at most 3"):
        assert part in told


@pytest.mark.parametrize("question", ALL, ids=lambda question: question.key)
@pytest.mark.parametrize("raw", ["", " \u200b\u00a0", (), ("", " "), ("\u2060", "", "")])
def test_nothing_to_read_is_no_answer(question: Question, raw: Raw) -> None:
    assert question.read(raw, FACTS) is None


def test_a_chosen_option_reveals_its_questions_and_no_other() -> None:
    assert revealed_by(MANY, ("pupils", "staff")) == (NUMBER,)
    assert revealed_by(MANY, ("staff",)) == ()
    assert revealed_by(ONE, "other") == (SHORT,)
    assert revealed_by(ONE, None) == ()
    assert revealed_by(SHORT, "other") == ()


RAW: Final = st.one_of(
    st.text(),
    st.lists(st.text(), max_size=4).map(tuple),
    st.sampled_from(["Jane Smith", "J. Smith", "27", "2027-02-30", "yes", "team", "other"]),
)


@given(st.sampled_from(ALL), RAW)
def test_whatever_is_typed_is_an_answer_or_is_refused_in_words(question: Question, raw: Raw) -> None:
    try:
        answer = question.read(raw, FACTS)
    except UnfitAnswerError:
        return
    again = str(answer) if isinstance(answer, int) else answer
    assert again is None or question.read(again, FACTS) == answer
