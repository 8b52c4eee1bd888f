"""The words by which a case is found besides its title: answers that are no secret, and that the pack names."""

from collections.abc import Mapping
from typing import Final

from domain.fields import ManyOf, OneOf, Value
from domain.forms import Form
from domain.pack import Process
from domain.text import one_line

_LONGEST: Final = 300


def found_words(process: Process, form: Form | None, answers: Mapping[str, Value], address: str = "") -> str:
    """Return the answers that `process` is found by, and the `address` of a site that is live; empty where none is.

    What was chosen is there as the form calls it. Nothing of a confidential process ever is.
    """
    if process.confidential:
        return ""
    words = [word for key in process.found_by for word in _words(form, key, answers.get(key))]
    return one_line(", ".join(dict.fromkeys([*words, *([address] if address and process.found_by else [])])), _LONGEST)


def _words(form: Form | None, key: str, answer: Value | None) -> list[str]:
    said = list(answer) if isinstance(answer, tuple) else [str(answer)] if answer is not None else []
    question = form.question(key) if form is not None else None
    labels = {one.key: one.label for one in question.options} if isinstance(question, OneOf | ManyOf) else {}
    return [labels.get(one, one) for one in said if one]
