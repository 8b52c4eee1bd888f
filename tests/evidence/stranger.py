"""Another program that checks evidence, written from docs/evidence.md and from nothing of Duly's own."""

import hashlib
import json
import re
import zipfile
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Event = dict[str, Any]


def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def is_signed(key: str, signature: str, data: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True


SHAPES: dict[str, set[str]] = {
    "manifest": {
        *("format", "made_at", "case", "reference", "organisation", "school", "process", "head", "withheld"),
        *("left_out", "key", "former_keys", "members"),
    },
    "events.json": {"n", "entry", "previous", "hash", "fields"},
    "forms.json": {"event", "version", "edition", "answers", "shown"},
    "attestations.json": {
        *("event", "at", "ask", "step", "seat", "by", "name", "instead_of", "answer", "version", "how", "opened_at"),
        *("signature", "attestation", "confirmed", "comment", "counts"),
    },
    "mails.json": {
        *("id", "to", "name", "template", "about", "ask", "queued_at", "sent_at", "refused_at", "dropped_at"),
        *("message_sha256", "rendered", "why_not"),
    },
    "rules.json": {"from_event", "pack", "document", "rules", "clauses"},
    "clearances.json": {"cleared", "case", "event"},
    "checkpoints.json": {"text", "count", "head", "index", "beside"},
}
MOST = 64 * 1024 * 1024


class NotWholeError(Exception):
    """A file is no evidence that anybody should look into."""


def holds(file: Path, fingerprint: str) -> bool:
    """Return whether the evidence in `file` holds, signed by the key with that fingerprint."""
    try:
        return _holds(_unpacked(file), fingerprint)
    except (NotWholeError, KeyError, ValueError, TypeError, IndexError, AttributeError, RecursionError):
        return False


def _unpacked(file: Path) -> dict[str, bytes]:
    """Return the members of a file, none of which was unpacked before all of them were looked at."""
    data = file.read_bytes()
    end = data[-22:]
    if len(data) > MOST or not data.startswith(b"PK\x03\x04") or not end.startswith(b"PK\x05\x06"):
        raise NotWholeError
    if int.from_bytes(end[12:16], "little") > 64 * 1024:
        raise NotWholeError
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            names = [one.filename.lower() for one in members]
            if len(members) > 50 or len(set(names)) < len(names) or sum(one.file_size for one in members) > MOST:
                raise NotWholeError
            for one in members:
                is_plain = one.external_attr >> 28 in {0, 8} and one.orig_filename == one.filename
                if not is_plain or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", one.filename):
                    raise NotWholeError
                if one.flag_bits & 1 or one.compress_type not in {0, 8}:
                    raise NotWholeError
            return {one.filename: archive.read(one) for one in members}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError):
        raise NotWholeError from None


def read(files: dict[str, bytes], name: str) -> Any:
    """Return what a file says, which is written in the one canonical form."""
    value = json.loads(files[name].decode())
    if canonical(value) != files[name]:
        raise NotWholeError
    if name in SHAPES and not all(has(one, SHAPES[name], "document") for one in value):
        raise NotWholeError
    return value


def has(value: Event, names: set[str], *more: str) -> bool:
    """Return whether an object has these names, and no other but perhaps `more`."""
    return names <= set(value) <= names | set(more)


