"""The bundle of a whole case: everything is in it, it holds, and what is withheld is in no file of it."""

import io
import json
from typing import Any

import pytest
from pypdf import PdfReader

from domain.evidence import LINK, MAILS, MANIFEST, READ_ME, RECORD, RULES
from starter.evidence import unpacked, zipped
from starter.web.bundling import packed
from templates import documents
from tests.builders import MONDAY
from tests.evidence.conftest import COMMENT, PEOPLE, World

TYPED = (COMMENT, "Ottoline", "Science club page", "about the aims", "Show what our science club does.", "by hand")


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages)


async def test_the_evidence_of_an_approved_site_holds(world: World, whole: dict[str, bytes]) -> None:
    assert [one.sentence for one in world.found(whole)] == [
        "All 9 files are as the manifest lists them.",
        "The manifest is signed by the key that you were given.",
        "The chain of 12 events is whole and in its order.",
        "All 86 fields of the events are what was committed to when they were recorded.",
        "Every event keeps the order rules of the policy (2 of them).",
        "Each of 2 decisions answers an ask of its own, by somebody whom it had reached.",
        "The case is of a kind that nothing has to clear, or nothing in it says that it was cleared.",
        "2 answers and 2 versions of the form are as the events have them.",
        "The texts of 10 mails are those that were sent, less their links.",
        f"2 checkpoints, the last of {world.home.clock():%Y-%m-%d}, had seen the case as it is here, up to event 12.",
    ]
    assert world.wrong(whole) == []


async def test_the_same_evidence_made_at_the_same_time_is_the_same_file(world: World) -> None:
    gathered = await world.gathered()
    assert packed(gathered, world.keys, MONDAY) == packed(gathered, world.keys, MONDAY)


async def test_mails_are_in_it_as_they_were_sent_less_their_links(world: World, whole: dict[str, bytes]) -> None:
    shown = json.loads(whole[MAILS])
    by_subject: dict[tuple[str, str], list[str]] = {}
    for message in world.home.outbox.messages:
        body = message.get_body(("plain",))
        assert body is not None
        words = [LINK if word.startswith("http://127.0.0.1") else word for word in body.get_content().split()]
        by_subject.setdefault((str(message["To"]), str(message["Subject"])), []).append(" ".join(words))
    assert len(shown) == len(world.home.outbox.messages)
    addresses = {person.id: person.email for person in PEOPLE}
    for mail in shown:
        sent = by_subject[addresses[mail["to"]], mail["rendered"]["subject"]]
        assert " ".join(mail["rendered"]["text"].split()) in sent
        assert len(mail["message_sha256"]) == 64
    assert "127.0.0.1" not in whole[MAILS].decode()


async def test_a_person_can_read_it_and_have_it_read_to_them(whole: dict[str, bytes]) -> None:
    text = text_of(whole[RECORD])
    for said in (
        "Science club page",
        "Bartholomew Quill approved as Line manager",
        COMMENT,
        "H. Oxenbury by hand",
        "Checkpoints",
    ):
        assert said in text
    root: Any = PdfReader(io.BytesIO(whole[RECORD])).root_object
    assert (root["/MarkInfo"]["/Marked"], root["/Lang"]) == (True, "en-GB")
    assert "duly verify" in whole[READ_ME].decode()


async def test_the_rules_are_in_it_with_their_clauses(whole: dict[str, bytes]) -> None:
    (in_force,) = json.loads(whole[RULES])
    assert [rule["key"] for rule in in_force["rules"]] == ["manager_first", "two_people"]
    assert in_force["clauses"]["c16-2"]["where"] == "Elmbrook 16.2"


async def test_where_names_are_withheld_it_holds_and_no_name_nor_anything_typed_is_in_any_file(world: World) -> None:
    files = await world.bundle("names")
    assert world.wrong(files) == []
    assert any("22 are withheld by the rule “names”" in one.sentence for one in world.found(files))
    told = b"\n".join(data for name, data in sorted(files.items()) if name != RECORD).decode() + text_of(files[RECORD])
    hidden = {*TYPED, *(part for person in PEOPLE for part in (person.id, person.email, *person.name.split()))}
    assert {one for one in hidden if one.casefold() in told.casefold()} == set()


async def test_without_the_part_that_makes_pdfs_there_is_none_and_the_manifest_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "can_print", lambda: False)
    files = await world.bundle()
    assert RECORD not in files
    assert list(json.loads(files[MANIFEST])["left_out"]) == [RECORD]
    assert "record.pdf was left out: Duly was installed without" in world.found(files)[0].sentence
    assert world.wrong(files) == []


async def test_what_is_packed_anew_is_the_same_evidence(world: World, whole: dict[str, bytes]) -> None:
    assert unpacked(zipped(whole)) == whole
    assert world.wrong(dict(reversed(whole.items()))) == []
