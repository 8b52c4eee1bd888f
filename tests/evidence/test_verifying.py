"""What was done to the evidence of a case is found, each in a sentence of its own."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from domain.chain import canonical, commitment
from domain.evidence import ATTESTATIONS, CHECKPOINTS, EVENTS, FORMS, MAILS, MANIFEST, RULES, SIGNATURE
from domain.verifying import findings
from store.signing import is_signed
from tests.evidence.conftest import HILDE, QUILL, World, chained_anew, events_of, signed_anew

Files = dict[str, bytes]
Events = list[dict[str, Any]]
_AT_A_TIME = 20


def with_events(files: Files, events: Events) -> Files:
    """Return `files` with other events, and with a manifest that names their end."""
    head = {"n": events[-1]["n"], "hash": events[-1]["hash"]}
    manifest = json.loads(files[MANIFEST]) | {"head": head}
    return files | {EVENTS: canonical(events).encode(), MANIFEST: canonical(manifest).encode()}


def saying(event: dict[str, Any], **values: Any) -> dict[str, Any]:
    """Return `event` as if it had said something else, with commitments that fit."""
    fields = {**event["fields"], **{name: {"salt": "ab" * 16, "value": value} for name, value in values.items()}}
    commitments = {name: commitment(one["salt"], one["value"]) for name, one in fields.items()}
    return event | {"fields": fields, "entry": canonical(json.loads(event["entry"]) | {"commitments": commitments})}


def of_kind(events: Events, kind: str) -> int:
    return next(place for place, event in enumerate(events) if event["fields"]["kind"]["value"] == kind)


async def test_every_file_is_missed_and_every_byte_of_every_file_counts(world: World, whole: Files) -> None:
    for name, data in whole.items():
        assert world.wrong({other: whole[other] for other in whole if other != name}), name
        step = max(len(data) // _AT_A_TIME, 1)
        for place in range(0, len(data), step):
            changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
            assert world.wrong(whole | {name: changed}), (name, place)


@given(data=st.data())
def test_no_byte_that_anybody_writes_elsewhere_is_taken(data: st.DataObject, world: World, whole: Files) -> None:
    name = data.draw(st.sampled_from(sorted(whole)))
    place = data.draw(st.integers(0, len(whole[name]) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[name][place]))
    changed = whole[name][:place] + bytes([byte]) + whole[name][place + 1 :]
    assert world.wrong(whole | {name: changed})


async def test_a_file_that_was_added_is_named(world: World, whole: Files) -> None:
    assert world.wrong(whole | {"note.txt": b"x"}) == ["note.txt was added: the manifest does not list it."]


async def test_who_signed_is_asked_for_by_the_fingerprint(world: World, whole: Files) -> None:
    other = hashlib.sha256(b"another").hexdigest()
    (wrong,) = [one.sentence for one in findings(whole, is_signed, other) if not one.holds]
    assert wrong == (f"It was signed by another key, {world.fingerprint}, and not by the one that you were given.")
    (unknown,) = [one.sentence for one in findings(whole, is_signed, None) if not one.holds]
    assert unknown.startswith(f"Intact, signer not checked: it was signed by the key {world.fingerprint}")


async def test_what_is_signed_with_another_key_is_refused(world: World, whole: Files) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw().hex()
    forged = signed_anew(whole, lambda data: key.sign(data).hex(), key=public, former_keys=[world.keys.public])
    assert [one.split(",")[0] for one in world.wrong(forged)] == ["It was signed by another key"]


def dropped(events: Events) -> Events:
    return events[:3] + events[4:]


def moved(events: Events) -> Events:
    return [*events[:3], events[4], events[3], *events[5:]]


def changed(events: Events) -> Events:
    return [*events[:3], events[3] | {"entry": events[3]["entry"].replace("T", "U", 1)}, *events[4:]]


@pytest.mark.parametrize("crime", [dropped, moved, changed])
async def test_an_event_that_is_missing_moved_or_changed_breaks_the_chain(
    world: World, whole: Files, crime: Callable[[Events], Events]
) -> None:
    wrong = world.wrong(with_events(whole, crime(events_of(whole))))
    assert "Event 4 is missing, was moved or was changed: the chain of hashes breaks there." in wrong


async def test_a_chain_that_ends_early_is_found_by_its_end_and_by_a_checkpoint(world: World, whole: Files) -> None:
    short = whole | {EVENTS: canonical(events_of(whole)[:-1]).encode()}
    assert "The chain does not end in the event 12 that the manifest names." in world.wrong(short)
    resigned = signed_anew(with_events(whole, events_of(whole)[:-1]), world.keys.sign)
    (wrong,) = world.wrong(resigned)
    assert "knew 12 events of the case, and only 11 are here: some were removed." in wrong


async def test_a_field_that_says_something_else_than_was_committed_to_is_named(world: World, whole: Files) -> None:
    events = events_of(whole)
    place = of_kind(events, "approved")
    events[place]["fields"]["by"]["value"] = HILDE
    wrong = world.wrong(signed_anew(with_events(whole, events), world.keys.sign))
    assert f"What event {place + 1} says in the field by is not what it committed to." in wrong
    events = events_of(whole)
    del events[place]["fields"]["comment"]
    wrong = world.wrong(signed_anew(with_events(whole, events), world.keys.sign))
    assert f"Event {place + 1} committed to other fields than those that are here." in wrong


async def test_what_is_withheld_by_a_rule_that_the_manifest_does_not_name_is_found(world: World, whole: Files) -> None:
    events = events_of(whole)
    events[0]["fields"]["by"] = {"withheld": "names", "instead": "person-1"}
    (wrong, *_) = world.wrong(signed_anew(with_events(whole, events), world.keys.sign))
    assert wrong == "Something is withheld by the rule “names”, which the manifest does not name."


async def test_a_broken_order_rule_is_found_in_a_chain_that_was_made_anew(world: World, whole: Files) -> None:
    events = events_of(whole)
    first = of_kind(events, "approved")
    forged = chained_anew([*events[:first], *events[first + 1 :]])
    wrong = world.wrong(with_events(whole, forged))
    late = of_kind(forged, "approved") + 1
    assert f"Event {late}, approved, breaks the rule manager_first (Elmbrook 16.2)." in wrong
    assert "The signature does not fit the manifest: somebody changed it after it was signed." in wrong
    assert any("the case was written anew" in one or "some were removed" in one for one in wrong)


async def test_a_second_decision_for_an_ask_and_one_of_somebody_who_was_not_asked_are_found(
    world: World, whole: Files
) -> None:
    events = events_of(whole)
    place = of_kind(events, "approved")
    ask = events[place]["fields"]["ask"]["value"]
    twice = chained_anew([*events[: place + 1], saying(events[place], comment="Again."), *events[place + 1 :]])
    wrong = world.wrong(with_events(whole, twice))
    assert f"Event {place + 2} decides the ask {ask}, which event {place + 1} had decided." in wrong
    other = chained_anew([*events[:place], saying(events[place], by=HILDE), *events[place + 1 :]])
    wrong = world.wrong(with_events(whole, other))
    assert f"Event {place + 1} decides the ask {ask} for somebody whom it did not reach." in wrong
    assert any("breaks the rule two_people" in one for one in wrong)
    unasked = chained_anew([*events[:place], saying(events[place], ask="a9"), *events[place + 1 :]])
    assert f"Event {place + 1} decides the ask a9, which was never opened." in world.wrong(with_events(whole, unasked))


CHECKPOINTS_CRIMES: dict[str, tuple[Callable[[dict[str, Any]], dict[str, Any]], str]] = {
    "truncated": (lambda one: one | {"text": one["text"][:-20]}, "A checkpoint is not whole: its text was cut"),
    "of another day": (
        lambda one: one | {"text": one["text"].replace("at 20", "at 19")},
        "was changed: its signature does not fit.",
    ),
    "of another head": (lambda one: one | {"head": "0" * 64}, "does not prove what is said of it here"),
    "of fewer events": (lambda one: one | {"count": one["count"] - 1}, "does not prove what is said of it here"),
    "of another leaf": (lambda one: one | {"index": one["index"] ^ 1}, "does not prove what is said of it here"),
    "without its way": (lambda one: one | {"beside": []}, "does not prove what is said of it here"),
    "of a stranger": (
        lambda one: one | {"text": one["text"].replace("key ", "key 0000", 1)[:-5] + "0\n"},
        "A checkpoint is not whole: its text was cut",
    ),
}


@pytest.mark.parametrize(("crime", "sentence"), CHECKPOINTS_CRIMES.values(), ids=CHECKPOINTS_CRIMES.keys())
async def test_a_checkpoint_that_is_not_whole_or_proves_nothing_is_found(
    world: World, whole: Files, crime: Callable[[dict[str, Any]], dict[str, Any]], sentence: str
) -> None:
    first, *rest = json.loads(whole[CHECKPOINTS])
    files = signed_anew(whole | {CHECKPOINTS: canonical([crime(first), *rest]).encode()}, world.keys.sign)
    (wrong,) = world.wrong(files)
    assert sentence in wrong


async def test_a_checkpoint_of_a_key_that_nobody_vouches_for_is_found(world: World, whole: Files) -> None:
    key = Ed25519PrivateKey.generate()
    proofs = json.loads(whole[CHECKPOINTS])
    body = proofs[0]["text"].rpartition("signature ")[0]
    body = body.replace(world.keys.public, key.public_key().public_bytes_raw().hex())
    proofs[0]["text"] = f"{body}signature {key.sign(body.encode()).hex()}\n"
    files = signed_anew(whole | {CHECKPOINTS: canonical(proofs).encode()}, world.keys.sign)
    (wrong,) = world.wrong(files)
    assert "was made with a key for which the signer does not vouch" in wrong


async def test_forms_attestations_and_mails_that_say_something_else_are_found(world: World, whole: Files) -> None:
    said = {
        FORMS: ("Show what our", f"{FORMS} does not say what the events say of the form."),
        ATTESTATIONS: ("by hand", f"{ATTESTATIONS} does not say what the events say of who signed what."),
        MAILS: ("Please decide", "is not the one that was sent."),
    }
    for name, (words, sentence) in said.items():
        files = signed_anew(whole | {name: whole[name].replace(words.encode(), b"Something else")}, world.keys.sign)
        (wrong,) = world.wrong(files)
        assert sentence in wrong


async def test_rules_that_do_not_say_how_the_case_began_are_found(world: World, whole: Files) -> None:
    later = whole[RULES].replace(b'"from_event":1', b'"from_event":2')
    (wrong,) = world.wrong(signed_anew(whole | {RULES: later}, world.keys.sign))
    assert wrong == f"{RULES} does not say by which rules the case began."


UNREADABLE = {
    "no manifest": (MANIFEST, None, "There is no manifest.json in it: this is no evidence of Duly."),
    "another format": (
        MANIFEST,
        b'{"format":"duly-evidence/3"}',
        "Its format is neither duly-evidence/1 nor duly-evidence/2: another version of this program may know it.",
    ),
    "a manifest twice in one": (
        MANIFEST,
        b'{"format":"duly-evidence/1","format":"duly-evidence/1"}',
        "manifest.json is not JSON that can be read in one way only.",
    ),
    "a manifest of nothing": (
        MANIFEST,
        b'{"format":"duly-evidence/1"}',
        "manifest.json does not hold what it has to hold.",
    ),
    "a manifest without end": (
        MANIFEST,
        b"[" * 100_000,
        "manifest.json is not JSON that can be read in one way only.",
    ),
    "no signature": (
        SIGNATURE,
        None,
        "The signature does not fit the manifest: somebody changed it after it was signed.",
    ),
    "events that are none": (EVENTS, b"{}", "events.json does not hold what it has to hold."),
    "half a letter": (EVENTS, b'["\\ud800"]', "events.json is not JSON that can be read in one way only."),
    "no number": (RULES, b"[NaN]", "rules.json is not JSON that can be read in one way only."),
}


@pytest.mark.parametrize(("name", "data", "sentence"), UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_what_cannot_be_read_is_said_to_be_so(
    world: World, whole: Files, name: str, data: bytes | None, sentence: str
) -> None:
    files = {one: whole[one] for one in whole if one != name} | ({name: data} if data is not None else {})
    assert sentence in world.wrong(files)


async def test_an_entry_without_end_is_said_to_be_none(world: World, whole: Files) -> None:
    events = events_of(whole)
    events[2]["entry"] = "[" * 100_000
    wrong = world.wrong(signed_anew(with_events(whole, events), world.keys.sign))
    assert wrong == ["The entry of event 3 is no JSON."]


async def test_an_event_that_this_version_does_not_know_is_said_to_be_so(world: World, whole: Files) -> None:
    events = events_of(whole)
    events[4] = saying(events[4], kind="teleported")
    wrong = world.wrong(signed_anew(with_events(whole, chained_anew(events)), world.keys.sign))
    assert wrong == ["Event 5 cannot be read: this version of the program does not know such an event."]
    assert QUILL in whole[EVENTS].decode()
