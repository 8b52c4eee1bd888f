"""The report of a rehearsal: a folder of pages that are opened as they lie, and a short table for the terminal."""

import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from domain.calendar import local_day
from domain.words import counted
from starter.rehearsal.catching import Caught
from starter.rehearsal.found import Found, Line
from starter.rehearsal.playing import Played
from starter.web.site import STATIC
from templates import rehearsed

T = TypeVar("T")

_PLACES: Final = (
    ("index.html", "The year"),
    ("mailbox.html", "Mailbox"),
    ("calendar.html", "Calendar"),
    ("cases.html", "Cases"),
    ("unable.html", "Steps"),
    ("rules.html", "Order rules"),
    ("clauses.html", "Clauses"),
)
_BUSIEST: Final = 5
_ALL: Final = "All packs"
_LOOK: Final = ("duly.css", "duly.svg", "govuk/govuk-frontend.min.css")


class Came(NamedTuple):
    """What came of a year under one pack."""

    played: Played
    found: Found

    @property
    def name(self) -> str:
        """Return whose year it was."""
        return self.played.pack.organisation.name


def write(folder: Path, came: Sequence[Came]) -> None:
    """Write the report into `folder`, which is not there yet or empty; of several packs with a part for each."""
    (folder / "look" / "fonts").mkdir(parents=True)
    for name in _LOOK:
        shutil.copyfile(STATIC / name, folder / "look" / Path(name).name)
    for font in sorted((STATIC / "fonts").iterdir()):
        shutil.copyfile(font, folder / "look" / "fonts" / font.name)
    if len(came) == 1:
        _Part(folder, came[0], "").write()
        return
    parts = [(one.played.pack.key, one) for one in came]
    for key, one in parts:
        _Part(folder / key, one, "../").write()
    shown = rehearsed(
        "packs.html",
        up="",
        to_look="",
        here="index.html",
        places=[("index.html", _ALL), *((f"{key}/index.html", one.name) for key, one in parts)],
        organisation=counted(len(came), "pack"),
        seed=came[0].played.scenario.seed,
        first=local_day(came[0].played.begins),
        last=_last_day(came[0].played),
        figures=totals(came),
        parts=[
            (key, one.name, one.played.pack.document.title, first_of_all(one.found), totals([one]))
            for key, one in parts
        ],
    )
    (folder / "index.html").write_text(shown, encoding="utf-8")


class _Part:
    """Writes what came of a year under one pack; from its folder, `out` leads to that of the whole report."""

    def __init__(self, folder: Path, came: Came, out: str) -> None:
        self._folder, (self._played, self._found), self._out = folder, came, out

    def write(self) -> None:
        """Write every page."""
        for part in ("mails", "cases"):
            (self._folder / part).mkdir(parents=True)
        found = self._found
        self._index()
        self._mailbox()
        self._calendar()
        kinds = dict.fromkeys(one.kind for one in found.cases)
        by_kind = [(kind, [one for one in found.cases if one.kind == kind]) for kind in kinds]
        self._page("cases.html", "cases.html", stalled=found.stalled, kinds=by_kind)
        for case in found.cases:
            self._page(f"cases/{case.number}.html", "case.html", here="cases.html", case=case)
        self._page("unable.html", "unable.html", unable=found.unable)
        processes = dict.fromkeys(rule.process for rule in found.rules)
        rules = [(process, [rule for rule in found.rules if rule.process == process]) for process in processes]
        self._page("rules.html", "rules.html", processes=rules)
        self._page("clauses.html", "clauses.html", parts=_parts(found))

    def _page(self, name: str, template: str, here: str = "", **context: object) -> None:
        shown = rehearsed(
            template,
            up="../" * name.count("/"),
            to_look="../" * name.count("/") + self._out,
            here=here or name,
            places=(((f"{self._out}index.html", _ALL),) if self._out else ()) + _PLACES,
            organisation=self._played.pack.organisation.name,
            seed=self._played.scenario.seed,
            **context,
        )
        (self._folder / name).write_text(shown, encoding="utf-8")

    def _index(self) -> None:
        played = self._played
        self._page(
            "index.html",
            "index.html",
            first=local_day(played.begins),
            last=_last_day(played),
            policy=played.pack.document.title,
            first_of_all=first_of_all(self._found),
            figures=figures(Came(played, self._found)),
            busiest=busiest(played),
            left_out=self._found.left_out,
        )

    def _mailbox(self) -> None:
        numbered = list(enumerate(self._played.mails, 1))
        parts = _by_month([(local_day(mail.at), (number, mail)) for number, mail in numbered])
        months = [(_file("mailbox", month, n), _month(month), len(of)) for n, (month, of) in enumerate(parts)]
        for (address, name, _), (_, of) in zip(months, parts, strict=True):
            self._page(address, "mailbox.html", "mailbox.html", months=months, this=address, month=name, mails=of)
            for number, mail in of:
                self._mail(number, mail, address)
        if not parts:
            self._page("mailbox.html", "mailbox.html", months=(), this="", month="", mails=())

    def _mail(self, number: int, mail: Caught, month: str) -> None:
        last = len(self._played.mails)
        around = {"before": number - 1, "after": number + 1 if number < last else 0}
        self._page(f"mails/{number}.html", "mail.html", "mailbox.html", mail=mail, month=month, **around)

    def _calendar(self) -> None:
        parts = _by_month(self._days())
        months = [(_file("calendar", month, n), _month(month), len(of)) for n, (month, of) in enumerate(parts)]
        for (address, name, _), (_, days) in zip(months, parts, strict=True):
            self._page(address, "calendar.html", "calendar.html", months=months, this=address, month=name, days=days)
        if not parts:
            self._page("calendar.html", "calendar.html", months=(), this="", month="", days=())

    def _days(self) -> list[tuple[date, tuple[date, tuple[Line, ...]]]]:
        return [(day, (day, lines)) for day, lines in self._found.days]