def _holds(files: dict[str, bytes], fingerprint: str) -> bool:
    manifest = read(files, "manifest.json")
    if manifest["format"] not in {"duly-evidence/1", "duly-evidence/2"} or not has(manifest, SHAPES["manifest"]):
        return False
    listed = {
        name: {"sha256": sha(data), "size": len(data)}
        for name, data in files.items()
        if name not in {"manifest.json", "manifest.sig"}
    }
    if listed != manifest["members"]:
        return False
    signature = files["manifest.sig"]
    if sha(bytes.fromhex(manifest["key"])) != fingerprint or not re.fullmatch(rb"[0-9a-f]{128}\n", signature):
        return False
    if not is_signed(manifest["key"], signature[:128].decode(), b"duly-evidence/1\n" + files["manifest.json"]):
        return False
    links = read(files, "events.json")
    if not links or not all(_is_in_its_place(links, place, manifest["case"]) for place in range(len(links))):
        return False
    if manifest["head"] != {"n": len(links), "hash": links[-1]["hash"]} or not all(map(_keeps_its_word, links)):
        return False
    withheld = {one["withheld"] for link in links for one in link["fields"].values() if "withheld" in one}
    events = [_said(link) for link in links]
    return (
        withheld <= set(manifest["withheld"])
        and _rules_were_kept(read(files, "rules.json"), events)
        and _decided_once(events)
        and _was_cleared(manifest["case"], read(files, "clearances.json"), events)
        and _forms_fit(read(files, "forms.json"), events)
        and _words_fit(manifest, read(files, "attestations.json"), links, events)
        and all(map(_is_as_sent, read(files, "mails.json")))
        and all(_proves(one, links, manifest) for one in read(files, "checkpoints.json"))
    )


def _is_in_its_place(links: list[Event], place: int, case: str) -> bool:
    link, entry = links[place], json.loads(links[place]["entry"])
    previous = links[place - 1]["hash"] if place else "0" * 64
    return bool(
        canonical(entry).decode() == link["entry"]
        and link["n"] == entry["n"] == place + 1
        and entry["case"] == case
        and link["previous"] == previous
        and link["hash"] == sha((previous + link["entry"]).encode())
    )


def _keeps_its_word(link: Event) -> bool:
    committed = json.loads(link["entry"])["commitments"]
    shapes = ({"salt", "value"}, {"withheld", "instead"})
    if not all(set(one) in shapes for one in link["fields"].values()):
        return False
    return set(committed) == set(link["fields"]) and all(
        committed[name] == sha(bytes.fromhex(one["salt"]) + canonical(one["value"]))
        for name, one in link["fields"].items()
        if "salt" in one
    )


def _said(link: Event) -> Event:
    values = {name: one.get("value", one.get("instead")) for name, one in link["fields"].items()}
    return {name: value for name, value in values.values() if name} if "0" in values else values


def _fits(match: Event, event: Event) -> bool:
    def texts(value: Any) -> set[str]:
        return {
            str(one).lower() if isinstance(one, bool) else str(one)
            for one in (value if isinstance(value, list) else [value])
        }

    return (
        event["kind"] in match["event"]
        and all(match[name] in {None, event.get(name)} for name in ("step", "confirmation"))
        and all(texts(event.get(name)) & set(wanted) for name, wanted in match["where"].items())
    )


def _rules_were_kept(in_force: list[Event], events: list[Event]) -> bool:
    if not in_force or in_force[0]["from_event"] != 1:
        return False
    for place, event in enumerate(events):
        rules = [one for one in in_force if one["from_event"] <= place + 1][-1]["rules"]
        if not all(_keeps(rule, events[:place], event) for rule in rules):
            return False
    return True


def _keeps(rule: Event, past: list[Event], event: Event) -> bool:
    void = {one["ask"] for one in past if one["kind"] == "hold_released" and not one["stands"]}
    answers = {"approved", "returned", "rejected", "confirmed"}
    counting = [one for one in past if one["kind"] not in answers or one["ask"] not in void]
    if rule["rule"] == "different_people":
        pairs = ((rule["first"], rule["then"]), (rule["then"], rule["first"]))
        return not any(
            _fits(now, event) and _fits(before, one) and _who(one) == _who(event) and _same_version(one, event)
            for before, now in pairs
            for one in counting
        )
    if not _fits(rule["then"], event):
        return True
    if rule["rule"] == "not_between":
        turns = [one for one in past if _fits(rule["opens"], one) or _fits(rule["closes"], one)]
        return not turns or _fits(rule["closes"], turns[-1])
    if rule["rule"] == "before" and rule["same"] != "allegation":
        return any(
            _fits(rule["first"], one) and (rule["same"] is None or one.get("version") == event.get("version"))
            for one in counting
        )
    return bool(event["allegations"]) and all(
        _about(rule, counting if rule["rule"] == "before" else past, key) for key in event["allegations"]
    )


