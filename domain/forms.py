"""A form as data: sections of questions, rules between them, and the one check that every door uses."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, ValidationInfo, create_model
from pydantic_core import PydanticCustomError

from domain.base import Frozen
from domain.fields import (
    AnyField,
    Day,
    FormFacts,
    ManyOf,
    OnePerson,
    People,
    Question,
    Raw,
    UnfitAnswerError,
    Value,
    revealed_by,
)

Answers: TypeAlias = Mapping[str, Value]
"""The answers of one form by the key of their question; a question that was not asked or answered is not there."""

Weight: TypeAlias = Literal["fault", "warning", "override"]
"""What a broken rule means: refused; shown; or shown, and whoever approves must say why all the same."""


class Section(Frozen):
    """One short page of the form."""

    key: str
    title: str
    intro: str | None = None
    fields: tuple[AnyField, ...] = Field(min_length=1)

    def questions(self) -> Iterator[Question]:
        """Yield every question of the page, each followed by those that its options can reveal."""
        for field in self.fields:
            yield field
            for option in getattr(field, "options", ()):
                yield from option.reveals


class Choice(Frozen):
    """A condition: one of `any_of` is the answer to `field`, or among its answers."""

    field: str
    any_of: tuple[str, ...]

    def holds(self, answers: Answers) -> bool:
        """Return whether the condition holds for `answers`."""
        answer = answers.get(self.field)
        chosen = answer if isinstance(answer, tuple) else (answer,)
        return any(key in self.any_of for key in chosen)


class _FieldRule(Frozen):
    """What all rules between fields have; `field` is where the message is shown."""

    field: str
    message: str
    weight: Weight = "fault"
    clause: str | None = None
    cites: tuple[str, ...] = ()


class After(_FieldRule):
    """The date in `field` must be after the date in `other`, or after the day on which the form is checked."""

    rule: Literal["after"]
    other: str | Literal["today"]

    def holds(self, answers: Answers, today: date) -> bool:
        """Return whether the rule holds; an unanswered date breaks nothing."""
        later, earlier = answers.get(self.field), answers.get(self.other)
        if self.other == "today":
            earlier = today.isoformat()
        return later is None or earlier is None or str(later) > str(earlier)


class NotAfter(_FieldRule):
    """The date in `field` must not be after the date in `other`, or after the day on which the form is checked."""

    rule: Literal["not_after"]
    other: str | Literal["today"]

    def holds(self, answers: Answers, today: date) -> bool:
        """Return whether the rule holds; an unanswered date breaks nothing."""
        earlier, later = answers.get(self.field), answers.get(self.other)
        if self.other == "today":
            later = today.isoformat()
        return later is None or earlier is None or str(earlier) <= str(later)


class Within(_FieldRule):
    """The date in `field` must be at most `months` calendar months after the date in `other`."""

    rule: Literal["within"]
    other: str
    months: int = Field(gt=0)

    def holds(self, answers: Answers, today: date) -> bool:
        """Return whether the rule holds; an unanswered date breaks nothing."""
        del today
        later, earlier = answers.get(self.field), answers.get(self.other)
        if later is None or earlier is None:
            return True
        start, end = date.fromisoformat(str(earlier)), date.fromisoformat(str(later))
        months = (end.year - start.year) * 12 + end.month - start.month
        return (months, end.day) <= (self.months, start.day)


class RequiredWhen(_FieldRule):
    """`field` must be answered when the condition holds."""

    rule: Literal["required_when"]
    when: Choice

    def holds(self, answers: Answers, today: date) -> bool:
        """Return whether the rule holds."""
        del today
        return self.field in answers or not self.when.holds(answers)


class NotTheSamePerson(_FieldRule):
    """The person in `field` must not be, or be among, those in `other`."""

    rule: Literal["not_the_same_person"]
    other: str

    def holds(self, answers: Answers, today: date) -> bool:
        """Return whether the rule holds."""
        del today
        return not set(_as_tuple(answers.get(self.field))) & set(_as_tuple(answers.get(self.other)))


class AtLeast(_FieldRule):
    """The number in `field` must be at least the number in `other`."""

    rule: Literal["at_least"]
    other: str

    def holds(self, answers: Answers, today: date) -> bool:
        """Return whether the rule holds; an unanswered number breaks nothing."""
        del today
        number, bound = answers.get(self.field), answers.get(self.other)
        return not isinstance(number, int) or not isinstance(bound, int) or number >= bound


class EnoughPeople(_FieldRule):
    """`field` and `other` together must name at least `people` different people."""

    rule: Literal["enough_people"]
    other: str
    people: int = Field(gt=1)

    def holds(self, answers: Answers, today: date) -> bool:
        """Return whether the rule holds; it waits until both are answered."""
        del today
        if self.field not in answers or self.other not in answers:
            return True
        return len({*_as_tuple(answers[self.field]), *_as_tuple(answers[self.other])}) >= self.people


class Among(_FieldRule):
    """Every answer ticked in `field`, those in `besides` apart, must be ticked in `other` as well."""

    rule: Literal["among"]
    other: str
    besides: tuple[str, ...] = ()

    def holds(self, answers: Answers, today: date) -> bool:
        """Return whether the rule holds."""
        del today
        return set(_as_tuple(answers.get(self.field))) <= {*_as_tuple(answers.get(self.other)), *self.besides}


class Differs(_FieldRule):
    """`field` must be answered when the answer to `other` is not what the directory would have filled in."""

    rule: Literal["reason_when_changed"]
    other: str

    def holds(self, answers: Answers, today: date, expected: Value | None = None) -> bool:
        """Return whether the rule holds; with nothing to expect, it does."""
        del today
        return expected is None or answers.get(self.other) in {None, expected} or self.field in answers


AnyRule: TypeAlias = Annotated[
    After | NotAfter | Within | RequiredWhen | NotTheSamePerson | AtLeast | EnoughPeople | Among | Differs,
    Field(discriminator="rule"),
]


class Form(Frozen):
    """A form of a pack, in the words of the school's own."""

    key: str
    title: str
    source: str
    site_title: str | None = None
    sections: tuple[Section, ...] = Field(min_length=1)
    rules: tuple[AnyRule, ...] = ()

    def questions(self) -> Iterator[Question]:
        """Yield every question, each followed by those that its options can reveal."""
        for section in self.sections:
            yield from section.questions()

    def question(self, key: str) -> Question | None:
        """Return the question with that key, or None."""
        return next((question for question in self.questions() if question.key == key), None)


