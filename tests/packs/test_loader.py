"""A folder of TOML becomes one pack, or a list of everything that is wrong with it: file, key and reason."""

import shutil
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

import packs
from domain.mails import NOTICE_TEMPLATES
from domain.pack import Pack, digest
from duly.launch import command
from tests.packs.trying import PACKS, files_of

ROOT: Final = Path(__file__).parents[2]
OURS: Final = sorted(file.parent for file in (ROOT / "packs").glob("*/pack.toml"))

PACK: Final = """
[organisation]
key = "elms"
name = "The Elms"
schools = [{ key = "elm", name = "Elm School" }]

[document]
title = "Social media"

[[seats]]
key = "manager"
title = "Manager"
from_field = "manager"
stands_in = ["head"]

[[seats]]
key = "head"
title = "Head"

[calendar]
bank_holidays = "ENG"
terms = [{ name = "Autumn", first = 2026-09-02, last = 2026-12-18 }]

[[contacts]]
key = "lado"
title = "Designated officer"
phone = "01632 960101"

[[contacts]]
key = "police"
title = "Police"
phone = "999"
"""

CLAUSES: Final = """
[[clauses]]
id = "1"
where = "Clause 1"
quoted = "must be approved"
contacts = ["police"]
"""

FORM: Final = """
title = "A form"
source = "Clause 1"
site_title = "title"

[[sections]]
key = "all"
title = "All"

[[sections.fields]]
key = "title"
type = "short_text"
label = "Name"
required = true
clause = "1"

[[sections.fields]]
key = "manager"
type = "person"
label = "Manager"
required = true

[[sections.fields]]
key = "team"
type = "people"
label = "Team"
at_least = 1
at_most = 4

[[sections.fields]]
key = "age"
type = "whole_number"
label = "Age"
least = 2
most = 19

[[sections.fields]]
key = "audience"
type = "many_of"
label = "Audience"
at_least = 1

[[sections.fields.options]]
key = "pupils"
label = "Pupils"
reveals = [{ key = "live", type = "date", label = "From when" }]

[[sections.fields.options]]
key = "staff"
label = "Staff"

[[rules]]
rule = "after"
field = "live"
other = "today"
message = "Too early"
clause = "1"

[[rules]]
rule = "required_when"
field = "age"
when = { field = "audience", any_of = ["pupils"] }
message = "Enter the age"
"""

PROCESS: Final = """
story = "site_creation"
title = "Create a site"
summary = "Ask for a site."
form = "site"
may_start = ["employee"]
clause = "1"

[changes]
back_to = "manager"
ahead = "live"
answer_within = 4
remind_on = [2, 4]
clause = "1"

[[steps]]
key = "manager"
title = "Manager"
seats = ["manager"]
approves = "the site"
attestation = "I approve."
answer_within = 5
remind_on = [3, 5]
escalate_on = 7
lapse_on = 20
clause = "1"
pauses_in_holidays = true
confirmations = [{ key = "resourced", label = "There is time.", clause = "1" }]

[[steps]]
key = "second"
title = "Second"
seats = ["head"]
approves = "the site too"
attestation = "So do I."
clause = "1"

[[notices]]
on = "approved"
to = ["author", "head"]
template = "progress"

[[rules]]
rule = "before"
key = "approved-first"
first = { event = "approved", step = "manager" }
then = { event = "site_approved" }
same = "version"
clause = "1"

[[rules]]
rule = "before"
key = "confirmed-first"
first = { event = "confirmed", step = "manager", confirmation = "resourced" }
then = { event = "approved", step = "manager" }
clause = "1"
"""

REFUSED: Final = """
offered = false
title = "Take part elsewhere"
reason = "The policy does not allow it."
instead = "Speak to the head."
clause = "1"
"""

FILES: Final = {
    "pack.toml": PACK,
    "clauses.toml": CLAUSES,
    "forms/site.toml": FORM,
    "processes/site.toml": PROCESS,
    "processes/taking_part.toml": REFUSED,
}

Fault = tuple[str, str, str]
Change = tuple[str, str, str]


def a_pack(folder: Path, *changes: Change) -> Path:
    """Return a folder named `elms` with a faultless pack, in which each change puts one text in place of another."""
    files = dict(FILES)
    for file, before, after in changes:
        assert files[file].count(before) == 1, f"{before!r} is not there exactly once"
        files[file] = files[file].replace(before, after)
    for name, text in files.items():
        path = folder / "elms" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "elms"