def _about(rule: Event, past: list[Event], key: str) -> bool:
    since = max((n for n, one in enumerate(past) if one.get("replaces") and key in one["allegations"]), default=-1)
    found = [
        one
        for n, one in enumerate(past)
        if n > since and key in one.get("allegations", ()) and _fits(rule["first"], one)
    ]
    return bool(found) and (rule["rule"] == "before" or rule["permit"] in found[-1]["permits"])


def _who(event: Event) -> Any:
    return event.get("person") or event.get("by") or object()


def _same_version(one: Event, other: Event) -> bool:
    versions = {event.get("version") for event in (one, other)}
    return len({version for version in versions if isinstance(version, int)}) <= 1


def _decided_once(events: list[Event]) -> bool:
    reached: dict[str, set[str]] = {}
    decided: set[str] = set()
    for event in events:
        if event["kind"] in {"approved", "returned", "rejected"}:
            if event["ask"] in decided or event["by"] not in reached.get(event["ask"], set()):
                return False
            decided.add(event["ask"])
        if event["kind"] == "ask_opened":
            reached.setdefault(event["ask"], set())
        if event.get("ask") in reached and isinstance(event.get("asked"), list):
            reached[event["ask"]] = {one["person"] for one in event["asked"]}
    return True


def _was_cleared(case: str, clearances: list[Event], events: list[Event]) -> bool:
    for place, event in enumerate(events, 1):
        if event["kind"] != "case_cleared":
            continue
        clearance = event["clearance"]
        if clearance["case"] == case:
            if not (0 < clearance["n"] < place and events[clearance["n"] - 1]["kind"] == "triage_recorded"):
                return False
            continue
        shown = next((one["event"] for one in clearances if one["cleared"] == place), None)
        if shown is None or not has(shown, SHAPES["events.json"]) or not _permits(clearance, shown):
            return False
    return True


def _permits(clearance: Event, shown: Event) -> bool:
    entry = json.loads(shown["entry"])
    if (entry["case"], entry["n"]) != (clearance["case"], clearance["n"]):
        return False
    if sha((shown["previous"] + shown["entry"]).encode()) != clearance["hash"]:
        return False
    if not shown["fields"]:
        return True
    said = _said(shown)
    return (
        canonical(entry).decode() == shown["entry"]
        and _keeps_its_word(shown)
        and said.get("kind") == "lado_advice_recorded"
        and "open_disciplinary" in (said.get("permits") or ())
        and set(clearance["allegations"]) <= set(said.get("allegations") or ())
    )


def _forms_fit(forms: list[Event], events: list[Event]) -> bool:
    wanted = [
        (n, one["version"], one["answers"])
        for n, one in enumerate(events, 1)
        if one["kind"] in {"request_submitted", "request_edited"}
    ]
    return canonical([[one["event"], one["version"], one["answers"]] for one in forms]) == canonical(wanted)


def _words_fit(manifest: Event, attested: list[Event], links: list[Event], events: list[Event]) -> bool:
    first = manifest["format"] == "duly-evidence/1"
    kinds = {"approved", "returned", "rejected"} | (set() if first else {"visitor_signed"})
    places = [n for n, event in enumerate(events) if event["kind"] in kinds]
    if [one["event"] for one in attested] != [n + 1 for n in places]:
        return False
    shape = SHAPES["attestations.json"] | (set() if first else {"document"})
    if not all(has(one, shape) for one in attested):
        return False
    names = {one["by"]: one["name"] for one in attested if one["answer"] != "signed"}
    void = {one["ask"] for one in events if one["kind"] == "hold_released" and not one["stands"]}
    version = max((one["version"] for one in events if one["kind"] == "request_edited"), default=1)
    for said, n in zip(attested, places, strict=True):
        event = events[n]
        if event["kind"] == "visitor_signed":
            wanted = dict.fromkeys(("ask", "step", "seat", "instead_of", "version", "opened_at"))
            wanted |= {"by": event["by"], "how": event["how"], "comment": event["note"], "answer": "signed"}
            wanted |= {"name": event["name"], "signature": event["name"], "attestation": event["wording"]}
            wanted |= {"confirmed": [], "counts": True}
        else:
            same = ("ask", "step", "seat", "by", "instead_of", "version", "how", "comment")
            wanted = {name: event[name] for name in same} | {"answer": event["kind"]}
            wanted |= {"signature": event["signature"]["name"], "attestation": event["signature"]["attestation"]}
            mine = [one for one in events if one["kind"] == "confirmed" and one["ask"] == event["ask"]]
            wanted |= {"confirmed": [one["confirmation"] for one in mine], "name": names[event["by"]]}
            wanted |= {"counts": event["ask"] not in void and event["version"] >= version}
            if not _same_moment(said["opened_at"], event["opened_at"]):
                return False
        if not first:
            wanted["document"] = _document(events, n)
        if not _same_moment(said["at"], json.loads(links[n]["entry"])["at"]):
            return False
        if canonical({name: said.get(name) for name in wanted}) != canonical(wanted):
            return False
    return True


