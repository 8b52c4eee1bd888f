"""A form is checked whole: every rule, every fault at once, and nothing kept that was not asked."""

from datetime import date
from typing import Any, Final, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.fields import (
    AnyField,
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
    WholeNumber,
    YesNoUnsure,
)
from domain.forms import (
    After,
    Among,
    AnyRule,
    AtLeast,
    Checked,
    Choice,
    Differs,
    EnoughPeople,
    Form,
    NotAfter,
    NotTheSamePerson,
    RequiredWhen,
    Section,
    UnreadableFormError,
    Within,
    check,
    html_names,
    raw_answers,
    typed_again,
)
from domain.people import Directory, Person, PersonKind
from tests.builders import SCHOOL, a_person

TODAY: Final = date(2026, 11, 2)
PEOPLE: Final = (
    a_person("jane", "Jane Smith", line_manager="tom"),
    a_person("tom", "Tom Field"),
    a_person("amir", "Amir Khan"),
    a_person("zoe", "Zoe Neill"),
)
FACTS: Final = FormFacts(directory=Directory(people=PEOPLE), today=TODAY, school=SCHOOL)

GROUPS: Final = ("pupils", "family", "public")


def the_groups(prefix: str) -> tuple[Option, ...]:
    age = WholeNumber(type="whole_number", key=f"{prefix}_age", label="Age", most=19, required=True)
    return tuple(Option(key=key, label=key, reveals=(age,) if key == "pupils" else ()) for key in GROUPS)


TEAM: Final = Section(
    key="team",
    title="Team",
    fields=(
        ShortText(type="short_text", key="title", label="Name", required=True, missing="Give the site a name"),
        OnePerson(type="person", key="author", label="Author", required=True, default="starter"),
        OnePerson(type="person", key="manager", label="Manager", required=True, default="starters_line_manager"),
        ShortText(type="short_text", key="manager_reason", label="Why another"),
        People(type="people", key="administrators", label="Administrators", at_least=2, required=True),
        People(type="people", key="moderators", label="Moderators", at_least=2, required=True),
    ),
)
AUDIENCE: Final = Section(
    key="audience",
    title="Audience",
    fields=(
        ManyOf(type="many_of", key="audience", label="Audience", required=True, options=the_groups("audience")),
        ManyOf(type="many_of", key="contributors", label="Contributors", options=the_groups("contributors")),
        ShortText(type="short_text", key="vetter", label="Vetter"),
        YesNoUnsure(type="yes_no_unsure", key="risk", label="Risk"),
        LongText(type="long_text", key="risk_plan", label="Plan"),
    ),
)
HOST: Final = Section(
    key="host",
    title="Host",
    fields=(
        OneOf(
            type="one_of",
            key="host",
            label="Host",
            required=True,
            options=(
                Option(key="school", label="School"),
                Option(
                    key="other",
                    label="Other",
                    reveals=(WholeNumber(type="whole_number", key="host_age", label="Age", most=21),),
                ),
            ),
        ),
        Day(type="date", key="discussed", label="Discussed"),
        Day(type="date", key="live", label="Live", required=True),
        Day(type="date", key="closes", label="Closes"),
    ),
)

RULES: Final[dict[str, AnyRule]] = {
    "live after today": After(rule="after", field="live", other="today", message="live too early"),
    "closes after live": After(rule="after", field="closes", other="live", message="closes too early"),
    "at most a year": Within(rule="within", field="closes", other="live", months=12, message="too long"),
    "discussed by now": NotAfter(rule="not_after", field="discussed", other="today", message="not yet"),
    "discussed before live": NotAfter(rule="not_after", field="discussed", other="live", message="too late"),
    "vetter": RequiredWhen(
        rule="required_when",
        field="vetter",
        when=Choice(field="contributors", any_of=("family", "public")),
        message="who vets",
    ),
    "plan": RequiredWhen(
        rule="required_when", field="risk_plan", when=Choice(field="risk", any_of=("yes", "unsure")), message="plan it"
    ),
    "not your own manager": NotTheSamePerson(
        rule="not_the_same_person", field="manager", other="author", message="somebody else"
    ),
    "author does not moderate": NotTheSamePerson(
        rule="not_the_same_person", field="moderators", other="author", message="not the author"
    ),
    "old enough": AtLeast(
        rule="at_least", field="audience_age", other="host_age", weight="override", message="too young"
    ),
    "three people": EnoughPeople(
        rule="enough_people", field="moderators", other="administrators", people=3, weight="warning", message="no cover"
    ),
    "contributors see it": Among(
        rule="among",
        field="contributors",
        other="audience",
        besides=("family",),
        weight="warning",
        message="not audience",
    ),
    "why another manager": Differs(
        rule="reason_when_changed", field="manager_reason", other="manager", message="say why"
    ),
}
FORM: Final = Form(
    key="site",
    title="Site",
    source="Clause 1",
    site_title="title",
    sections=(TEAM, AUDIENCE, HOST),
    rules=tuple(RULES.values()),
)