class Fault(Frozen):
    """What is wrong with the answer to one question, in words for the person who typed it."""

    field: str
    message: str


class Checked(Frozen):
    """A checked form: the answers that could be read, and all that is wrong, at once, in the order of the form.

    `overrides` are broken rules that whoever approves may set aside with a reason.
    """

    answers: dict[str, Value]
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    overrides: tuple[Fault, ...] = ()


class UnreadableFormError(ValueError):
    """A submission that no page of Duly sends: an unknown field, a field twice, a character that is refused."""


def raw_answers(fields: tuple[Question, ...], pairs: list[tuple[str, str]]) -> dict[str, Raw]:
    """Return what was sent for `fields`, by key.

    A date comes as `key-day`, `key-month` and `key-year`, people as `key-1` to `key-n`, boxes as `key` repeated,
    everything else as `key` once.

    Raises:
        UnreadableFormError: an unknown field, or a field twice that can be there once.
    """
    places: dict[str, tuple[str, int | None]] = {}
    for field in fields:
        places |= {name: (field.key, index) for name, index in html_names(field)}
    many = {field.key for field in fields if isinstance(field, ManyOf)}
    sent: dict[str, dict[int, str]] = {field.key: {} for field in fields}
    for name, text in pairs:
        if name not in places:
            msg = "the form has a field that is not on the page"
            raise UnreadableFormError(msg)
        key, index = places[name]
        position = len(sent[key]) if key in many else index or 0
        if position in sent[key]:
            msg = "the form has a field twice"
            raise UnreadableFormError(msg)
        sent[key][position] = text
    single = {field.key for field in fields if not isinstance(field, ManyOf | People | Day)}
    return {
        key: parts[0] if key in single else tuple(parts[index] for index in sorted(parts))
        for key, parts in sent.items()
        if parts
    }


def html_names(field: Question) -> tuple[tuple[str, int | None], ...]:
    """Return the names of the inputs that `field` is shown as, each with its place in the raw answer."""
    if isinstance(field, Day):
        return tuple((f"{field.key}-{part}", index) for index, part in enumerate(("day", "month", "year")))
    if isinstance(field, People):
        return tuple((f"{field.key}-{line}", line) for line in range(1, field.at_most + 1))
    return ((field.key, None),)


@cache
def answers_model(form: Form) -> type[BaseModel]:
    """Return the pydantic model of the answers to `form`: one optional attribute a question, each read by its kind.

    Validate with `context={"facts": FormFacts}`.
    """
    attributes: dict[str, Any] = {
        question.key: (Annotated[Value | None, BeforeValidator(_reader(question))], None)
        for question in form.questions()
    }
    return create_model(form.key, __base__=Frozen, **attributes)