def _document(events: list[Event], n: int) -> Event | None:
    event = events[n]
    began = _latest(events, n, "campaign_began")
    if event["kind"] == "visitor_signed":
        return _named(events, began) if began is not None else None
    for later in range(n + 1, len(events)):
        if events[later]["kind"] == "document_signed" and events[later]["by"] == event["by"]:
            return _named(events, later)
    if began is not None:
        return _named(events, began)
    cycle, draft = _latest(events, n, "cycle_began"), _latest(events, n, "request_edited")
    if cycle is None or draft is None or draft < cycle:
        return None
    answers = events[draft]["answers"]
    title, version, text = events[draft]["title"], answers.get("new_version", ""), answers.get("text", "")
    hidden = "[withheld]" in {title, version, text}
    digest = "[withheld]" if hidden else sha(b"\x00".join(one.encode() for one in (title, version, text)))
    return {"event": draft + 1, "document": events[cycle]["document"], "version": version, "digest": digest}


def _named(events: list[Event], n: int) -> Event:
    return {"event": n + 1, **{name: events[n][name] for name in ("document", "version", "digest")}}


def _latest(events: list[Event], before: int, kind: str) -> int | None:
    return next((n for n in range(before - 1, -1, -1) if events[n]["kind"] == kind), None)


def _same_moment(one: str, other: str) -> bool:
    return datetime.fromisoformat(one) == datetime.fromisoformat(other)


def _is_as_sent(mail: Event) -> bool:
    rendered = mail["rendered"]
    if rendered is None:
        return True
    if not has(rendered, {"template_sha256", "text_sha256", "subject", "text", "html"}):
        return False
    return bool(rendered["text_sha256"] == sha(canonical([rendered[name] for name in ("subject", "text", "html")])))


def _proves(one: Event, links: list[Event], manifest: Event) -> bool:
    fit = re.fullmatch(
        r"(duly-checkpoint/1\nnumber [1-9][0-9]{0,8}\nat (\S+)\nleaves ([1-9][0-9]{0,9})\nroot ([0-9a-f]{64})\n"
        r"previous [0-9a-f]{64}\nkey ([0-9a-f]{64})\n)signature ([0-9a-f]{128})\n",
        one["text"],
    )
    if fit is None or not 0 <= one["index"] < 1 << len(one["beside"]) or not 0 < one["count"] <= len(links):
        return False
    signed, at, leaves, root, key, signature = fit.groups()
    if datetime.fromisoformat(at).isoformat() != at or key not in {manifest["key"], *manifest["former_keys"]}:
        return False
    opaque = sha(b"duly/checkpoint-case/v1" + manifest["case"].encode())
    data = canonical({"case": opaque, "count": one["count"], "head": one["head"]})
    found, index = hashlib.sha256(b"\x00" + data).digest(), one["index"]
    for text in one["beside"]:
        other = bytes.fromhex(text)
        found = hashlib.sha256(b"\x01" + (other + found if index & 1 else found + other)).digest()
        index >>= 1
    return bool(
        is_signed(key, signature, signed.encode())
        and int(leaves) == 1 << len(one["beside"])
        and found.hex() == root
        and links[one["count"] - 1]["hash"] == one["head"]
    )
