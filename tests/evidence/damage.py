"""What somebody can do to evidence, from one byte to a case written anew and signed by the school's own key."""

import io
import json
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.chain import canonical
from domain.evidence import (
    ATTESTATIONS,
    CHECKPOINTS,
    CLEARANCES,
    EVENTS,
    FORMS,
    MAILS,
    MANIFEST,
    READ_ME,
    RULES,
    SIGNATURE,
)
from starter.evidence import MOST_BYTES, BundleRefusedError, unpacked, zipped
from store.signing import SigningKeys
from tests.evidence.conftest import chained_anew, events_of, signed_anew
from tests.evidence.test_verifying import saying, with_events

Files = dict[str, bytes]
Event = dict[str, Any]
Damage = Callable[["Hand"], bytes | None]
"""What makes a spoiled file, or nothing where there is nothing to spoil in that way."""


class Hand:
    """Whoever spoils `files`: with the school's `keys` where it is the school, and with those of `other` evidence."""

    def __init__(self, files: Files, other: Files, keys: SigningKeys, seed: int) -> None:
        self.files, self.other, self.keys = files, other, keys
        self.random = Random(seed)  # noqa: S311 -- the same damage each time
        self.events = events_of(files)

    def signed(self, files: Files, **changes: Any) -> bytes:
        """Return `files`, listed and signed by the school's own key."""
        return zipped(signed_anew(files, self.keys.sign, **changes))

    def told(self, events: list[Event]) -> bytes:
        """Return the evidence as if `events` had happened, signed by the school's own key."""
        return self.signed(with_events(self.files, chained_anew(events)))

    def part(self, name: str) -> Any:
        """Return what a file holds."""
        return json.loads(self.files[name])

    def with_part(self, name: str, value: Any) -> bytes:
        """Return the evidence with another part, signed by the school's own key."""
        return self.signed(self.files | {name: canonical(value).encode()})

    def place_of(self, *kinds: str) -> int | None:
        """Return the place of the first event of one of these kinds."""
        return next((n for n, one in enumerate(self.events) if kind_of(one) in kinds), None)


def kind_of(event: Event) -> str:
    """Return of which kind an event is, veiled or not."""
    fields = event["fields"]
    if "kind" in fields:
        return str(fields["kind"]["value"])
    said = [one.get("value", one.get("instead")) for one in fields.values()]
    return str(dict(said)["kind"])


# To the file, by anybody.


def a_byte_of_a_member(hand: Hand) -> bytes:
    name = hand.random.choice(sorted(hand.files))
    data = bytearray(hand.files[name])
    data[hand.random.randrange(len(data))] ^= 1 << hand.random.randrange(8)
    return zipped(hand.files | {name: bytes(data)})


def a_byte_of_the_file(hand: Hand) -> bytes | None:
    whole = bytearray(zipped(hand.files))
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        info = archive.getinfo(hand.random.choice(sorted(hand.files)))
    start = info.header_offset + 30 + len(info.filename)
    whole[start + hand.random.randrange(info.compress_size)] ^= 1 << hand.random.randrange(8)
    with suppress(BundleRefusedError):
        # A bit that fills up a last byte says nothing: with another one it is the same evidence.
        if unpacked(bytes(whole)) == hand.files:
            return None
    return bytes(whole)


def cut_off(hand: Hand) -> bytes:
    whole = zipped(hand.files)
    return whole[: hand.random.randrange(1, len(whole))]


def something_before(hand: Hand) -> bytes:
    return b"#!/bin/sh\n" + zipped(hand.files)


def something_after(hand: Hand) -> bytes:
    return zipped(hand.files) + b"more"


def _packed(packs: Callable[[zipfile.ZipFile], None], files: Files) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        packs(archive)
    return made.getvalue()


def a_comment(hand: Hand) -> bytes:
    return _packed(lambda archive: setattr(archive, "comment", b"harmless"), hand.files)


def a_bomb(hand: Hand) -> bytes:
    return _packed(lambda archive: archive.writestr("more.bin", bytes(MOST_BYTES)), hand.files)


def many_members(hand: Hand) -> bytes:
    def packs(archive: zipfile.ZipFile) -> None:
        for number in range(60):
            archive.writestr(f"m{number}", b"x")

    return _packed(packs, hand.files)


def a_way_out(hand: Hand) -> bytes:
    name = hand.random.choice(("../evil", "/etc/cron.d/evil", "folder/evil", "..", ".hidden", "a\\b"))
    return _packed(lambda archive: archive.writestr(name, b"x"), hand.files)


