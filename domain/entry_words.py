"""What the forms of entries are made of: their shape, the answers that have words, and the questions that recur."""

from collections.abc import Mapping
from typing import Final, Literal

from domain.base import Frozen
from domain.fields import AnyField, Day, LongText, OneOf, Option, ShortText
from domain.forms import AnyRule

Asks = Literal["no", "may", "must"]
"""Whether a form asks something: it does not, it may be left empty, or it has to be answered."""


class InWords(Frozen):
    """An entry in words: what the page is called, what the entry is, what it does, and what it asks.

    `thing` names the entry inside a sentence. `note` is the question whose answer is the note of the entry.
    """

    kind: str
    title: str
    thing: str
    lead: str
    fields: tuple[AnyField, ...] = ()
    rules: tuple[AnyRule, ...] = ()
    note: str = "Anything else that should be on record"


class EntryForm(InWords):
    """An entry of a confidential case in words.

    `about` is whether it says which allegations it is about, `subject` whether it names one of the subjects, `when`
    whether it says when it happened. `letter` is the template that a letter begins as. `source` is the law or guidance
    where the pack has no clause.
    """

    about: Asks = "may"
    subject: bool = False
    when: Asks = "may"
    note_required: bool = False
    letter: str | None = None
    source: str = ""


NOTHING: Final = "nothing"
"""The answer of whoever ticks that none of the others is so."""

KCSIE: Final = "Keeping Children Safe in Education, Part Four"
ACAS: Final = "ACAS Code of Practice on disciplinary and grievance procedures"
FREE: Final = "It waits for nobody's leave and can be recorded at any moment."

METHODS: Final = {"phone": "By phone", "form": "By their own form", "email": "By e-mail", "in_person": "Face to face"}
SOURCES: Final = {
    "hr": "Human resources",
    "legal": "A lawyer",
    "governor_support": "Governor support",
    "other": "Somebody else",
}
SUPPORTED: Final = {
    "subject": "The person of whom it is alleged",
    "reporter": "Whoever reported it",
    "victim": "Whoever was harmed or upset by it",
    "other": "Somebody else",
}
TAKEN: Final = {"yes": "Yes", "no": "No", "not_yet": "Not decided yet"}
YES_NO: Final = {"yes": "Yes", "no": "No"}
SEEN_IN: Final = {
    "public_internet": "Something that anybody can see on the internet",
    "witness": "What somebody saw or heard",
    "document": "A document or a message",
    "call_log": "A telephone call",
    "other": "Something else",
}
REACHED: Final = {"yes": "Yes", "no": "No, nobody could be reached", "not_tried": "Not tried yet"}
ADVICE: Final = {
    "no_further_action": "No further action",
    "strategy_discussion": "A strategy discussion will be held",
    "police": "The police are to look into it",
    "employer_investigation": "The school is to look into it itself",
    "more_needed": "They need to know more before they can advise",
}
PERMITS: Final = {
    "investigate": "Begin an internal investigation",
    "tell_subject": "Tell the person what is alleged",
    "open_disciplinary": "Open a disciplinary case",
}
OUTCOMES: Final = {
    "substantiated": "Substantiated: there is enough evidence that it happened",
    "malicious": "Malicious: there is enough evidence that it did not happen, and that it was made up to deceive",
    "false": "False: there is enough evidence that it did not happen",
    "unsubstantiated": "Unsubstantiated: there is not enough evidence either way; it says nothing of guilt",
    "unfounded": "Unfounded: there is no evidence or proper basis for it",
}
SEVERITIES: Final = {
    "minor": "Minor",
    "serious": "Serious",
    "very_serious": "Very serious",
    "gross": "Gross misconduct",
}
SANCTIONS: Final = {
    "no_action": "No action",
    "first_warning": "A first written warning",
    "final_warning": "A final written warning",
    "dismissal": "Dismissal with notice",
    "dismissal_without_notice": "Dismissal without notice",
    "end_of_appointment": "The appointment ends",
    "governing_body_resolution": "A resolution of the governing body",
}
UPHELD: Final = {"yes": "The decision stands", "no": "The decision is set aside", "in_part": "It stands in part"}
CATEGORIES: Final = {
    "employee": "An employee",
    "supply": "A supply teacher",
    "trainee": "A trainee or apprentice",
    "contractor": "A contractor",
    "volunteer": "A volunteer",
    "governor": "A governor or trustee",
    "headteacher": "The headteacher",
    "central_staff": "Somebody whom the trust employs centrally",
    "pupil": "A pupil",
    "public": "A member of the public",
}


def line(key: str, label: str, hint: str | None = None, *, required: bool = True, most: int = 200) -> ShortText:
    """Return the question that asks for one line."""
    return ShortText(type="short_text", key=key, label=label, hint=hint, required=required, most=most)


def text(key: str, label: str, hint: str | None = None, *, most: int = 4000) -> LongText:
    """Return the question that asks for text."""
    return LongText(type="long_text", key=key, label=label, hint=hint, required=True, most=most)


def choose(key: str, label: str, answers: Mapping[str, str], hint: str | None = None) -> OneOf:
    """Return the question that asks for one of `answers`, labels by key."""
    options = tuple(Option(key=one, label=text) for one, text in answers.items())
    return OneOf(type="one_of", key=key, label=label, hint=hint, required=True, options=options)


def day(key: str, label: str, hint: str | None = None, *, required: bool = True) -> Day:
    """Return the question that asks for a day."""
    return Day(type="date", key=key, label=label, hint=hint, required=required)


METHOD: Final = choose("method", "How were they reached?", METHODS)
SPOKE_TO: Final = line("spoke_to", "Whom did you speak or write to?", "Their name, and what they are there")
REFERENCE: Final = line("reference", "Their reference", "If they gave you one", required=False)
REASONS: Final = text("reasons", "The reasons", "They stay on record, and somebody may read them years later")
WHAT_IS_ALLEGED: Final = text("what", "What is alleged?", "In words, as it was said. No pictures and no files")
LETTER: Final = text(
    "letter",
    "The letter",
    "This is a draft. Read every line, fill in what stands in [brackets], and take out what does not fit. Duly does "
    "not send it: print it from the page of the case, or copy it, and give it to the person",
    most=8000,
)
