"""The kinds of question that a form can ask, each with the one way to read what was typed.

Every kind says what it makes of raw input: `str` for most, a tuple of `str` for several boxes or lines,
`(day, month, year)` for a date. It returns a value that JSON can hold, or raises `UnfitAnswerError`
with a sentence for the person who typed.
"""

import re
from abc import abstractmethod
from datetime import date
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from domain.base import Frozen
from domain.people import Directory, Person
from domain.text import forbidden_character, is_blank, tidy

LONGEST_ANSWER = 8_000
"""Characters that a text of a school's own form may have: a draft of it can store no more."""

_MOST_DIGITS = 9
_FIRST_YEAR = 1000
"""A year of fewer digits is a slip of the one who types."""

_AN_ID = re.compile(r"p-[0-9a-f]{32}")
"""An id as the import of people makes it; nobody types one, but an answer that is checked again holds it."""

Raw: TypeAlias = str | tuple[str, ...]
"""What was typed or ticked for one question, as it came."""

Value: TypeAlias = str | int | tuple[str, ...]
"""An answer: text, a date as ISO text, an option's key, a person's id, or several of them; or a number."""


class UnfitAnswerError(ValueError):
    """What was typed is no answer to the question; the message says why and what to do."""


class FormFacts(Frozen):
    """What a form must know of the world to be checked: who there is, which day it is, and whose school."""

    directory: Directory
    today: date
    school: str


class Question(Frozen):
    """What all kinds of question have.

    `label` is in the words of the school's own form. `missing` is what to say when a required answer is not
    there. `material` says whether a change of the answer voids the approvals that were given.
    """

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    hint: str | None = None
    required: bool = False
    missing: str | None = None
    material: bool = True
    clause: str | None = None
    cites: tuple[str, ...] = ()

    @property
    def ask_again(self) -> str:
        """Return what to say when the answer is missing."""
        return self.missing or f"Answer “{self.label}”"

    def read(self, raw: Raw, facts: FormFacts) -> Value | None:
        """Return the answer in `raw`, or None where nothing was answered.

        Raises:
            UnfitAnswerError: something was typed that is no answer.
        """
        for text in (raw,) if isinstance(raw, str) else raw:
            if forbidden_character(text) is not None:
                msg = f"“{self.label}” has a character that cannot be stored. Remove it and try again"
                raise UnfitAnswerError(msg)
        if all(is_blank(text) for text in ((raw,) if isinstance(raw, str) else raw)):
            return None
        return self.value(raw, facts)

    @abstractmethod
    def value(self, raw: Raw, facts: FormFacts) -> Value:
        """Return the answer in `raw`, which is not blank."""

    def _one(self, raw: Raw) -> str:
        if not isinstance(raw, str):
            msg = f"Give one answer to “{self.label}”"
            raise UnfitAnswerError(msg)
        return tidy(raw)


class ShortText(Question):
    """One line of text."""

    type: Literal["short_text"]
    most: int = Field(default=200, gt=0, le=500)

    def value(self, raw: Raw, facts: FormFacts) -> str:
        """Return the line."""
        del facts
        text = " ".join(self._one(raw).split())
        if len(text) > self.most:
            msg = f"“{self.label}” must be {self.most} characters or fewer"
            raise UnfitAnswerError(msg)
        return text


class LongText(Question):
    """Several lines of text."""

    type: Literal["long_text"]
    most: int = Field(default=4000, gt=0, le=60_000)

    def value(self, raw: Raw, facts: FormFacts) -> str:
        """Return the text."""
        del facts
        text = self._one(raw)
        if len(text) > self.most:
            msg = f"“{self.label}” must be {self.most} characters or fewer"
            raise UnfitAnswerError(msg)
        return text


class Day(Question):
    """A date, typed as day, month and year; kept as ISO text."""

    type: Literal["date"]

    def value(self, raw: Raw, facts: FormFacts) -> str:
        """Return the date as `YYYY-MM-DD`."""
        del facts
        parts = tuple(raw.split("-"))[::-1] if isinstance(raw, str) else raw
        try:
            day, month, year = (_digits(part, most) for part, most in zip(parts, (2, 2, 4), strict=True))
            if year < _FIRST_YEAR:
                raise ValueError(year)  # noqa: TRY301 -- told with the other ways in which it is no date
            return date(year, month, day).isoformat()
        except ValueError:
            msg = f"“{self.label}” must be a real date with a year of four digits, such as 27 3 2027"
            raise UnfitAnswerError(msg) from None


class WholeNumber(Question):
    """A whole number within bounds; both bounds are allowed. `default` is typed in before anybody answers."""

    type: Literal["whole_number"]
    least: int = Field(default=0, ge=0)
    most: int = Field(ge=0)
    default: int | None = None
    unit: str | None = None

    def value(self, raw: Raw, facts: FormFacts) -> int:
        """Return the number."""
        del facts
        text = self._one(raw)
        try:
            number = _digits(text, _MOST_DIGITS)
        except ValueError:
            number = -1
        if not self.least <= number <= self.most:
            msg = f"“{self.label}” must be a whole number from {self.least} to {self.most}"
            raise UnfitAnswerError(msg)
        return number


def _digits(text: str, most: int) -> int:
    """Return the number that `text` writes in at most `most` plain digits.

    Raises:
        ValueError: it is written otherwise.
    """
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= most):
        raise ValueError(digits)
    return int(digits)


class YesNoUnsure(Question):
    """Yes, no or unsure."""

    type: Literal["yes_no_unsure"]

    def value(self, raw: Raw, facts: FormFacts) -> str:
        """Return `yes`, `no` or `unsure`."""
        del facts
        text = self._one(raw)
        if text not in {"yes", "no", "unsure"}:
            msg = f"Choose yes, no or unsure for “{self.label}”"
            raise UnfitAnswerError(msg)
        return text