def _reader(question: Question) -> Any:  # noqa: ANN401 -- what pydantic takes as a validator
    def read(raw: Raw, info: ValidationInfo) -> Value | None:
        try:
            return question.read(raw, (info.context or {})["facts"])
        except UnfitAnswerError as unfit:
            raise PydanticCustomError("unfit", "{why}", {"why": str(unfit)}) from None  # noqa: EM101 -- pydantic's template

    return read


def check(form: Form, raw: Mapping[str, Raw], facts: FormFacts, sections: tuple[str, ...] | None = None) -> Checked:
    """Return the answers in `raw` and everything that is wrong with them.

    With `sections`, only their questions are looked at, and only rules whose questions all lie in them.
    An answer to a question that is not revealed is cleared.

    Raises:
        UnreadableFormError: `raw` has a key that the form does not know.
    """
    asked = form if sections is None else _only(form, sections)
    known = {question.key for question in asked.questions()}
    if set(raw) - known:
        msg = "the form has a field that is not on the page"
        raise UnreadableFormError(msg)
    answers, unfit = _read_all(asked, raw, facts)
    faults = dict(unfit)
    visible = _visible(asked, answers)
    answers = {key: value for key, value in answers.items() if key in visible}
    for question in asked.questions():
        if question.key in visible and question.required and question.key not in {*answers, *faults}:
            faults[question.key] = question.ask_again
    found: dict[Weight, list[Fault]] = {"fault": [], "warning": [], "override": []}
    for rule in asked.rules:
        if rule.field not in visible or rule.field in faults or getattr(rule, "other", None) in faults:
            continue
        if not _holds(rule, answers, asked, facts):
            found[rule.weight].append(Fault(field=rule.field, message=rule.message))
            if rule.weight == "fault":
                faults[rule.field] = rule.message
    order = {question.key: place for place, question in enumerate(form.questions())}
    return Checked(
        answers=answers,
        faults=tuple(
            Fault(field=key, message=message)
            for key, message in sorted(faults.items(), key=lambda fault: order[fault[0]])
            if key in visible
        ),
        warnings=tuple(found["warning"]),
        overrides=tuple(found["override"]),
    )


def typed_again(form: Form, answers: Answers) -> dict[str, Raw]:
    """Return what to type so that `answers` are given: ids for people, day, month and year for a date.

    With it `check` checks a request that was sent, whole, as of the day and the people of its facts.
    """
    return {
        question.key: _typed(question, answers[question.key])
        for question in form.questions()
        if question.key in answers
    }


def _typed(question: Question, answer: Value) -> Raw:
    if isinstance(answer, tuple):
        return answer
    if isinstance(question, Day):
        day = date.fromisoformat(str(answer))
        return (str(day.day), str(day.month), str(day.year))
    return str(answer)


def _only(form: Form, sections: tuple[str, ...]) -> Form:
    kept = tuple(section for section in form.sections if section.key in sections)
    part = form.model_copy(update={"sections": kept})
    known = {question.key for question in part.questions()} | {"today"}
    within = tuple(
        rule
        for rule in form.rules
        if {rule.field, getattr(rule, "other", "today"), *([rule.when.field] if hasattr(rule, "when") else [])} <= known
    )
    return part.model_copy(update={"rules": within})


def _read_all(form: Form, raw: Mapping[str, Raw], facts: FormFacts) -> tuple[dict[str, Value], dict[str, str]]:
    model = answers_model(form)
    good = dict(raw)
    unfit: dict[str, str] = {}
    try:
        read = model.model_validate(good, context={"facts": facts})
    except ValidationError as invalid:
        unfit = {str(error["loc"][0]): error["msg"] for error in invalid.errors()}
        read = model.model_validate(
            {key: text for key, text in good.items() if key not in unfit}, context={"facts": facts}
        )
    return {key: value for key, value in read if value is not None}, unfit


def _visible(form: Form, answers: Answers) -> set[str]:
    keys = set()
    for section in form.sections:
        for field in section.fields:
            keys.add(field.key)
            keys |= {question.key for question in revealed_by(field, answers.get(field.key))}
    return keys


def _holds(rule: AnyRule, answers: Answers, form: Form, facts: FormFacts) -> bool:
    if isinstance(rule, Differs):
        return rule.holds(answers, facts.today, _expected(form, rule.other, answers, facts))
    return rule.holds(answers, facts.today)


def _expected(form: Form, key: str, answers: Answers, facts: FormFacts) -> Value | None:
    """Return whom the directory names for a person question: the line manager of the answer that is the author."""
    filled = {question.default: question.key for question in form.questions() if isinstance(question, OnePerson)}
    if filled.get("starters_line_manager") != key:
        return None
    author = facts.directory.person(str(answers.get(filled.get("starter", ""), "")))
    return author.line_manager if author is not None else None


def _as_tuple(value: Value | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (str(value),)