def a_link(hand: Hand) -> bytes:
    def packs(archive: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")

    return _packed(packs, hand.files)


def twice(hand: Hand) -> bytes:
    name = hand.random.choice((EVENTS, EVENTS.upper()))
    return _packed(lambda archive: archive.writestr(name, hand.files[EVENTS]), hand.files)


def another_method(hand: Hand) -> bytes:
    files = {name: data for name, data in hand.files.items() if name != EVENTS}
    return _packed(lambda archive: archive.writestr(EVENTS, hand.files[EVENTS], zipfile.ZIP_LZMA), files)


def encrypted(hand: Hand) -> bytes:
    data = bytearray(zipped(hand.files))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    return bytes(data)


def a_member_gone(hand: Hand) -> bytes:
    gone = hand.random.choice(sorted(hand.files))
    return zipped({name: data for name, data in hand.files.items() if name != gone})


def a_member_more(hand: Hand) -> bytes:
    return zipped(hand.files | {"note.txt": b"All is well."})


def a_read_me_that_says_more(hand: Hand) -> bytes:
    return zipped(hand.files | {READ_ME: hand.files[READ_ME] + b"\nIt was checked.\n"})


# To the manifest and its signature.


def a_manifest_of_another_case(hand: Hand) -> bytes:
    return zipped(hand.files | {name: hand.other[name] for name in (MANIFEST, SIGNATURE)})


def a_manifest_that_names_another(hand: Hand) -> bytes:
    manifest = hand.part(MANIFEST) | {"reference": "AAAA-AAAA"}
    return zipped(hand.files | {MANIFEST: canonical(manifest).encode()})


def a_strangers_signature(hand: Hand) -> bytes:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw().hex()
    return zipped(signed_anew(hand.files, lambda data: key.sign(data).hex(), key=public))


def a_strangers_signature_under_the_schools_key(hand: Hand) -> bytes:
    key = Ed25519PrivateKey.generate()
    return zipped(signed_anew(hand.files, lambda data: key.sign(data).hex()))


def a_signature_with_more(hand: Hand) -> bytes:
    return zipped(hand.files | {SIGNATURE: hand.files[SIGNATURE] + b"\n"})


def a_format_that_nobody_knows(hand: Hand) -> bytes:
    return hand.signed(hand.files, format="duly-evidence/9")


def a_name_that_is_none(hand: Hand) -> bytes:
    return hand.signed(hand.files, note="Checked.")


def an_end_that_is_none(hand: Hand) -> bytes:
    return hand.signed(hand.files, head={"n": len(hand.events), "hash": "0" * 64})


def a_list_without_a_member(hand: Hand) -> bytes:
    files = {name: data for name, data in hand.files.items() if name != MAILS}
    return hand.signed(files)


# To the events, by the school itself.


def written_anew(hand: Hand) -> bytes:
    """Return the case as if something had happened otherwise, and no checkpoint had seen it: that may even hold."""
    events, n = list(hand.events), hand.random.randrange(len(hand.events) - 1)
    way = hand.random.randrange(3)
    if way == 0:
        del events[n]
    elif way == 1:
        events[n], events[n + 1] = events[n + 1], events[n]
    else:
        events.insert(hand.random.randrange(n, len(events)), events[n])
    return hand.signed(with_events(hand.files, chained_anew(events)) | {CHECKPOINTS: b"[]"})


def an_event_gone(hand: Hand) -> bytes:
    place = hand.random.randrange(len(hand.events) - 1)
    return hand.told([*hand.events[:place], *hand.events[place + 1 :]])


def the_end_gone(hand: Hand) -> bytes:
    return hand.signed(with_events(hand.files, hand.events[:-1]))


def two_events_exchanged(hand: Hand) -> bytes:
    place = hand.random.randrange(len(hand.events) - 1)
    one, other = hand.events[place : place + 2]
    return hand.told([*hand.events[:place], other, one, *hand.events[place + 2 :]])


def two_events_exchanged_in_the_file(hand: Hand) -> bytes:
    place = hand.random.randrange(len(hand.events) - 1)
    one, other = hand.events[place : place + 2]
    return hand.with_part(EVENTS, [*hand.events[:place], other, one, *hand.events[place + 2 :]])


def an_event_twice(hand: Hand) -> bytes | None:
    # The last one twice is one more than any checkpoint has seen: that could have come later.
    if len(hand.events) == 1:
        return None
    place = hand.random.randrange(len(hand.events) - 1)
    return hand.told([*hand.events[: place + 1], hand.events[place], *hand.events[place + 1 :]])


def a_decision_of_somebody_else(hand: Hand) -> bytes | None:
    place = hand.place_of("approved", "rejected", "returned")
    fields = hand.events[place]["fields"] if place is not None else {}
    if place is None or not all("salt" in one for one in fields.values()):
        return None
    said = saying(hand.events[place], by="somebody")
    return hand.told([*hand.events[:place], said, *hand.events[place + 1 :]])


def another_value(hand: Hand) -> bytes | None:
    place = hand.random.randrange(len(hand.events))
    shown = [name for name, one in hand.events[place]["fields"].items() if "value" in one and name != "kind"]
    if not shown:
        return None
    event = json.loads(canonical(hand.events[place]))
    event["fields"][hand.random.choice(shown)]["value"] = ["ask", "a99"] if "0" in event["fields"] else "other"
    return hand.with_part(EVENTS, [*hand.events[:place], event, *hand.events[place + 1 :]])


def another_salt(hand: Hand) -> bytes | None:
    place = hand.random.randrange(len(hand.events))
    shown = [name for name, one in hand.events[place]["fields"].items() if "salt" in one]
    if not shown:
        return None
    event = json.loads(canonical(hand.events[place]))
    field = event["fields"][hand.random.choice(shown)]
    field["salt"] = field["salt"][:-1] + ("0" if field["salt"][-1] != "0" else "1")
    return hand.with_part(EVENTS, [*hand.events[:place], event, *hand.events[place + 1 :]])


def a_field_gone(hand: Hand) -> bytes | None:
    place = hand.random.randrange(len(hand.events))
    event = json.loads(canonical(hand.events[place]))
    others = [name for name in sorted(event["fields"]) if name != "kind"]
    if not others:
        return None
    del event["fields"][hand.random.choice(others)]
    return hand.with_part(EVENTS, [*hand.events[:place], event, *hand.events[place + 1 :]])


def withheld_in_silence(hand: Hand) -> bytes | None:
    if "reporter" in hand.part(MANIFEST)["withheld"]:
        return None
    event = json.loads(canonical(hand.events[0]))
    name = next(name for name in sorted(event["fields"]) if name != "kind")
    field = event["fields"][name]
    event["fields"][name] = {"withheld": "reporter", "instead": field.get("value", field.get("instead"))}
    return hand.with_part(EVENTS, [event, *hand.events[1:]])


def an_entry_written_otherwise(hand: Hand) -> bytes:
    place = hand.random.randrange(len(hand.events))
    event = hand.events[place] | {"entry": hand.events[place]["entry"].replace(":", ": ", 1)}
    return hand.with_part(EVENTS, [*hand.events[:place], event, *hand.events[place + 1 :]])


def numbers_as_text(hand: Hand) -> bytes:
    return hand.with_part(EVENTS, [one | {"n": str(one["n"])} for one in hand.events])


def no_events(hand: Hand) -> bytes:
    return hand.with_part(EVENTS, [])


# To the other parts, by the school itself.


def written_with_spaces(hand: Hand) -> bytes:
    name = hand.random.choice((EVENTS, FORMS, ATTESTATIONS, MAILS, RULES, CLEARANCES, CHECKPOINTS))
    return hand.signed(hand.files | {name: json.dumps(hand.part(name), indent=1).encode() + b"\n"})


def a_name_twice(hand: Hand) -> bytes:
    return hand.signed(
        hand.files | {RULES: hand.files[RULES].replace(b'"from_event":', b'"from_event":1,"from_event":', 1)}
    )


def not_a_number(hand: Hand) -> bytes:
    return hand.signed(hand.files | {FORMS: b"[NaN]"})


def an_answer_of_the_form(hand: Hand) -> bytes | None:
    forms = hand.part(FORMS)
    if not forms:
        return None
    forms[-1]["answers"]["title"] = "Something else"
    return hand.with_part(FORMS, forms)


def a_form_gone(hand: Hand) -> bytes | None:
    forms = hand.part(FORMS)
    return hand.with_part(FORMS, forms[:-1]) if forms else None


def other_words_signed(hand: Hand) -> bytes | None:
    attested = hand.part(ATTESTATIONS)
    if not attested:
        return None
    one = hand.random.choice(attested)
    changes = {"attestation": "I saw nothing.", "signature": "X", "counts": not one["counts"], "confirmed": ["all"]}
    name = hand.random.choice(sorted(changes))
    one[name] = changes[name]
    return hand.with_part(ATTESTATIONS, attested)


def another_document_signed(hand: Hand) -> bytes | None:
    attested = hand.part(ATTESTATIONS)
    if not attested:
        return None
    document = {"event": 1, "document": "code", "version": "9", "digest": "0" * 64}
    attested[-1]["document"] = None if attested[-1].get("document") else document
    return hand.with_part(ATTESTATIONS, attested)


def no_word_of_documents(hand: Hand) -> bytes | None:
    attested = hand.part(ATTESTATIONS)
    for one in attested:
        one.pop("document", None)
    return hand.with_part(ATTESTATIONS, attested) if attested else None


def a_mail_that_says_less(hand: Hand) -> bytes | None:
    mails = hand.part(MAILS)
    if not mails:
        return None
    del mails[0]["why_not"]
    return hand.with_part(MAILS, mails)


def a_signature_gone(hand: Hand) -> bytes | None:
    attested = hand.part(ATTESTATIONS)
    return hand.with_part(ATTESTATIONS, attested[1:]) if attested else None


def another_mail(hand: Hand) -> bytes | None:
    mails = hand.part(MAILS)
    made = [one for one in mails if one["rendered"]]
    if not made:
        return None
    name = hand.random.choice(("text", "html", "subject"))
    hand.random.choice(made)["rendered"][name] += " Please."
    return hand.with_part(MAILS, mails)


def rules_from_later_on(hand: Hand) -> bytes:
    rules = hand.part(RULES)
    return hand.with_part(RULES, [rules[0] | {"from_event": 2}, *rules[1:]])


def no_rules(hand: Hand) -> bytes:
    return hand.with_part(RULES, [])


def a_rule_that_was_broken(hand: Hand) -> bytes:
    """What cannot have come before the first event has to have come before it."""
    rules = hand.part(RULES)
    first: Event = {"event": [kind_of(hand.events[0])], "step": None, "confirmation": None, "where": {}}
    rule = {"rule": "before", "key": "never", "first": first, "then": first, "same": None, "clause": "1"}
    rules[0]["rules"] = [*rules[0]["rules"], rule]
    return hand.with_part(RULES, rules)


def no_clearance(hand: Hand) -> bytes | None:
    return hand.with_part(CLEARANCES, []) if hand.part(CLEARANCES) else None


def a_clearance_that_permits_what_was_refused(hand: Hand) -> bytes | None:
    clearances = hand.part(CLEARANCES)
    if not clearances:
        return None
    for one in clearances[0]["event"]["fields"].values():
        if "value" in one and one["value"][0] == "permits":
            one["value"][1] = [*one["value"][1], "tell_subject", "anything"]
    return hand.with_part(CLEARANCES, clearances)


def checkpoints_of_another_case(hand: Hand) -> bytes | None:
    other = hand.other[CHECKPOINTS]
    return hand.signed(hand.files | {CHECKPOINTS: other}) if other != hand.files[CHECKPOINTS] else None


def _with_checkpoint(hand: Hand, change: Callable[[Event], Event]) -> bytes | None:
    proofs = hand.part(CHECKPOINTS)
    if not proofs:
        return None
    place = hand.random.randrange(len(proofs))
    return hand.with_part(CHECKPOINTS, [*proofs[:place], change(proofs[place]), *proofs[place + 1 :]])


def a_checkpoint_cut_off(hand: Hand) -> bytes | None:
    return _with_checkpoint(hand, lambda one: one | {"text": one["text"][:-9]})


def a_checkpoint_of_another_day(hand: Hand) -> bytes | None:
    return _with_checkpoint(hand, lambda one: one | {"text": one["text"].replace("\nat 2", "\nat 1", 1)})


def a_checkpoint_of_another_leaf(hand: Hand) -> bytes | None:
    return _with_checkpoint(hand, lambda one: one | {"index": one["index"] ^ 1})


def a_checkpoint_of_a_leaf_that_is_none(hand: Hand) -> bytes | None:
    return _with_checkpoint(hand, lambda one: one | {"index": one["index"] + (1 << len(one["beside"]))})


def a_checkpoint_of_more(hand: Hand) -> bytes | None:
    return _with_checkpoint(hand, lambda one: one | {"count": one["count"] + 1})


def a_checkpoint_without_its_way(hand: Hand) -> bytes | None:
    return _with_checkpoint(hand, lambda one: one | {"beside": one["beside"][1:]})


def a_checkpoint_of_a_key_that_nobody_vouches_for(hand: Hand) -> bytes | None:
    def change(one: Event) -> Event:
        key = Ed25519PrivateKey.generate()
        lines = one["text"].split("\n")
        lines[6] = f"key {key.public_key().public_bytes_raw().hex()}"
        body = "".join(f"{line}\n" for line in lines[:7])
        return one | {"text": f"{body}signature {key.sign(body.encode()).hex()}\n"}

    return _with_checkpoint(hand, change)


DAMAGES: tuple[Damage, ...] = tuple(
    one
    for name, one in list(globals().items())
    if callable(one) and getattr(one, "__module__", "") == __name__ and not name.startswith("_")
    if name not in {"Hand", "kind_of", "spoiled", "written_anew"}
)
"""Everything above that spoils."""


def spoiled(hands: list[Hand]) -> Iterator[tuple[str, bytes]]:
    """Yield, without end, spoiled files, by what was done: every way once, and again, each to another's evidence."""
    n = 0
    while True:
        for damage in DAMAGES:
            for tried in range(len(hands)):
                data = damage(hands[(n + tried) % len(hands)])
                if data is not None:
                    yield damage.__name__, data
                    break
            n += 1