class OnePerson(Question):
    """Somebody of the directory, typed as a name or an address; kept as the person's id.

    `authorised` asks for an employee or somebody authorised by name and date (Cadmus 16.1).
    `default` names what the directory fills in: the person who starts the request, or their line manager.
    """

    type: Literal["person"]
    authorised: bool = False
    default: Literal["starter", "starters_line_manager"] | None = None

    def value(self, raw: Raw, facts: FormFacts) -> str:
        """Return the person's id."""
        return resolve_person(self._one(raw), self.authorised, facts).id


class People(Question):
    """Several different people, one a line; kept as their ids.

    Two spellings of one person are one person: people are compared by who they are.
    """

    type: Literal["people"]
    at_least: int = Field(default=1, ge=1)
    at_most: int = Field(default=6, ge=1, le=20)
    authorised: bool = False

    def value(self, raw: Raw, facts: FormFacts) -> tuple[str, ...]:
        """Return the ids, each once."""
        lines = [tidy(line) for line in ((raw,) if isinstance(raw, str) else raw) if not is_blank(line)]
        found: dict[str, str] = {}
        problems = []
        for line in lines:
            try:
                person = resolve_person(line, self.authorised, facts)
            except UnfitAnswerError as unfit:
                problems.append(str(unfit))
                continue
            if person.id in found:
                problems.append(f"“{found[person.id]}” and “{line}” are the same person: {person.name}")
            found.setdefault(person.id, line)
        if len(lines) > self.at_most:
            problems.append(f"“{self.label}” takes at most {self.at_most} people")
        if not problems and len(found) < self.at_least:
            problems.append(f"“{self.label}” needs at least {self.at_least} different people")
        if problems:
            raise UnfitAnswerError(". ".join(problems))
        return tuple(found)


def resolve_person(text: str, authorised: bool, facts: FormFacts) -> Person:
    """Return the one person whom `text` means.

    Raises:
        UnfitAnswerError: nobody, more than one, somebody who has left, or somebody not authorised.
    """
    found = facts.directory.named(text)
    if not found and _AN_ID.fullmatch(text):
        msg = "Somebody who is no longer in the directory was named. Type a full name or a school email address"
        raise UnfitAnswerError(msg)
    if not found:
        msg = f"Nobody called “{text}” is in the directory. Type a full name or a school email address"
        raise UnfitAnswerError(msg)
    if len(found) > 1:
        msg = f"More than one person may be meant by “{text}”. Type the school email address"
        raise UnfitAnswerError(msg)
    person = found[0]
    if not person.is_active(facts.today):
        msg = f"{person.name} has left. Name somebody who works here"
        raise UnfitAnswerError(msg)
    if authorised and not person.is_authorised():
        msg = f"{person.name} is not an employee and has not been authorised. Ask an administrator to record who did"
        raise UnfitAnswerError(msg)
    return person


Revealed: TypeAlias = Annotated[
    ShortText | LongText | Day | WholeNumber | YesNoUnsure | OnePerson | People, Field(discriminator="type")
]


class Option(Frozen):
    """One of the answers to choose from, with the questions that choosing it reveals.

    One that stands `alone` cannot be chosen with any other.
    """

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    hint: str | None = None
    alone: bool = False
    reveals: tuple[Revealed, ...] = ()
    cites: tuple[str, ...] = ()


class OneOf(Question):
    """One of several options."""

    type: Literal["one_of"]
    options: tuple[Option, ...] = Field(min_length=2)

    def value(self, raw: Raw, facts: FormFacts) -> str:
        """Return the key of the option."""
        del facts
        chosen = self._one(raw)
        if chosen not in {option.key for option in self.options}:
            msg = f"Choose one of the answers to “{self.label}”"
            raise UnfitAnswerError(msg)
        return chosen


class ManyOf(Question):
    """Any of several options, at least `at_least` of them once it is answered."""

    type: Literal["many_of"]
    options: tuple[Option, ...] = Field(min_length=1)
    at_least: int = 1

    def value(self, raw: Raw, facts: FormFacts) -> tuple[str, ...]:
        """Return the keys of the options, in the order of the form."""
        del facts
        chosen = {raw} if isinstance(raw, str) else set(raw)
        if chosen - {option.key for option in self.options}:
            msg = f"Choose from the answers to “{self.label}”"
            raise UnfitAnswerError(msg)
        if len(chosen) < self.at_least:
            msg = self.missing or f"Choose at least {self.at_least} of the answers to “{self.label}”"
            raise UnfitAnswerError(msg)
        alone = next((option.label for option in self.options if option.alone and option.key in chosen), None)
        if alone is not None and len(chosen) > 1:
            msg = f"“{alone}” cannot be chosen with another answer"
            raise UnfitAnswerError(msg)
        return tuple(option.key for option in self.options if option.key in chosen)


AnyField: TypeAlias = Annotated[
    ShortText | LongText | Day | WholeNumber | YesNoUnsure | OnePerson | People | OneOf | ManyOf,
    Field(discriminator="type"),
]


def revealed_by(field: Any, answer: Value | None) -> tuple[Question, ...]:  # noqa: ANN401 -- any of the kinds above
    """Return the questions that `answer` to `field` reveals; none where nothing is revealed."""
    if not isinstance(field, OneOf | ManyOf) or answer is None:
        return ()
    chosen = answer if isinstance(answer, tuple) else (answer,)
    return tuple(question for option in field.options if option.key in chosen for question in option.reveals)