FAULTLESS: Final[dict[str, Raw]] = {
    "title": "Science club",
    "author": "Jane Smith",
    "manager": "Tom Field",
    "administrators": ("Jane Smith", "Amir Khan"),
    "moderators": ("Amir Khan", "Zoe Neill"),
    "audience": ("pupils", "public"),
    "audience_age": "13",
    "host": "other",
    "host_age": "13",
    "discussed": ("2", "11", "2026"),
    "live": ("3", "11", "2026"),
    "closes": ("3", "11", "2027"),
}


def checked(**changes: Raw | None) -> Checked:
    """Return the check of the faultless answers with `changes`; None takes an answer away."""
    raw = {key: text for key, text in {**FAULTLESS, **changes}.items() if text is not None}
    return check(FORM, raw, FACTS)


def said(result: Checked) -> set[tuple[str, str, str]]:
    return {
        (weight, told.field, told.message)
        for weight, all_told in (
            ("fault", result.faults),
            ("warning", result.warnings),
            ("override", result.overrides),
        )
        for told in all_told
    }


def test_a_faultless_form_is_answered_and_nothing_is_said() -> None:
    result = checked()
    assert said(result) == set()
    assert result.answers["administrators"] == ("jane", "amir")
    assert result.answers["live"] == "2026-11-03"
    assert result.answers["host_age"] == 13


Said = tuple[str, str, str]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"live": ("2", "11", "2026"), "discussed": None}, ("fault", "live", "live too early")),
        ({"live": ("1", "11", "2026"), "discussed": None, "closes": None}, ("fault", "live", "live too early")),
        ({"closes": ("3", "11", "2026")}, ("fault", "closes", "closes too early")),
        ({"closes": ("4", "11", "2027")}, ("fault", "closes", "too long")),
        ({"closes": ("1", "12", "2027")}, ("fault", "closes", "too long")),
        ({"discussed": ("3", "11", "2026")}, ("fault", "discussed", "not yet")),
        ({"contributors": ("public",)}, ("fault", "vetter", "who vets")),
        ({"contributors": ("public",), "vetter": " \u200b"}, ("fault", "vetter", "who vets")),
        ({"risk": "yes"}, ("fault", "risk_plan", "plan it")),
        ({"risk": "unsure"}, ("fault", "risk_plan", "plan it")),
        ({"manager": "jane@elmbrook.example", "manager_reason": "x"}, ("fault", "manager", "somebody else")),
        ({"moderators": ("Zoe Neill", "J. Smith")}, ("fault", "moderators", "not the author")),
        ({"audience_age": "12"}, ("override", "audience_age", "too young")),
        (
            {"moderators": ("Amir Khan", "Zoe Neill"), "administrators": ("zoe", "amir")},
            ("warning", "moderators", "no cover"),
        ),
        (
            {"contributors": ("pupils",), "contributors_age": "9", "audience": ("public",)},
            ("warning", "contributors", "not audience"),
        ),
        ({"manager": "Amir Khan"}, ("fault", "manager_reason", "say why")),
    ],
)
def test_each_rule_is_told_where_it_is_broken(changes: dict[str, Any], told: Said) -> None:
    assert said(checked(**changes)) == {told}


@pytest.mark.parametrize(
    "changes",
    [
        {"live": ("4", "11", "2026"), "closes": ("5", "11", "2026")},
        {"closes": None},
        {"discussed": None},
        {"contributors": ("public",), "vetter": "Tom"},
        {"contributors": ("family",), "vetter": "Tom"},
        {"risk": "no"},
        {"risk": "yes", "risk_plan": "Read it daily"},
        {"audience_age": "12", "host": "school"},
        {"audience_age": "12", "host_age": None},
        {"manager": "Amir Khan", "manager_reason": "Tom is away"},
        {"author": "Tom Field", "manager": "Amir Khan"},  # the directory names no manager to compare with
    ],
)
def test_a_rule_that_holds_says_nothing(changes: dict[str, Any]) -> None:
    assert said(checked(**changes)) == set()