def said(folder: Path) -> list[Fault]:
    return [(fault.file, fault.key, fault.reason) for fault in packs.check(folder)]


def test_a_faultless_folder_becomes_a_pack(tmp_path: Path) -> None:
    pack = packs.load(a_pack(tmp_path))
    assert (pack.key, pack.organisation.name) == ("elms", "The Elms")
    assert [form.key for form in pack.forms] == ["site"]
    assert [process.key for process in pack.processes] == ["site"]
    assert [one.key for one in pack.not_offered] == ["taking_part"]


P, C, F, R = "pack.toml", "clauses.toml", "forms/site.toml", "processes/site.toml"

TEAM: Final = 'key = "team"\ntype = "people"\nlabel = "Team"\nat_least = 1\nat_most = 4\n'

BROKEN: Final[list[tuple[Change, Fault]]] = [
    # What is no TOML, and keys that nothing reads.
    ((P, 'title = "Police"', "title = Police"), (P, "", "cannot be read: Invalid value (at line 31, column 9)")),
    ((P, "bank_holidays", "bank_holiday"), (P, "calendar.bank_holiday", "no such key")),
    ((P, "bank_holidays", "bank_holiday"), (P, "calendar.bank_holidays", "is missing")),
    ((P, '"ENG"', '"FRA"'), (P, "calendar.bank_holidays", "input should be 'ENG', 'WLS', 'SCT' or 'NIR'")),
    ((P, "[document]", "[forms]\na = 1\n[document]"), (P, "forms", "no such key")),
    ((C, "quoted", "quote"), (C, "clauses.1.quote", "no such key")),
    (
        (F, 'label = "From when"', 'label = "x", labl = "y"'),
        (F, "sections.all.fields.audience.options.pupils.reveals.live.labl", "no such key"),
    ),
    ((F, "most = 19", 'most = "many"'), (F, "sections.all.fields.age.most", "should be a whole number")),
    ((F, 'type = "person"', 'type = "persons"'), (F, "sections.all.fields.manager", "there is no such kind")),
    (
        (R, 'story = "site_creation"', 'story = "parties"'),
        (
            R,
            "story",
            "input should be 'site_creation', 'site_life', 'review', 'acknowledgement', 'signature', 'question',"
            " 'allegation' or 'disciplinary'",
        ),
    ),
    ((R, 'may_start = ["employee"]', "may_start = []"), (R, "may_start", "must name at least one")),
    # Seats, contacts, the calendar.
    ((P, 'title = "Head"', 'title = "Head"\nkinds = []'), (P, "seats.head.kinds", "nobody can hold this seat")),
    (
        (P, 'stands_in = ["head"]', 'stands_in = ["boss"]'),
        (P, "seats.manager.stands_in", "there is no other seat boss"),
    ),
    (
        (P, 'stands_in = ["head"]', 'stands_in = ["manager"]'),
        (P, "seats.manager.stands_in", "there is no other seat manager"),
    ),
    ((P, 'key = "head"', 'key = "manager"'), (P, "seats", "manager is there twice")),
    (
        (P, 'from_field = "manager"', 'from_field = "boss"'),
        (R, "steps.manager.seats", "nobody can hold manager: the form asks for no boss"),
    ),
    ((P, 'key = "lado"', 'key = "hr"'), (P, "contacts", "the contact lado is missing")),
    ((P, 'key = "police"', 'key = "hr"'), (P, "contacts", "the contact police is missing")),
    ((P, 'phone = "999"', ""), (P, "contacts.police", "does not say how to reach them")),
    ((P, "last = 2026-12-18", "last = 2026-08-01"), (P, "calendar.Autumn", "ends before it begins")),
    ((P, 'key = "head"', 'key = "decider"'), (P, "seats.decider", "mails call somebody else that already")),
    # Clauses.
    ((C, 'contacts = ["police"]', 'contacts = ["ceop"]'), (C, "clauses.1.contacts", "the contact ceop is missing")),
    ((C, 'id = "1"', 'id = "2"'), (R, "steps.manager.clause", "there is no clause 1")),
    ((C, 'id = "1"', 'id = "2"'), (F, "sections.all.fields.title.clause", "there is no clause 1")),
    ((C, 'id = "1"', 'id = "2"'), (F, "rules.1.clause", "there is no clause 1")),
    ((C, 'id = "1"', 'id = "2"'), ("processes/taking_part.toml", "clause", "there is no clause 1")),
    # What a school has not filled in.
    (
        (P, '"Elm School"', '"Insert school name"'),
        (P, "organisation.schools.elm.name", "“Insert school name” still has to be filled in"),
    ),
    (
        (C, "must be approved", "with the [written] approval"),
        (C, "clauses.1.quoted", "“[written]” still has to be filled in"),
    ),
    (
        (C, "must be approved", "Contact could be included here"),
        (C, "clauses.1.quoted", "“could be included here” still has to be filled in"),
    ),
    ((P, '"01632 960101"', '"TBC"'), (P, "contacts.lado.phone", "“TBC” still has to be filled in")),
    (
        (F, 'label = "Staff"', 'label = "Please insert school name staff"'),
        (F, "sections.all.fields.audience.options.staff.label", "“insert school name staff” still has to be filled in"),
    ),
    (
        (R, '"I approve."', '"I, ______, approve."'),
        (R, "steps.manager.attestation", "“______” still has to be filled in"),
    ),
    # Forms.
    ((F, 'key = "age"', 'key = "title"'), (F, "fields", "title is there twice")),
    ((F, 'key = "live"', 'key = "title"'), (F, "fields", "title is there twice")),
    ((F, 'key = "staff"', 'key = "pupils"'), (F, "fields.audience.options", "pupils is there twice")),
    ((F, 'site_title = "title"', 'site_title = "name"'), (F, "site_title", "there is no short_text field name")),
    (
        (F, "at_most = 4", "at_most = 0"),
        (F, "sections.all.fields.team.at_most", "input should be greater than or equal to 1"),
    ),
    (
        (F, "at_least = 1\nat_most = 4", "at_least = 5\nat_most = 4"),
        (F, "fields.team.at_least", "is more than at_most"),
    ),
    ((F, "least = 2\n", "least = 20\n"), (F, "fields.age.least", "is more than most")),
    (
        (F, 'label = "Audience"\nat_least = 1', 'label = "Audience"\nat_least = 3'),
        (F, "fields.audience.at_least", "is more than there are options"),
    ),
    ((F, "most = 19", "most = 19\ndefault = 1"), (F, "fields.age.default", "is out of bounds")),
    ((F, 'key = "team"', 'key = "copy"'), (F, "fields.copy", "is a word that Duly needs itself: choose another")),
    ((F, 'field = "live"', 'field = "lives"'), (F, "rules.1.field", "there is no field lives")),
    ((F, 'field = "live"', 'field = "age"'), (F, "rules.1.field", "after cannot compare age")),
    ((F, 'other = "today"', 'other = "tomorrow"'), (F, "rules.1.other", "there is no field tomorrow")),
    ((F, 'any_of = ["pupils"]', 'any_of = ["parents"]'), (F, "rules.2.when", "audience has no such answer")),
    ((F, '{ field = "audience"', '{ field = "crowd"'), (F, "rules.2.when", "crowd has no such answer")),
    # Processes.
    ((R, 'form = "site"', 'form = "sites"'), (R, "form", "there is no form sites")),
    ((R, 'seats = ["manager"]', "seats = []"), (R, "steps.manager.seats", "must name at least one")),
    ((R, 'seats = ["manager"]', 'seats = ["boss"]'), (R, "steps.manager.seats", "there is no seat boss")),
    (
        (R, 'seats = ["manager"]', 'seats = ["manager", "manager"]'),
        (R, "steps.manager.seats", "manager is there twice"),
    ),
    ((R, 'seats = ["manager"]', 'seats = ["head"]'), (R, "steps.manager.escalate_on", "nobody stands in for head")),
    ((R, "remind_on = [3, 5]", "remind_on = [5, 3]"), (R, "steps.manager.remind_on", "should rise from day to day")),
    (
        (R, "remind_on = [3, 5]", "remind_on = [3, 6]"),
        (R, "steps.manager.remind_on", "a reminder comes after the answer is due"),
    ),
    (
        (R, "remind_on = [3, 5]", "remind_on = [2, 3, 4, 5]"),
        (R, "steps.manager.remind_on", "reminds more than 3 times"),
    ),
    (
        (R, "remind_on = [2, 4]", "remind_on = [1, 2, 3, 4]"),
        (R, "changes.remind_on", "reminds more than 3 times"),
    ),
    ((R, "escalate_on = 7", "escalate_on = 4"), (R, "steps.manager.escalate_on", "comes before the answer is due")),
    ((R, "escalate_on = 7", "escalate_on = 5"), (R, "steps.manager.escalate_on", "comes no later than a reminder")),
    (
        (R, "lapse_on = 20", "lapse_on = 6"),
        (R, "steps.manager.lapse_on", "comes before the answer is due, or before the step is escalated"),
    ),
    (
        (R, "answer_within = 5", "answer_within = 500"),
        (R, "steps.manager.answer_within", "input should be less than or equal to 260"),
    ),
    (
        (R, 'key = "manager"\n', 'key = "changes"\n'),
        (R, "steps.changes", "the author is asked for changes under that name: choose another"),
    ),
    (
        (R, 'may_start = ["employee"]', 'may_start = ["employee"]\nsettles_within = 20000'),
        (R, "settles_within", "input should be less than or equal to 10080"),
    ),
    # Changes by the author.
    ((R, 'back_to = "manager"', 'back_to = "boss"'), (R, "changes.back_to", "there is no step boss")),
    ((R, 'back_to = "manager"', 'key = "edits"'), (R, "changes.key", "input should be 'changes'")),
    ((R, 'ahead = "live"', 'ahead = "lives"'), (R, "changes.ahead", "there is no date field lives")),
    ((R, 'ahead = "live"', 'ahead = "age"'), (R, "changes.ahead", "there is no date field age")),
    ((R, "remind_on = [2, 4]", "remind_on = [4, 2]"), (R, "changes.remind_on", "should rise from day to day")),
    (
        (R, "remind_on = [2, 4]", "remind_on = [2, 5]"),
        (R, "changes.remind_on", "a reminder comes after the answer is due"),
    ),
    ((R, "remind_on = [2, 4]", "escalate_on = 6"), (R, "changes.escalate_on", "nobody stands in for the author")),
    (
        (R, "remind_on = [2, 4]", "lapse_on = 3"),
        (R, "changes.lapse_on", "comes before the answer is due, or before the step is escalated"),
    ),
    (
        (R, 'back_to = "manager"', 'back_to = "second"'),
        (R, "changes.back_to", "manager would never approve the new version, which the rule approved-first wants"),
    ),
    (
        (P, 'terms = [{ name = "Autumn", first = 2026-09-02, last = 2026-12-18 }]', ""),
        (R, "steps.manager.pauses_in_holidays", "the calendar has no terms between which to pause"),
    ),
    (
        (F, 'label = "Manager"', 'label = "Manager"\nmaterial = false'),
        (F, "fields.manager.material", "has to be material: who is asked, or until when, hangs on it"),
    ),
    (
        (F, TEAM, 'key = "team"\ntype = "person"\nlabel = "Team"\ndefault = "starter"\nmaterial = false\n'),
        (F, "fields.team.material", "has to be material: who is asked, or until when, hangs on it"),
    ),
    (
        (F, 'label = "From when"', 'label = "From when", material = false'),
        (F, "fields.live.material", "has to be material: who is asked, or until when, hangs on it"),
    ),
    # Mails and rules.
    ((R, 'on = "approved"', 'on = "applauded"'), (R, "notices.1.on", "no process records applauded")),
    (
        (R, 'template = "progress"', 'template = "sign_in_code"'),
        (R, "notices.1.template", "there is no mail sign_in_code"),
    ),
    (
        (R, 'to = ["author", "head"]', 'to = ["author", "boss"]'),
        (R, "notices.1.to", "there is no seat or recipient boss"),
    ),
    ((R, 'key = "confirmed-first"', 'key = "approved-first"'), (R, "rules", "approved-first is there twice")),
    (
        (R, 'first = { event = "approved", step = "manager" }', 'first = { event = "lado_advice_recorded" }'),
        (R, "rules.approved-first.first", "no process records lado_advice_recorded"),
    ),
    (
        (R, 'first = { event = "approved", step = "manager" }', 'first = { event = "approved", step = "boss" }'),
        (R, "rules.approved-first.first", "approved never happens at a step boss"),
    ),
    (
        (R, 'then = { event = "site_approved" }', 'then = { event = "site_approved", step = "manager" }'),
        (R, "rules.approved-first.then", "site_approved never happens at a step manager"),
    ),
    (
        (R, 'then = { event = "site_approved" }', 'then = { event = "site_registered" }'),
        (R, "rules.approved-first.then", "site_registered has no version to compare"),
    ),
    (
        (R, 'confirmation = "resourced" }\nthen', 'confirmation = "rested" }\nthen'),
        (R, "rules.confirmed-first.first", "confirmed never has a confirmation rested"),
    ),
    (
        (R, 'rule = "before"\nkey = "approved-first"', 'rule = "different_people"\nkey = "approved-first"'),
        (R, "rules.approved-first.then", "site_approved has no by to compare"),
    ),
    (("processes/taking_part.toml", "reason", "because"), ("processes/taking_part.toml", "reason", "is missing")),
]


