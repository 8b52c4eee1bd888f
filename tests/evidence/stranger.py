"""Another program that checks evidence, written from docs/evidence.md and from nothing of Duly's own."""

import hashlib
import json
import zipfile
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


def holds(file: Path, fingerprint: str) -> bool:
    """Return whether the evidence in `file` holds, signed by the key with that fingerprint."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        if len(set(names)) < len(names):
            return False
        files = {name: archive.read(name) for name in names}
    try:
        return _holds(files, fingerprint)
    except (KeyError, ValueError, TypeError, IndexError):
        return False


def _holds(files: dict[str, bytes], fingerprint: str) -> bool:
    manifest = json.loads(files["manifest.json"])
    listed = {name: sha(data) for name, data in files.items() if name not in {"manifest.json", "manifest.sig"}}
    if listed != {name: one["sha256"] for name, one in manifest["members"].items()}:
        return False
    signature = files["manifest.sig"].decode()
    if sha(bytes.fromhex(manifest["key"])) != fingerprint or not signature.endswith("\n") or len(signature) != 129:
        return False
    if not is_signed(manifest["key"], signature[:128], b"duly-evidence/1\n" + files["manifest.json"]):
        return False
    links = json.loads(files["events.json"])
    if not all(_is_in_its_place(links, place, manifest["case"]) for place in range(len(links))):
        return False
    if manifest["head"] != {"n": len(links), "hash": links[-1]["hash"]} or not all(map(_keeps_its_word, links)):
        return False
    events = [_said(link) for link in links]
    return (
        _rules_were_kept(json.loads(files["rules.json"]), events)
        and _decided_once(events)
        and _words_fit(files, events)
        and all(_proves(one, links, manifest) for one in json.loads(files["checkpoints.json"]))
    )


def _is_in_its_place(links: list[Event], place: int, case: str) -> bool:
    link, entry = links[place], json.loads(links[place]["entry"])
    previous = links[place - 1]["hash"] if place else "0" * 64
    return bool(
        link["n"] == entry["n"] == place + 1
        and entry["case"] == case
        and link["previous"] == previous
        and link["hash"] == sha((previous + link["entry"]).encode())
    )


def _keeps_its_word(link: Event) -> bool:
    committed = json.loads(link["entry"])["commitments"]
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
    return len({one.get("version"), other.get("version")} - {None}) <= 1


def _decided_once(events: list[Event]) -> bool:
    reached: dict[str, set[str]] = {}
    decided: set[str] = set()
    for event in events:
        if event["kind"] in {"approved", "returned", "rejected"}:
            if event["ask"] in decided or event["by"] not in reached.get(event["ask"], set()):
                return False
            decided.add(event["ask"])
        if isinstance(event.get("asked"), list):
            reached[event["ask"]] = {one["person"] for one in event["asked"]}
    return True


def _words_fit(files: dict[str, bytes], events: list[Event]) -> bool:
    forms = [(n, one) for n, one in enumerate(events, 1) if one["kind"] in {"request_submitted", "request_edited"}]
    written = [(one["event"], one["version"], one["answers"]) for one in json.loads(files["forms.json"])]
    signed = [(n, one) for n, one in enumerate(events, 1) if one["kind"] in {"approved", "returned", "rejected"}]
    attested = json.loads(files["attestations.json"])
    same = ("ask", "step", "seat", "by", "instead_of", "version", "how", "opened_at", "comment")
    return (
        written == [(n, one["version"], one["answers"]) for n, one in forms]
        and [one["event"] for one in attested] == [n for n, _ in signed]
        and all(
            all(said[name] == event[name] for name in same)
            and (said["answer"], said["signature"]) == (event["kind"], event["signature"]["name"])
            and said["attestation"] == event["signature"]["attestation"]
            for said, (_, event) in zip(attested, signed, strict=True)
        )
        and all(
            one["rendered"]["text_sha256"]
            == sha(canonical([one["rendered"]["subject"], one["rendered"]["text"], one["rendered"]["html"]]))
            for one in json.loads(files["mails.json"])
            if one["rendered"]
        )
    )


def _proves(one: Event, links: list[Event], manifest: Event) -> bool:
    *body, last, _ = one["text"].split("\n")
    said = dict(line.split(" ", 1) for line in (*body[1:], last))
    signed = "".join(f"{line}\n" for line in body).encode()
    if body[0] != "duly-checkpoint/1" or said["key"] not in {manifest["key"], *manifest["former_keys"]}:
        return False
    opaque = sha(b"duly/checkpoint-case/v1" + manifest["case"].encode())
    data = canonical({"case": opaque, "count": one["count"], "head": one["head"]})
    found, index = hashlib.sha256(b"\x00" + data).digest(), one["index"]
    for text in one["beside"]:
        other = bytes.fromhex(text)
        found = hashlib.sha256(b"\x01" + (other + found if index & 1 else found + other)).digest()
        index >>= 1
    return (
        is_signed(said["key"], said["signature"], signed)
        and index == 0
        and int(said["leaves"]) == 1 << len(one["beside"])
        and found.hex() == said["root"]
        and links[one["count"] - 1]["hash"] == one["head"]
    )