@pytest.mark.parametrize(
    ("live", "closes", "holds"),
    [
        ("2027-01-31", "2027-02-28", True),
        ("2027-01-31", "2027-03-01", False),
        ("2028-02-29", "2028-03-29", True),
        ("2028-02-29", "2028-03-30", False),
        ("2026-12-15", "2027-01-15", True),
        ("2026-12-15", "2027-01-16", False),
    ],
)
def test_a_month_ends_on_the_same_day_of_the_next(live: str, closes: str, holds: bool) -> None:
    rule = Within(rule="within", field="closes", other="live", months=1, message="too long")
    assert rule.holds({"live": live, "closes": closes}, TODAY) == holds


def test_every_fault_is_told_at_once_in_the_order_of_the_form() -> None:
    result = check(FORM, {"administrators": ("Jane Smith",), "live": ("31", "2", "2027"), "risk": "yes"}, FACTS)
    assert [fault.field for fault in result.faults] == [
        "title", "author", "manager", "administrators", "moderators", "audience", "risk_plan", "host", "live",
    ]  # fmt: skip
    assert result.faults[0].message == "Give the site a name"
    assert result.faults[1].message == "Answer “Author”"


def test_a_rule_waits_until_what_it_compares_can_be_read() -> None:
    assert said(checked(live=("31", "2", "2027"), closes=("1", "1", "2020"))) == {
        ("fault", "live", "“Live” must be a real date with a year of four digits, such as 27 3 2027")
    }


@pytest.mark.parametrize(
    ("changes", "cleared"),
    [
        ({"audience": ("public",)}, "audience_age"),
        ({"audience": ("public",), "audience_age": "not a number"}, "audience_age"),
        ({"host": "school"}, "host_age"),
        ({"host": "school", "host_age": "99"}, "host_age"),
    ],
)
def test_an_answer_that_is_no_longer_asked_is_cleared_and_never_faulty(changes: dict[str, Any], cleared: str) -> None:
    result = checked(**changes)
    assert said(result) == set()
    assert cleared not in result.answers


def test_a_revealed_question_that_must_be_answered_is_missed() -> None:
    assert said(checked(audience_age=None)) == {("fault", "audience_age", "Answer “Age”")}


def test_one_page_is_checked_by_itself_with_the_rules_that_lie_in_it() -> None:
    page: dict[str, Raw] = {"host": "school", "live": ("4", "11", "2026"), "closes": ("4", "11", "2026")}
    result = check(FORM, page, FACTS, ("host",))
    assert said(result) == {("fault", "closes", "closes too early")}
    with pytest.raises(UnreadableFormError):
        check(FORM, {**page, "title": "elsewhere"}, FACTS, ("host",))


def test_a_field_that_the_form_does_not_know_is_unreadable() -> None:
    with pytest.raises(UnreadableFormError):
        check(FORM, {**FAULTLESS, "approved": "yes"}, FACTS)


QUESTIONS: Final = tuple(FORM.questions())


def test_what_a_page_sends_is_gathered_by_question() -> None:
    sent = [
        ("title", "Club"),
        ("live-year", "2027"),
        ("live-day", "1"),
        ("live-month", "2"),
        ("administrators-2", "Amir Khan"),
        ("administrators-1", "Jane Smith"),
        ("audience", "pupils"),
        ("audience", "public"),
    ]
    assert raw_answers(QUESTIONS, sent) == {
        "title": "Club",
        "live": ("1", "2", "2027"),
        "administrators": ("Jane Smith", "Amir Khan"),
        "audience": ("pupils", "public"),
    }


@pytest.mark.parametrize(
    "sent",
    [
        [("approved", "yes")],
        [("title", "a"), ("title", "b")],
        [("host", "school"), ("host", "other")],
        [("live-day", "1"), ("live-day", "2")],
        [("live", "1")],
        [("administrators", "Jane Smith")],
        [("administrators-7", "Jane Smith")],
    ],
)
def test_what_no_page_sends_is_unreadable(sent: list[tuple[str, str]]) -> None:
    with pytest.raises(UnreadableFormError):
        raw_answers(QUESTIONS, sent)


# What holds whatever is typed.