ASKED: Final = "answer_within = 5\nremind_on = [3, 5]\nescalate_on = 7\nlapse_on = 20\n"
SECONDED: Final = 'key = "head"\ntitle = "Head"\nstands_in = ["manager"]'


@pytest.mark.parametrize(
    ("says", "clocks"),
    [
        ("", ((3, 5), 7)),
        ("answer_within = 10", ((3, 5), 10)),
        ("answer_within = 4", ((3,), 7)),
        ("answer_within = 2", ((), 7)),
        ("answer_within = 8\nremind_on = [8]", ((8,), 9)),
        ("remind_on = []", ((), 7)),
        ("escalate_on = []", ((3, 5), None)),
        ("remind_on = []\nescalate_on = []", ((), None)),
        ("remind_on = [1]\nescalate_on = 6", ((1,), 6)),
        ("lapse_on = 7", ((3, 5), None)),
        ("lapse_on = 8", ((3, 5), 7)),
        ("answer_within = 260\nremind_on = [260]", ((260,), None)),
    ],
)
def test_a_step_that_is_silent_reminds_and_escalates_on_the_usual_days(
    tmp_path: Path, says: str, clocks: tuple[tuple[int, ...], int | None]
) -> None:
    process = packs.load(a_pack(tmp_path, (R, ASKED, f"{says}\n"))).process("site")
    step = process.step("manager") if process else None
    assert step is not None
    assert (step.remind_on, step.escalate_on) == clocks


