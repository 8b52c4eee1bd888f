"""What a pack cites, counts: take the cited part away, and somebody sees a difference.

For every cited place there is a witness. For a question, an answer that is missing and is no longer missed; for an
option, a choice that can no longer be made; for a rule, answers that it stops and that then pass; for a step, a seat
that is no longer asked; for a confirmation, an approval that no longer needs it; for changes, that the author can no
longer be asked for them; for a mail, that it is no longer sent; for an order rule, a history that it refuses and that
then passes; for a process, that it can no longer be started.
"""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from domain.calendar import morning_of
from domain.cases import Act, Batch, Opening, Published
from domain.events import AnyEvent, AskOpened, Verdict
from domain.fields import ManyOf, OnePerson, People, Question, Raw, WholeNumber
from domain.forms import (
    After,
    Among,
    AnyRule,
    AtLeast,
    Checked,
    Differs,
    EnoughPeople,
    Fault,
    Form,
    NotAfter,
    NotTheSamePerson,
    RequiredWhen,
    Within,
    check,
)
from domain.order import first_violation, matches
from domain.pack import Before, DifferentPeople, OrderRule, Pack, Process
from tests.coverage_page import Cited, cited_by_packs
from tests.packs.trying import (
    AUTHORISED,
    OFFERING,
    TODAY,
    UNAUTHORISED,
    MailSeen,
    all_approve,
    an_answer,
    an_opening,
    as_seen,
    facts_of,
    files_of,
    form_of,
    history,
    played,
    process_of,
    sample,
    whole_form,
    whole_pack,
    without,
)
from workflows import explorer
from workflows.explorer import MemoryHost, TimePasses

CONFIDENTIAL: Final = ("processes/allegation.toml", "processes/disciplinary.toml")
"""What these cite has its witnesses in tests/packs/test_confidential_citations.py."""

ROUNDS: Final = (
    "processes/site_life.toml",
    "processes/review.toml",
    "processes/acknowledgement.toml",
    "processes/self_review.toml",
)
"""What these cite has its witnesses in tests/packs/test_round_citations.py."""

QUESTIONS: Final = ("processes/another_format.toml", "processes/guidance.toml")
"""What these cite has its witnesses in tests/packs/test_questions.py."""

CITED: Final = tuple(cited for cited in cited_by_packs() if cited.file not in (*CONFIDENTIAL, *ROUNDS, *QUESTIONS))


def kind_of(cited: Cited) -> str:
    """Return which list of a pack's file `cited` is in, such as `fields` or `steps`; a whole file is `file`."""
    lists = [step for step in cited.way if isinstance(step, str)]
    return f"{cited.file.split('/')[0]}: {lists[-1]}" if lists else "file"


def of_kind(*kinds: str) -> list[Any]:
    """Return the cited places of these kinds as parameters."""
    return [pytest.param(cited, id=f"{cited.pack} {cited.name}") for cited in CITED if kind_of(cited) in kinds]


def found(cited: Cited) -> Any:
    """Return what is cited, as its file has it."""
    text = files_of(cited.pack)[cited.file]
    for step in cited.way:
        text = text[step]
    return text


def lessened(cited: Cited) -> Pack:
    """Return the pack without what is cited."""
    return without(cited.pack, cited.file, cited.way)


def told(form: Form, raw: dict[str, Raw], pack: str) -> Checked:
    """Return the check of those answers in `raw` that `form` asks for."""
    asked = {question.key for question in form.questions()}
    return check(form, {key: text for key, text in raw.items() if key in asked}, facts_of(pack))


def test_every_cited_place_has_a_witness_here() -> None:
    assert {kind_of(cited) for cited in CITED} == {
        "file",
        "forms: fields",
        "forms: reveals",
        "forms: options",
        "forms: rules",
        "processes: steps",
        "processes: confirmations",
        "processes: notices",
        "processes: rules",
        "processes: changes",
    }


@pytest.mark.parametrize("pack", OFFERING)
def test_the_demo_s_answers_and_the_whole_form_have_no_fault(pack: str) -> None:
    form = form_of(whole_pack(pack))
    assert told(form, sample(pack), pack).faults == ()
    everything = told(form, whole_form(pack), pack)
    assert everything.faults == ()
    assert set(everything.answers) == {question.key for question in form.questions()}


# Forms.


@pytest.mark.parametrize("cited", of_kind("forms: fields", "forms: reveals"))
def test_a_cited_question_is_missed_only_while_it_is_asked(cited: Cited) -> None:
    key = found(cited)["key"]
    raw = {name: text for name, text in whole_form(cited.pack).items() if name != key}
    assert [fault.field for fault in told(form_of(whole_pack(cited.pack)), raw, cited.pack).faults] == [key]
    assert told(form_of(lessened(cited)), raw, cited.pack).faults == ()


