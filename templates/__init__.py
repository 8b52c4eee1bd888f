"""Rendering: pages and mails from Jinja templates, strict and escaped, with the components of GOV.UK Frontend."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import css_inline
from jinja2 import (
    BaseLoader,
    ChainableUndefined,
    DictLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
)
from jinja2 import Template as JinjaTemplate
from markupsafe import Markup, escape

from domain.calendar import local_day
from domain.chain import canonical
from domain.text import one_line
from domain.words import clock_time, weekday_in_words

_HERE: Final = Path(__file__).parent
_COMPONENTS: Final = "govuk_frontend_jinja"
_LONGEST_SUBJECT: Final = 160
_MOST_MADE: Final = 200
_MADE: Final[dict[object, Markup]] = {}
"""The components that were made already, by what they were made of."""

_BLANK: Final = re.compile(r"\[[^\]\n]+\]")


@dataclass(frozen=True)
class RenderedMail:
    """A mail as its reader gets it: one line of subject, the text complete by itself, and the same in HTML."""

    subject: str
    text: str
    html: str


def day(at: date) -> str:
    """Return the day that people in England call `at`, such as `Friday 4 December 2026`."""
    return weekday_in_words(local_day(at) if isinstance(at, datetime) else at)


def moment(at: datetime) -> str:
    """Return day and time in England, such as `Friday 4 December 2026 at 4:50pm`."""
    return f"{day(at)} at {clock_time(at)}"


def kept_lines(text: str) -> Markup:
    """Return `text` as a text area shows it, whatever indents the lines of the page around it."""
    return escape(text).replace("\n", Markup("&#10;"))


def _is_html(name: str | None) -> bool:
    """Return whether a template makes HTML, as all do but the subject and the text of a mail."""
    return name is None or not name.endswith(".txt")


class _Plain(Environment):
    """Templates that all have the globals of their environment, as they are: asked again at every import of a macro."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return the globals of a template: the environment's own, where it has no others."""
        return self.globals if d is None else super().make_globals(d)


# The macros ask for what may be absent, so they have an environment of their own that bears it.
_COMPONENT_TEMPLATES: Final = _Plain(
    loader=PrefixLoader({_COMPONENTS: PackageLoader(_COMPONENTS)}),
    autoescape=True,
    undefined=ChainableUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)


class _Templates(_Plain):
    """Our templates: strict, and escaped wherever they make HTML."""

    def get_template(
        self,
        name: str | JinjaTemplate,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,
    ) -> JinjaTemplate:
        """Return the template `name`, a component's from the environment of the components."""
        if isinstance(name, str) and name.startswith(f"{_COMPONENTS}/"):
            return _COMPONENT_TEMPLATES.get_template(name)
        return super().get_template(name, parent, globals)


def _made_once(component: Callable[[object], Markup], parameters: dict[str, object]) -> Markup:
    """Return the component that has `parameters`, made the first time: only for what is ours, never for what was typed.

    Most of the time that a page takes goes into the components of forms, which nearly always show the same.
    """
    wanted = (component.name, _frozen(parameters))  # type: ignore[attr-defined]  # a macro of Jinja's has one
    made = _MADE.get(wanted)
    if made is None:
        made = component(parameters)
        if len(_MADE) < _MOST_MADE:
            _MADE[wanted] = made
    return made


def _frozen(value: object) -> object:
    """Return what tells `value` from any other: a text that is escaped already is not the same as one that is not."""
    if isinstance(value, dict):
        return tuple((name, _frozen(one)) for name, one in value.items())
    if isinstance(value, list | tuple):
        return (list, *map(_frozen, value))
    return type(value), value


def _templates(loader: BaseLoader) -> _Templates:
    made = _Templates(
        loader=loader,
        autoescape=_is_html,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals["made_once"] = _made_once
    made.filters |= {"day": day, "clock_time": clock_time, "moment": moment, "kept_lines": kept_lines}
    return made


_TEMPLATES: Final = _templates(FileSystemLoader(_HERE))

_INLINER: Final = css_inline.CSSInliner(load_remote_stylesheets=False)


def page(name: str, **context: object) -> str:
    """Return the page `pages/{name}` as HTML."""
    return _TEMPLATES.get_template(f"pages/{name}").render(context)


def rehearsed(name: str, **context: object) -> str:
    """Return the page `rehearsal/{name}` of the report of a rehearsal as HTML."""
    return _TEMPLATES.get_template(f"rehearsal/{name}").render(context)


def letter(name: str, /, **context: object) -> str:
    """Return the draft of the letter `letters/{name}` as plain text, for a person to edit."""
    return _TEMPLATES.get_template(f"letters/{name}.txt").render(context).strip()


@cache
def blanks(name: str) -> tuple[str, ...]:
    """Return what the draft of the letter `letters/{name}` leaves to its writer: each in its brackets, once."""
    source = (_HERE / "letters" / f"{name}.txt").read_text("utf-8")
    return tuple(dict.fromkeys(_BLANK.findall(source)))


def mail(name: str, **context: object) -> RenderedMail:
    """Return the mail of the folder `email/{name}`, with its styles inside the elements that they style."""
    return _mail(_TEMPLATES, name, context)


def mail_again(name: str, source: str, **context: object) -> RenderedMail:
    """Return the mail `name` as `mail` made it when its template was `source`, as `mail_source` has it."""
    files: dict[str, str] = json.loads(source)
    return _mail(_templates(DictLoader(files)), name, context)


@cache
def mail_source(name: str) -> tuple[str, str]:
    """Return all that the mail `name` is made from, as its digest, and as JSON: its files by their names."""
    folder, layouts = _HERE / "email" / name, sorted((_HERE / "email").glob("layout.*"))
    files = {
        file.relative_to(_HERE).as_posix(): file.read_text("utf-8") for file in [*layouts, *sorted(folder.iterdir())]
    }
    source = canonical(files)
    return hashlib.sha256(source.encode()).hexdigest(), source


def _mail(made_from: Environment, name: str, context: Mapping[str, object]) -> RenderedMail:
    subject, text, html = (
        made_from.get_template(f"email/{name}/{part}").render(context)
        for part in ("subject.txt", "body.txt", "body.html")
    )
    return RenderedMail(one_line(subject, _LONGEST_SUBJECT), text, _INLINER.inline(html))