LIKELY: Final[dict[type[Question], st.SearchStrategy[Raw]]] = {
    ManyOf: st.lists(st.sampled_from(GROUPS), max_size=3, unique=True).map(tuple),
    OneOf: st.sampled_from(["school", "other"]),
    YesNoUnsure: st.sampled_from(["yes", "no", "unsure"]),
    OnePerson: st.sampled_from(["Jane Smith", "J Smith", "tom@elmbrook.example", "Amir Khan"]),
    People: st.lists(st.sampled_from(["Jane Smith", "TOM FIELD", "amir", "Z. Neill"]), max_size=4).map(tuple),
    WholeNumber: st.integers(min_value=0, max_value=30).map(str),
    Day: st.dates(min_value=date(2026, 10, 1), max_value=date(2028, 12, 31)).map(
        lambda day: (str(day.day), str(day.month), str(day.year))
    ),
}
ANYTHING: Final = st.one_of(st.text(max_size=30), st.lists(st.text(max_size=10), max_size=4).map(tuple))


def typed(wild: bool) -> st.SearchStrategy[dict[str, Raw]]:
    """Return a strategy for forms as somebody may type them; with `wild`, as somebody may forge them."""
    likely = {q.key: LIKELY.get(type(q), st.text(min_size=1, max_size=20)) for q in QUESTIONS}
    fields = {key: st.one_of(usual, ANYTHING) if wild else usual for key, usual in likely.items()}
    return st.fixed_dictionaries({}, optional=fields)


@given(typed(wild=True))
def test_no_text_whatever_breaks_the_check(raw: dict[str, Raw]) -> None:
    result = check(FORM, raw, FACTS)
    assert set(result.answers) <= set(raw)
    fields = [fault.field for fault in result.faults]
    assert len(fields) == len(set(fields))
    assert set(fields) <= {question.key for question in QUESTIONS}


@given(st.one_of(typed(wild=False), typed(wild=True)))
def test_what_was_answered_is_answered_the_same_when_it_is_checked_again(raw: dict[str, Raw]) -> None:
    answers = check(FORM, raw, FACTS).answers
    assert check(FORM, typed_again(FORM, answers), FACTS).answers == answers


def test_every_kind_of_question_is_checked_again() -> None:
    assert {type(question) for question in QUESTIONS} == set(get_args(get_args(AnyField)[0]))


@pytest.mark.parametrize(
    ("directory", "says"),
    [
        ((PEOPLE[0], *PEOPLE[2:]), "is in the directory. Type a full name"),
        ((PEOPLE[0], a_person("tom", "Tom Field", leaves_on=date(2026, 11, 1)), *PEOPLE[2:]), "Tom Field has left"),
        (
            (PEOPLE[0], a_person("tom", "Tom Field", kind=PersonKind.AGENCY), *PEOPLE[2:]),
            "Tom Field is not an employee and has not been authorised",
        ),
    ],
    ids=["gone", "left", "not authorised"],
)
def test_who_was_named_and_may_no_more_is_a_fault_beside_the_question(directory: tuple[Person, ...], says: str) -> None:
    form = Form(
        key="one",
        title="One",
        source="",
        sections=(
            Section(
                key="team",
                title="Team",
                fields=(
                    OnePerson(type="person", key="who", label="Who", required=True, authorised=True),
                    People(type="people", key="team", label="Team", authorised=True),
                ),
            ),
        ),
    )
    then = check(form, {"who": "Tom Field", "team": ("Jane Smith", "Tom Field")}, FACTS)
    assert then.faults == ()
    now = FACTS.model_copy(update={"directory": Directory(people=directory)})
    faults = check(form, typed_again(form, then.answers), now).faults
    assert [fault.field for fault in faults] == ["who", "team"]
    assert all(says in fault.message for fault in faults)


def test_whoever_was_named_and_is_no_longer_in_the_directory_is_not_called_by_their_id() -> None:
    gone = f"p-{7:032x}"
    question = OnePerson(type="person", key="who", label="Who")
    with pytest.raises(UnfitAnswerError, match=r"^Somebody who is no longer in the directory was named\. Type a full"):
        question.read(gone, FACTS)


@given(typed(wild=True))
def test_nothing_that_was_not_asked_is_kept(raw: dict[str, Raw]) -> None:
    answers = check(FORM, raw, FACTS).answers
    assert "audience_age" not in answers or "pupils" in str(answers.get("audience"))
    assert "contributors_age" not in answers or "pupils" in str(answers.get("contributors"))
    assert "host_age" not in answers or answers.get("host") == "other"


@given(st.permutations(list(FAULTLESS.items())))
def test_the_order_in_which_answers_come_changes_nothing(pairs: list[tuple[str, Raw]]) -> None:
    assert check(FORM, dict(pairs), FACTS) == checked()


def test_every_input_of_a_page_has_a_name_of_its_own() -> None:
    names = [name for question in QUESTIONS for name, _ in html_names(question)]
    assert len(names) == len(set(names))