def weaker(question: Question, pack: str) -> list[tuple[dict[str, Any], Raw]]:
    """Return each bound of `question` done away with, and an answer that only the bound refuses."""
    match question:
        case People():
            two = AUTHORISED[pack]
            bounds: list[tuple[dict[str, Any], Raw]] = [({"at_least": 1}, two[:1])] if question.at_least > 1 else []
            return [*bounds, *([({"authorised": False}, (*two, UNAUTHORISED[pack]))] if question.authorised else [])]
        case OnePerson(authorised=True):
            return [({"authorised": False}, UNAUTHORISED[pack])]
        case WholeNumber():
            return [({"most": question.most + 1}, str(question.most + 1))]
        case ManyOf() if question.at_least > 1:
            return [({"at_least": 1}, (question.options[0].key,))]
        case _:
            return []


@pytest.mark.parametrize("cited", of_kind("forms: fields", "forms: reveals"))
def test_a_bound_of_a_cited_question_refuses_what_passes_without_it(cited: Cited) -> None:
    question = form_of(whole_pack(cited.pack)).question(found(cited)["key"])
    assert question is not None
    for change, answer in weaker(question, cited.pack):
        loose = question.model_copy(update=change)
        with pytest.raises(ValueError, match=r"."):
            question.read(answer, facts_of(cited.pack))
        assert loose.read(answer, facts_of(cited.pack)) is not None


@pytest.mark.parametrize("cited", of_kind("forms: options"))
def test_a_cited_option_can_be_chosen_only_while_it_is_there(cited: Cited) -> None:
    option = found(cited)["key"]
    asked: Any = files_of(cited.pack)[cited.file]
    for step in cited.way[:-2]:
        asked = asked[step]
    chosen: Raw = option if asked["type"] == "one_of" else tuple(one["key"] for one in asked["options"])
    raw = {**whole_form(cited.pack), asked["key"]: chosen}
    assert told(form_of(whole_pack(cited.pack)), raw, cited.pack).faults == ()
    faults = {fault.field for fault in told(form_of(lessened(cited)), raw, cited.pack).faults}
    assert asked["key"] in faults


def spoilt(rule: AnyRule, form: Form, raw: dict[str, Raw]) -> dict[str, Raw]:
    """Return `raw` with one answer changed so that `rule`, and where it can be no other rule, is broken."""
    match rule:
        case After():
            return {**raw, rule.field: raw[rule.other] if rule.other in raw else TODAY.isoformat()}
        case NotAfter():
            return {**raw, rule.field: (TODAY + timedelta(days=1)).isoformat()}
        case Within():
            return {**raw, rule.field: (TODAY + timedelta(days=31 * (rule.months + 3))).isoformat()}
        case RequiredWhen():
            return _only_when(rule, form, raw)
        case NotTheSamePerson():
            return {**raw, rule.field: raw[rule.other]}
        case EnoughPeople():
            return {**raw, rule.field: raw[rule.other]}
        case AtLeast():
            return {**raw, rule.other: str(int(str(raw[rule.field])) + 1)}
        case Among():
            return {**raw, rule.other: tuple(key for key in raw[rule.other] if key != "public")}
        case Differs():
            return {**raw, rule.field: "", rule.other: "Grace Okafor"}


def _only_when(rule: RequiredWhen, form: Form, raw: dict[str, Raw]) -> dict[str, Raw]:
    """Return `raw` without the answer to the rule's question, which then nothing but this rule asks for."""
    others = [one for one in form.rules if isinstance(one, RequiredWhen) and one.field == rule.field and one != rule]
    changed = {**raw, rule.field: ""}
    for one in others:
        answer = raw[one.when.field]
        left = tuple(key for key in answer if key not in one.when.any_of) if isinstance(answer, tuple) else "no"
        changed[one.when.field] = left
    answer = changed[rule.when.field]
    first = rule.when.any_of[0]
    return {**changed, rule.when.field: (*answer, first) if isinstance(answer, tuple) else first}


@pytest.mark.parametrize("cited", of_kind("forms: rules"))
def test_a_cited_rule_stops_or_shows_what_passes_without_it(cited: Cited) -> None:
    form = form_of(whole_pack(cited.pack))
    place = cited.way[-1]
    assert isinstance(place, int)
    rule = form.rules[place]
    raw = spoilt(rule, form, whole_form(cited.pack))
    before, after = told(form, raw, cited.pack), told(form_of(lessened(cited)), raw, cited.pack)
    shown = {"fault": before.faults, "warning": before.warnings, "override": before.overrides}[rule.weight]
    shown_after = {"fault": after.faults, "warning": after.warnings, "override": after.overrides}[rule.weight]
    assert (rule.field, rule.message) in {(one.field, one.message) for one in shown}
    assert (rule.field, rule.message) not in {(one.field, one.message) for one in shown_after}
    assert after.faults == ()


# Processes.


