"""The answers that a pack keeps in clear so that cases are found by them: few, and never a confidential one."""

import shutil
from pathlib import Path

import pytest

import packs
from domain.found_words import found_words
from tests.packs.trying import OFFERING, PACKS, whole_pack

ROOT = Path(__file__).parents[2] / "packs"


def faults(folder: Path, file: str, line: str) -> list[str]:
    """Return what is wrong with Cadmus once `line` stands at the head of one of its processes."""
    pack = folder / "cadmus"
    shutil.copytree(ROOT / "cadmus", pack)
    process = pack / "processes" / file
    text = "\n".join(one for one in process.read_text("utf-8").splitlines() if not one.startswith("found_by"))
    process.write_text(f"{line}\n{text}", "utf-8")
    return [str(fault) for fault in packs.check(pack)]


@pytest.mark.parametrize("file", ["allegation.toml", "disciplinary.toml"])
def test_nothing_of_a_confidential_case_is_kept_in_clear_whatever_a_pack_says(tmp_path: Path, file: str) -> None:
    [said] = faults(tmp_path, file, 'found_by = ["title"]')
    assert "found_by" in said
    assert "nothing of a confidential case is kept in clear: leave it out" in said


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ("no_such_field", "there is no field no_such_field"),
        ("aims", "aims asks for no line of text and no choice"),
        ("administrators", "administrators asks for no line of text and no choice"),
        ("line_manager", "line_manager asks for no line of text and no choice"),
    ],
)
def test_only_a_line_of_text_or_a_choice_can_be_named(tmp_path: Path, field: str, why: str) -> None:
    [said] = faults(tmp_path, "site_creation.toml", f'found_by = ["{field}"]')
    assert why in said


@pytest.mark.parametrize("pack", PACKS)
def test_only_what_says_where_or_what_a_site_is_is_kept_in_clear(pack: str) -> None:
    named = {key for process in whole_pack(pack).processes for key in process.found_by}
    assert named <= {"host_name", "kind", "platform"}
    assert bool(named) is (pack in OFFERING)


def test_what_was_chosen_is_found_by_the_words_of_the_form_and_a_site_by_its_address_too() -> None:
    pack = whole_pack("mtoat")
    process = pack.process("site_life")
    assert process is not None
    form = pack.form(process.form)
    answers = {"kind": "other", "platform": "Mastodon", "title": "Book club"}
    assert found_words(process, form, answers) == "A site on another platform, Mastodon"
    assert found_words(process, form, {"kind": "facebook"}, "https://example.org/books") == (
        "A Facebook page, https://example.org/books"
    )


def test_a_confidential_process_is_found_by_nothing_even_if_it_says_so() -> None:
    process = whole_pack("cadmus").process("allegation")
    assert process is not None
    said = process.model_copy(update={"found_by": ("what",)})
    assert found_words(said, None, {"what": "Something"}, "https://example.org") == ""
