"""What is left of an event when something in it is withheld, so that the rest can be given away and still be checked.

By the rule `names`, only what cannot hold a name stays: what a closed list allows, numbers, moments, and what a pack
calls things. People become numbers, the same person the same number; all that somebody typed is withheld. What is not
known to be harmless is withheld as well.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from domain.base import Frozen
from domain.chain import Salted
from domain.entries import ReporterNamed
from domain.events import AnyEvent
from domain.evidence import WITHHELD, Rule, Shown, Withheld
from domain.fields import Day, ManyOf, OneOf, OnePerson, People, Question, WholeNumber, YesNoUnsure
from domain.people import Directory
from domain.telling_entries import DULY, REPORTER

_PEOPLE: Final = frozenset(
    {"by", "author", "named", "excluded", "person", "people", "instead_of", "recused", "proposed_by"}
)
"""The fields that hold the ids of people."""

_OF_THE_PACK: Final = frozenset(
    {
        *("ask", "step", "seat", "ladder", "also", "changed", "confirmation", "attestation", "clause", "rule", "tried"),
        *("hold", "case", "hash", "old", "new", "closed", "school", "field", "overrides"),
    }
)
"""The fields whose text is a pack's, or a machine's."""

_OF_THE_PACK_HERE: Final = frozenset({("Escalated", "to"), ("CaseEnded", "outcome"), ("DatePassed", "question")})
"""The same, where elsewhere a field of that name holds what somebody typed: the shape and the field."""

_OF_A_PERSON: Final = frozenset({"born_on"})
"""The dates that say who somebody is."""

_NOBODY: Final = frozenset({"", DULY, REPORTER})


class Numbers:
    """Numbers people in the order in which they appear."""

    def __init__(self) -> None:
        """Know nobody yet."""
        self._known: dict[str, str] = {}

    def of(self, person: str) -> str:
        """Return by which number `person` is known; who is nobody in particular stays so."""
        if person in _NOBODY:
            return person
        return self._known.setdefault(person, f"person-{len(self._known) + 1}")

    def directory(self, directory: Directory) -> Directory:
        """Return those of `directory` who have a number, known by it and by nothing else."""
        return Directory(
            people=tuple(
                person.model_copy(update={"id": number, "name": self.names[number], "email": "", "line_manager": None})
                for person in directory.people
                if (number := self._known.get(person.id)) is not None
            )
        )

    @property
    def names(self) -> dict[str, str]:
        """Return what each number is called on paper."""
        return {number: number.replace("person-", "Person ") for number in self._known.values()}


def shown_fields(
    event: AnyEvent, said: Salted, rules: frozenset[Rule], numbers: Numbers, questions: Mapping[str, Question]
) -> dict[str, Shown | Withheld]:
    """Return the fields of `event` as a bundle has them: `said` are its fields, veiled or not, with their salts.

    `questions` are those of the form, by key.
    """
    instead = _instead(event, rules, numbers, questions)
    shown: dict[str, Shown | Withheld] = {}
    for place, (salt, value) in said.items():
        veiled = place.isdigit()
        name = str(value[0]) if veiled else place
        if name not in instead:
            shown[place] = Shown(salt=salt, value=value)
        else:
            rule, other = instead[name]
            shown[place] = Withheld(withheld=rule, instead=[name, other] if veiled else other)
    return shown


def left_of(answers: Mapping[str, Any], numbers: Numbers, questions: Mapping[str, Question]) -> dict[str, Any]:
    """Return what is left of the answers of a form: choices, dates and numbers; people as numbers."""
    return {key: _answer(questions.get(key), answer, numbers) for key, answer in answers.items()}


def _instead(
    event: AnyEvent, rules: frozenset[Rule], numbers: Numbers, questions: Mapping[str, Question]
) -> dict[str, tuple[Rule, Any]]:
    """Return what stands in for which fields of an event, and by which rule."""
    found: dict[str, tuple[Rule, Any]] = {}
    as_it_is = event.model_dump(mode="json")
    if "names" in rules:
        for name in type(event).model_fields:
            if name == "answers":
                left: Any = left_of(as_it_is[name], numbers, questions)
            else:
                left = _left_of_field(event, name, numbers)
            if left != as_it_is[name]:
                found[name] = ("names", left)
    if "reporter" in rules and isinstance(event, ReporterNamed):
        found["reporter"] = ("reporter", {"mode": event.reporter.mode, "person": None, "name": "", "contact": ""})
    return found


def _left_of_field(shape: Frozen, name: str, numbers: Numbers) -> Any:  # noqa: ANN401 -- anything that JSON holds
    value = getattr(shape, name)
    if name in _OF_A_PERSON:
        return None
    is_known = name in _OF_THE_PACK or (type(shape).__name__, name) in _OF_THE_PACK_HERE
    if is_known or _is_closed_field(type(shape).model_fields[name]):
        return shape.model_dump(mode="json", include={name})[name]
    return _left_of(value, name, numbers)


def _left_of(value: Any, name: str, numbers: Numbers) -> Any:  # noqa: ANN401 -- anything that an event holds
    match value:
        case Frozen():
            return {one: _left_of_field(value, one, numbers) for one in type(value).model_fields}
        case tuple():
            return [_left_of(one, name, numbers) for one in value]
        case str() if name in _PEOPLE:
            return numbers.of(value)
        case None | "":
            return value
        case dict():
            return {}
        case _:
            return WITHHELD


def _answer(question: Question | None, answer: Any, numbers: Numbers) -> Any:  # noqa: ANN401 -- as it was answered
    match question:
        case OneOf() | ManyOf() | Day() | WholeNumber() | YesNoUnsure():
            return answer
        case OnePerson() | People():
            return numbers.of(answer) if isinstance(answer, str) else [numbers.of(one) for one in answer]
        case _:
            return WITHHELD


def _is_closed_field(field: FieldInfo) -> bool:
    return _has_pattern(field.metadata) or _is_closed(field.annotation)


def _is_closed(annotation: Any) -> bool:  # noqa: ANN401 -- whatever annotates a field
    """Return whether a type has no room for what somebody types: a closed list, a number, a moment, a pack's key."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _has_pattern(arguments[1:]) or _is_closed(arguments[0])
    if origin is Literal:
        return True
    if origin in {Union, UnionType, tuple}:
        return all(one is Ellipsis or _is_closed(one) for one in arguments)
    if not isinstance(annotation, type):
        return False
    if issubclass(annotation, BaseModel):
        return all(map(_is_closed_field, annotation.model_fields.values()))
    return issubclass(annotation, bool | int | float | datetime | date | Enum | NoneType)


def _has_pattern(metadata: Any) -> bool:  # noqa: ANN401 -- whatever pydantic keeps
    return any(getattr(one, "pattern", None) is not None or "pattern=" in repr(one) for one in metadata)