@pytest.mark.parametrize("cited", of_kind("processes: steps"))
def test_a_cited_step_asks_a_seat_that_is_not_asked_without_it(cited: Cited) -> None:
    def asked(pack: Pack) -> list[str]:
        opening = an_opening(pack)
        return [event.seat for event in history(played(opening, *all_approve(opening))) if isinstance(event, AskOpened)]

    seats = set(found(cited)["seats"])
    assert seats <= set(asked(whole_pack(cited.pack)))
    assert not seats & set(asked(lessened(cited)))


@pytest.mark.parametrize("cited", of_kind("processes: confirmations"))
def test_an_approval_needs_a_cited_confirmation_only_while_it_is_there(cited: Cited) -> None:
    step_place = cited.way[1]
    assert isinstance(step_place, int)

    def reply(pack: Pack) -> str:
        opening = an_opening(pack)
        moves = all_approve(opening)[:step_place]
        ticked = {one.key for step in opening.process.steps for one in step.confirmations} - {found(cited)["key"]}
        answer = an_answer(opening, played(opening, *moves), confirmations=tuple(ticked))
        return played(opening, *moves, answer).replies[-1].says

    assert reply(whole_pack(cited.pack)) == "incomplete"
    assert reply(lessened(cited)) == "done"


@pytest.mark.parametrize("cited", of_kind("processes: notices"))
def test_a_cited_mail_goes_out_only_while_it_is_there(cited: Cited, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[MailSeen] = set()

    class Watched(MemoryHost):
        async def publish(self, batch: Batch) -> Published:
            seen.update(as_seen(order) for order in batch.mails)
            return await super().publish(batch)

    monkeypatch.setattr(explorer, "MemoryHost", Watched)

    def sent(pack: Pack) -> set[MailSeen]:
        seen.clear()
        opening = an_opening(pack)
        begun = played(opening)
        withdrawal = Act(kind="withdraw", person=opening.request.author, how="session")
        for moves in (all_approve(opening), (an_answer(opening, begun, Verdict.REJECT),), (withdrawal,)):
            played(opening, *moves)
        return set(seen)

    mail = found(cited)
    assert sent(whole_pack(cited.pack)) - sent(lessened(cited)) == {(mail["template"], tuple(mail["to"]), None)}


def broken(rule: OrderRule, process: Process, pack: str) -> list[AnyEvent]:
    """Return the history in which everybody approved, changed so that nothing but `rule` is broken."""
    opening = an_opening(whole_pack(pack))
    events = history(played(opening, *all_approve(opening)))
    assert first_violation(process.rules, events) is None
    if isinstance(rule, Before):
        return [event for event in events if not matches(rule.first, event)]
    assert isinstance(rule, DifferentPeople)
    who = next(event for event in events if matches(rule.first, event)).model_dump()["by"]
    return [event.model_copy(update={"by": who}) if matches(rule.then, event) else event for event in events]


@pytest.mark.parametrize(
    ("pack", "rule"), [(pack, rule) for pack in OFFERING for rule in process_of(whole_pack(pack)).rules]
)
def test_an_order_rule_refuses_a_history_that_passes_without_it(pack: str, rule: OrderRule) -> None:
    process = process_of(whole_pack(pack))
    events = broken(rule, process, pack)
    violation = first_violation(process.rules, events)
    assert violation is not None
    assert violation[1] == rule
    assert first_violation([other for other in process.rules if other != rule], events) is None


def test_every_cited_order_rule_is_among_those_just_tried() -> None:
    tried = {(pack, rule.key) for pack in OFFERING for rule in process_of(whole_pack(pack)).rules}
    assert {(cited.pack, found(cited)["key"]) for cited in CITED if kind_of(cited) == "processes: rules"} <= tried


@pytest.mark.parametrize("cited", of_kind("processes: changes"))
def test_the_author_is_asked_for_cited_changes_only_while_they_are_there(cited: Cited) -> None:
    def asked_for_changes(pack: Pack, spoil: Callable[[Opening], Act | TimePasses]) -> bool:
        opening = an_opening(pack)
        left = played(opening, spoil(opening)).standing.asks
        return {ask.step for ask in left} == {"changes"}

    def gone_away(opening: Opening) -> Act:
        return an_answer(opening, played(opening), unfit=(Fault(field="administrators", message="Somebody left"),))

    def the_day_comes(opening: Opening) -> TimePasses:
        day = date.fromisoformat(str(opening.request.answers["go_live_date"]))
        return TimePasses(until=morning_of(day))

    for spoil in (gone_away, the_day_comes):
        assert asked_for_changes(whole_pack(cited.pack), spoil)
        assert not asked_for_changes(lessened(cited), spoil)


@pytest.mark.parametrize("cited", of_kind("file"))
def test_a_cited_process_is_started_or_refused_with_its_reason_only_while_it_is_there(cited: Cited) -> None:
    def told_at_the_start(pack: Pack) -> set[str]:
        return {one.key for one in pack.processes} | {one.key for one in pack.not_offered}

    gone = told_at_the_start(whole_pack(cited.pack)) - told_at_the_start(lessened(cited))
    assert gone >= {Path(cited.file).stem}