def test_where_nobody_stands_in_a_silent_step_reminds_and_does_not_escalate(tmp_path: Path) -> None:
    process = packs.load(a_pack(tmp_path)).process("site")
    step = process.step("second") if process else None
    assert step is not None
    assert (step.remind_on, step.escalate_on) == ((3, 5), None)
    process = packs.load(a_pack(tmp_path, (P, 'key = "head"\ntitle = "Head"', SECONDED))).process("site")
    step = process.step("second") if process else None
    assert step is not None
    assert step.escalate_on == 7


def test_nobody_signs_in_anothers_place_however_silent_the_file_is(tmp_path: Path) -> None:
    folder = shutil.copytree(ROOT / "packs" / "cadmus", tmp_path / "cadmus")
    file = folder / "processes" / "acknowledgement.toml"
    text = file.read_text(encoding="utf-8")
    assert text.count("remind_on = [5, 9]") == 2
    file.write_text(text.replace("remind_on = [5, 9]", ""), encoding="utf-8")
    process = packs.load(folder).process("acknowledgement")
    assert process is not None
    assert [(step.remind_on, step.escalate_on) for step in process.steps] == [((3, 5), None)] * 2


@pytest.mark.parametrize("folder", OURS, ids=lambda one: one.name)
def test_no_pack_that_comes_with_duly_leaves_to_what_is_usual_when_somebody_is_asked_to_decide(folder: Path) -> None:
    files = files_of(folder.name)
    alone = {seat["key"] for seat in files["pack.toml"]["seats"] if not seat.get("stands_in")}
    for process in (text for name, text in files.items() if name.startswith("processes/")):
        for step in process.get("steps", ()):
            assert "remind_on" in step
            for_themselves = process["story"] == "acknowledgement" or set(step["seats"]) & alone
            assert for_themselves or "escalate_on" in step


