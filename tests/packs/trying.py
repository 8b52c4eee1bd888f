"""Trying out the packs that come with Duly: their files, their invented people, a whole form, and cases played."""

import copy
import itertools
import tomllib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import packs
from domain.calendar import local_day
from domain.cases import Act, MailOrder, Opening, Request
from domain.events import AnyEvent, Verdict
from domain.fields import FormFacts, Raw
from domain.forms import Form, check
from domain.pack import Pack, Process
from domain.people import Directory
from domain.people_import import read_people
from workflows.explorer import Move, Played, play
from workflows.site_creation import SiteCreation

ROOT: Final = Path(__file__).parents[2] / "packs"
OFFERING: Final = ("cadmus", "mtoat", "newall-green")
"""The packs in which a site can be asked for."""

PACKS: Final = (*OFFERING, "redhill", "societas")
"""All packs that come with Duly."""

BEGINS: Final = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
TODAY: Final = local_day(BEGINS)

WHOLE: Final[dict[str, dict[str, Raw]]] = {
    "cadmus": {
        "line_manager_reason": "He is away this term.",
        "audience": ("pupils", "staff", "family", "other_pupils", "external", "public", "others"),
        "audience_schools": "Birchfield School",
        "audience_others": "The village museum",
        "contributors": ("pupils", "staff", "family", "other_pupils", "external", "public", "others"),
        "contributors_age_from": "10",
        "contributors_age_to": "11",
        "contributors_schools": "Birchfield School",
        "contributors_others": "The village museum",
        "contributing": ("text", "comments", "images", "others"),
        "contributing_others": "Answer a poll.",
        "learning_disabilities": "yes",
        "vetter": "Grace Okafor",
        "advertising": "None",
        "consent": "A letter to every family, and a talk with each adult who supports somebody.",
        "host": "third_party",
        "host_name": "Padlet",
        "host_minimum_age": "0",
        "intervention": "We take the post down and tell the safeguarding lead.",
    },
    "mtoat": {"kind": "other", "platform": "Mastodon"},
    "newall-green": {"for_whom": ("pupils", "parents", "staff", "others"), "for_whom_others": "The church"},
}
"""What to answer besides the demo's own answers so that every question is asked and answered."""

AUTHORISED: Final = {"cadmus": ("Grace Okafor", "Sophie Lane"), "mtoat": ("Gwen Tudor", "Edith Marsh")}
"""Two people of a pack who may run a site."""

UNAUTHORISED: Final = {"cadmus": "Wendy Archer", "mtoat": "Joy Abbott"}
"""A volunteer of a pack whom nobody authorised to run one."""


@cache
def files_of(pack: str) -> dict[str, Any]:
    """Return the TOML of every file of `pack`, with the texts of its documents."""
    folder = ROOT / pack
    kinds = ("forms", "processes", "documents")
    parts = [f"{kind}/{file.name}" for kind in kinds for file in sorted((folder / kind).glob("*.toml"))]
    names = ["pack.toml", "clauses.toml", *parts]
    files = {name: tomllib.loads((folder / name).read_text(encoding="utf-8")) for name in names}
    for text in (folder / "documents").glob("*.txt"):
        document = files["pack.toml"]["document"] if text.stem == "policy" else files[f"documents/{text.stem}.toml"]
        document["text"] = text.read_text(encoding="utf-8")
    return files


def pack_of(files: dict[str, Any], pack: str) -> Pack:
    """Return the pack that `files` make, which may be less than whole."""
    named = {name: {"key": Path(name).stem, **text} for name, text in files.items()}
    processes = [text for name, text in named.items() if name.startswith("processes/")]
    refused = [text for text in processes if "offered" in text]
    return Pack.model_validate(
        {
            **files["pack.toml"],
            **files["clauses.toml"],
            "key": pack,
            "documents": [text for name, text in named.items() if name.startswith("documents/")],
            "forms": [text for name, text in named.items() if name.startswith("forms/")],
            "processes": [text for text in processes if text not in refused],
            "not_offered": [{key: text[key] for key in text if key != "offered"} for text in refused],
        }
    )