def totals(came: Sequence[Came]) -> list[tuple[str, str]]:
    """Return the figures of all packs together, each with its name."""
    cases = [case for one in came for case in one.found.cases]
    return [
        ("People", str(sum(len(one.played.cast.directory.people) for one in came))),
        (
            "Cases",
            f"{len(cases)}, of which {sum(bool(case.outcome) for case in cases)} ended and"
            f" {sum(bool(case.stalled) for case in cases)} stalled",
        ),
        ("What people did", str(sum(one.played.year.acts for one in came))),
        ("Mails", str(sum(len(one.played.mails) for one in came))),
    ]


def first_of_all(found: Found) -> list[tuple[str, str]]:
    """Return what is wrong, each with the page that says more."""
    wrong = [
        ("rules.html", f"{counted(len(found.broken), 'order rule')} broken", found.broken),
        ("cases.html#stalled", f"{counted(len(found.stalled), 'case')} stalled", found.stalled),
        ("unable.html", f"{counted(len(found.unable), 'step')} that nobody could do", found.unable),
        ("index.html", f"Opening links changed something: {'; '.join(found.changed)}", found.changed),
    ]
    return [(address, words) for address, words, which in wrong if which]


def figures(came: Came) -> list[tuple[str, str]]:
    """Return the figures of a year under one pack, each with its name."""
    played, found = came
    asked, bit = sum(rule.asked for rule in found.rules), sum(rule.bit for rule in found.rules)
    cited = len(found.exercised) + len(found.untouched)
    return [
        *totals([came]),
        (
            "Links that a scanner opened",
            f"{played.year.opened}, which changed {'something' if found.changed else 'nothing'}",
        ),
        ("Steps nobody could do", str(len(found.unable))),
        (
            "Order rules",
            f"{len(found.rules)}, asked {counted(asked, 'time')}, said no {counted(bit, 'time')},"
            f" broken {len(found.broken)}",
        ),
        ("Clauses gone by", f"{len(found.exercised)} of {cited} that a process cites"),
    ]


def busiest(played: Played) -> list[tuple[str, int]]:
    """Return who got most mail, each by their name and seats, with how many they were."""
    titles = {seat.key: seat.title for seat in played.pack.seats}
    mails = Counter(mail.to for mail in played.mails)
    who = {
        one.email: ", ".join((one.name, *dict.fromkeys(titles.get(held.seat, held.seat) for held in one.holdings)))
        for one in played.cast.directory.people
    }
    return [(who[address], number) for address, number in mails.most_common(_BUSIEST)]


def _parts(found: Found) -> Sequence[tuple[str, str, object]]:
    return (
        ("Gone by", "Something happened in the year because of them.", found.exercised),
        ("Not gone by", "A process of the pack cites them, and nothing in the year came to them.", found.untouched),
        ("Cited by no process", "They are in the pack for people to read.", found.elsewhere),
    )


def _by_month(of: Iterable[tuple[date, T]]) -> list[tuple[date, list[T]]]:
    """Return what belongs to each month, by its first day."""
    months: dict[date, list[T]] = {}
    for day, one in of:
        months.setdefault(day.replace(day=1), []).append(one)
    return sorted(months.items())


def _last_day(played: Played) -> date:
    return local_day(played.begins + timedelta(days=played.scenario.days))


def _file(part: str, month: date, n: int) -> str:
    """Return where the page of a month lies: the first month is the page that the menu leads to."""
    return f"{part}-{month:%Y-%m}.html" if n else f"{part}.html"


def _month(day: date) -> str:
    return f"{day:%B %Y}"