@pytest.mark.parametrize(("change", "fault"), BROKEN, ids=[f"{fault[1]}: {fault[2]}"[:70] for _, fault in BROKEN])
def test_every_fault_is_named_with_its_file_and_key_and_why(tmp_path: Path, change: Change, fault: Fault) -> None:
    assert fault in said(a_pack(tmp_path, change))


def test_all_faults_are_told_at_once_across_files_and_kinds(tmp_path: Path) -> None:
    changes = (
        (P, 'key = "lado"', 'key = "hr"'),
        (C, "quoted", "quote"),
        (F, 'field = "live"', 'field = "lives"'),
        (F, 'source = "Clause 1"', 'source = "Clause 1"\ncolour = "red"'),
        (R, '"I approve."', '"[written]"'),
        (R, 'seats = ["manager"]', 'seats = ["boss"]'),
    )
    files = {(fault[0], fault[1]) for fault in said(a_pack(tmp_path, *changes))}
    assert {
        (P, "contacts"),
        (C, "clauses.1.quote"),
        (F, "rules.1.field"),
        (F, "colour"),
        (R, "steps.manager.attestation"),
        (R, "steps.manager.seats"),
    } <= files


@pytest.mark.parametrize("file", [P, C])
def test_a_folder_without_its_main_files_says_which_is_missing(tmp_path: Path, file: str) -> None:
    folder = a_pack(tmp_path)
    (folder / file).unlink()
    assert (file, "", "the file is missing") in said(folder)