def without(pack: str, file: str, way: tuple[str | int, ...]) -> Pack:
    """Return `pack` without what `way` leads to in `file`, and without the rules that speak of it."""
    files = copy.deepcopy(files_of(pack))
    if not way:
        del files[file]
        return pack_of(files, pack)
    *road, last = way
    holder = files[file]
    for step in road:
        holder = holder[step]
    gone = holder.pop(last)
    if "key" in gone and road and road[-1] in {"fields", "reveals", "steps", "confirmations"}:
        files[file]["rules"] = [rule for rule in files[file].get("rules", ()) if gone["key"] not in _spoken_of(rule)]
    return pack_of(files, pack)


def _spoken_of(rule: dict[str, Any]) -> set[Any]:
    parts = [rule, *(rule.get(part, {}) for part in ("when", "first", "then"))]
    return {part.get(name) for part in parts for name in ("field", "other", "step", "confirmation")}


@cache
def whole_pack(pack: str) -> Pack:
    """Return the pack as it is."""
    return packs.load(ROOT / pack)


@cache
def facts_of(pack: str) -> FormFacts:
    """Return what a form of `pack` is checked against: the demo's invented people."""
    counted = itertools.count(1)
    content = (ROOT / pack / "demo" / "people.csv").read_bytes()
    read = read_people(content, whole_pack(pack), Directory(people=()), frozenset(), lambda: f"p{next(counted)}")
    school = whole_pack(pack).organisation.schools[0].key
    return FormFacts(directory=Directory(people=read.new), today=TODAY, school=school)


def form_of(pack: Pack) -> Form:
    """Return the form with which a site is asked for."""
    form = pack.form("site_creation")
    assert form is not None
    return form


def process_of(pack: Pack) -> Process:
    """Return the process in which a site is asked for."""
    process = pack.process("site_creation")
    assert process is not None
    return process


def sample(pack: str) -> dict[str, Raw]:
    """Return the answers that the demo fills in."""
    return packs.sample_answers([ROOT], pack, form_of(whole_pack(pack)), TODAY)


def whole_form(pack: str) -> dict[str, Raw]:
    """Return answers to every question there is."""
    return {**sample(pack), **WHOLE[pack]}


def an_opening(pack: Pack, answers: dict[str, Raw] | None = None) -> Opening:
    """Return what a case of `pack` begins with, for the demo's answers or for `answers`."""
    facts = facts_of(pack.key)
    checked = check(form_of(whole_pack(pack.key)), answers or sample(pack.key), facts)
    assert checked.faults == ()
    author = str(checked.answers["author"])
    return Opening(
        case="c-1",
        reference="K7QM-4TXR",
        organisation=pack.organisation.key,
        school=facts.school,
        pack_digest="0" * 64,
        process=process_of(pack),
        seats=pack.seats,
        calendar=packs.expand(pack.calendar, TODAY.year),
        request=Request(title=str(checked.answers["title"]), starter=author, author=author, answers=checked.answers),
        immaterial=tuple(question.key for question in form_of(pack).questions() if not question.material),
    )


def played(opening: Opening, *moves: Move) -> Played:
    """Return what comes of `moves`."""
    directory = facts_of(opening.organisation).directory
    return play(SiteCreation(), opening, directory, BEGINS, moves)


def an_answer(opening: Opening, so_far: Played, verdict: Verdict = Verdict.APPROVE, **more: Any) -> Act:
    """Return a complete answer of the first person who is asked now."""
    ask = so_far.standing.asks[0]
    step = opening.process.step(ask.step)
    assert step is not None
    return Act.model_validate(
        {
            "kind": "answer",
            "person": so_far.asked[ask.ask][0].person,
            "how": "link",
            "ask": ask.ask,
            "version": 1,
            "verdict": verdict,
            "signature": "A name",
            "confirmations": tuple(one.key for one in step.confirmations),
            "comment": "Because.",
            "opened_at": BEGINS,
            **more,
        }
    )


def all_approve(opening: Opening) -> tuple[Act, ...]:
    """Return the answers with which everybody who is asked approves."""
    moves: tuple[Act, ...] = ()
    while (so_far := played(opening, *moves)).standing.asks:
        moves = (*moves, an_answer(opening, so_far))
    return moves


def history(so_far: Played) -> list[AnyEvent]:
    """Return the events, without their numbers and times."""
    return [recorded.event for recorded in so_far.events]


MailSeen = tuple[str, tuple[str, ...], str | None]


def as_seen(order: MailOrder) -> MailSeen:
    """Return a mail as somebody tells it from others: its template, its recipients, and the ask it is about."""
    return order.template, order.to, order.ask