def test_a_file_that_no_pack_has_is_a_fault(tmp_path: Path) -> None:
    folder = a_pack(tmp_path)
    (folder / "clause.toml").write_text("", encoding="utf-8")
    assert said(folder) == [("clause.toml", "", "a pack has no such file")]


def test_what_a_broken_file_would_have_held_is_not_missed_a_second_time(tmp_path: Path) -> None:
    folder = a_pack(tmp_path)
    (folder / F).write_text("title = ", encoding="utf-8")
    (folder / C).write_bytes(b"\xff")
    assert {(file, key) for file, key, _ in said(folder)} == {(F, ""), (C, "")}


def test_two_packs_of_one_organisation_are_refused(tmp_path: Path) -> None:
    first, second = a_pack(tmp_path / "a"), a_pack(tmp_path / "b")
    with pytest.raises(packs.PackError, match="another pack speaks for elms already"):
        packs.load_all((first, second))


@pytest.mark.parametrize("folder", OURS, ids=lambda folder: folder.name)
def test_each_pack_that_comes_with_duly_is_in_order(folder: Path) -> None:
    assert packs.check(folder) == ()


def test_all_packs_that_come_with_duly_are_found_by_their_organisation() -> None:
    assert set(packs.load_all([ROOT / "packs"])) == set(PACKS)


@pytest.mark.parametrize("folder", OURS, ids=lambda folder: folder.name)
def test_a_pack_is_the_same_pack_after_a_journey_through_json(folder: Path) -> None:
    pack = packs.load(folder)
    again = Pack.model_validate_json(pack.model_dump_json())
    assert again == pack
    assert digest(again) == digest(pack)


def test_every_mail_that_a_pack_may_hang_on_an_event_has_its_template() -> None:
    assert set(NOTICE_TEMPLATES) <= {folder.name for folder in (ROOT / "templates" / "email").iterdir()}


def test_the_command_names_every_fault_and_exits_with_one(tmp_path: Path) -> None:
    folder = a_pack(tmp_path, (P, 'key = "lado"', 'key = "hr"'), (R, 'seats = ["manager"]', 'seats = ["boss"]'))
    done = CliRunner().invoke(command(), ["packs", "check", str(folder)])
    assert done.exit_code == 1
    assert "pack.toml: contacts: the contact lado is missing" in done.output
    assert "processes/site.toml: steps.manager.seats: there is no seat boss" in done.output


@pytest.mark.meets("REV-06")
@pytest.mark.parametrize("months", [0, -12, 121])
def test_the_command_says_in_plain_words_that_a_review_has_to_come_round(tmp_path: Path, months: int) -> None:
    folder = shutil.copytree(ROOT / "packs" / "cadmus", tmp_path / "cadmus")
    file = folder / "processes" / "review.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("months = 24", f"months = {months}"), encoding="utf-8")
    done = CliRunner().invoke(command(), ["packs", "check", str(folder)])
    assert done.exit_code == 1
    wrong = f"processes/review.toml: cycle.months: a review comes round after 1 to 120 months, not after {months}"
    assert wrong in " ".join(done.output.split())
    assert "input should" not in done.output


def test_the_command_says_in_a_sentence_that_a_pack_is_in_order(tmp_path: Path) -> None:
    done = CliRunner().invoke(command(), ["packs", "check", str(a_pack(tmp_path))])
    assert done.exit_code == 0
    assert done.output.startswith("The Elms: the pack is in order")


def test_the_command_takes_a_folder_that_is_not_there_for_wrong_use(tmp_path: Path) -> None:
    assert CliRunner().invoke(command(), ["packs", "check", str(tmp_path / "nowhere")]).exit_code == 2


def test_the_schema_is_that_of_a_pack() -> None:
    done = CliRunner().invoke(command(), ["packs", "schema"])
    assert done.exit_code == 0
    assert '"title": "Pack"' in done.output
