"""Checking the evidence of a case: every finding in a sentence, from the files of a bundle and nothing else."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar, get_args

from pydantic import TypeAdapter

from domain.allegations import Permit
from domain.base import Frozen
from domain.chain import canonical, first_broken
from domain.checkpoints import UnreadableCheckpointError, case_leaf, read
from domain.entries import CaseCleared
from domain.events import AnyEvent, Approved, AskOpened, Recorded, Rejected, Returned
from domain.evidence import (
    ATTESTATIONS,
    CHECKPOINTS,
    CLEARANCES,
    EVENT,
    EVENTS,
    FIRST_FORMAT,
    FORMS,
    MAILS,
    MANIFEST,
    RULES,
    SIGNATURE,
    Attestation,
    CheckpointProof,
    ClearanceShown,
    EventShown,
    Format,
    FormVersion,
    MailShown,
    Manifest,
    RulesInForce,
    Withheld,
    attestations,
    form_events,
    text_digest,
)
from domain.merkle import root_by
from domain.order import forbidding_rule

Signed = Callable[[str, str, bytes], bool]
"""Whether a signature (hex) was made with the private half of a public key (hex) under some bytes."""

BEFORE_THE_MANIFEST: Final = b"duly-evidence/1\n"
"""What is signed before the bytes of the manifest, in either format, so that the signature stands for nothing else."""

SIGNER: Final = "signer"
"""The check of whose key it was; what it finds where nobody gave a fingerprint is left open."""

T = TypeVar("T")
_PERMIT: Final[Permit] = "open_disciplinary"
_SIGNATURE: Final = 129
_DEEPEST: Final = 100


class Finding(Frozen):
    """What one check found: whether it `holds`, and in a sentence."""

    check: str
    holds: bool
    sentence: str


class UnfitBundleError(ValueError):
    """A file of a bundle cannot be read as what it has to be; the message says which, and why."""


class Bundle(NamedTuple):
    """A bundle, read: its manifest, its parts, and what the events say."""

    manifest: Manifest
    events: tuple[EventShown, ...]
    history: tuple[Recorded, ...]
    forms: tuple[FormVersion, ...]
    attested: tuple[Attestation, ...]
    mails: tuple[MailShown, ...]
    rules: tuple[RulesInForce, ...]
    clearances: tuple[ClearanceShown, ...]
    proofs: tuple[CheckpointProof, ...]

    @property
    def past(self) -> tuple[AnyEvent, ...]:
        """All that happened, without numbers and times."""
        return tuple(said.event for said in self.history)


def findings(files: Mapping[str, bytes], signed: Signed, fingerprint: str | None) -> tuple[Finding, ...]:
    """Return what every check found of the files of a bundle, by their names.

    `fingerprint` (hex) is that of the key that the school publishes; None leaves open who signed. Where a file cannot
    be read, that is found, and what needs it is not looked at.
    """
    try:
        manifest = manifest_of(files)
    except UnfitBundleError as fault:
        return (_wrong("manifest", str(fault)),)
    found = [files_are_whole(files, manifest), signature_holds(files, manifest, signed, fingerprint)]
    try:
        bundle = read_bundle(files, manifest)
    except UnfitBundleError as fault:
        return (*found, *_chain_alone(files, manifest), _wrong("contents", str(fault)))
    return (
        *found,
        chain_holds(bundle.events, manifest),
        fields_keep_their_word(bundle),
        rules_were_kept(bundle),
        one_decision_per_ask(bundle.history),
        was_cleared(bundle),
        words_are_those_of_the_events(bundle),
        mails_are_as_sent(bundle.mails),
        *checkpoints_hold(bundle, signed),
    )


def manifest_of(files: Mapping[str, bytes]) -> Manifest:
    """Return the manifest.

    Raises:
        UnfitBundleError: there is none, or it is of another format.
    """
    if MANIFEST not in files:
        msg = f"There is no {MANIFEST} in it: this is no evidence of Duly."
        raise UnfitBundleError(msg)
    value = _json(files, MANIFEST)
    if not isinstance(value, dict) or value.get("format") not in get_args(Format):
        msg = "Its format is neither duly-evidence/1 nor duly-evidence/2: another version of this program may know it."
        raise UnfitBundleError(msg)
    return _read(TypeAdapter(Manifest), value, MANIFEST)


def files_are_whole(files: Mapping[str, bytes], manifest: Manifest) -> Finding:
    """Find whether every file is there as the manifest has it, and no other."""
    check = "files"
    listed = manifest.members
    for name in sorted(listed):
        if name not in files:
            return _wrong(check, f"{name} is missing.")
        data = files[name]
        if len(data) != listed[name].size or hashlib.sha256(data).hexdigest() != listed[name].sha256:
            return _wrong(check, f"{name} was changed: it is not the file that the manifest lists.")
    more = sorted(set(files) - set(listed) - {MANIFEST, SIGNATURE})
    if more:
        return _wrong(check, f"{more[0]} was added: the manifest does not list it.")
    left_out = "".join(f" {name} was left out: {why}." for name, why in sorted(manifest.left_out.items()))
    return _right(check, f"All {len(listed)} files are as the manifest lists them.{left_out}")


def signature_holds(files: Mapping[str, bytes], manifest: Manifest, signed: Signed, fingerprint: str | None) -> Finding:
    """Find whether the manifest is signed, by the key with that fingerprint."""
    check = "signature"
    text = files.get(SIGNATURE, b"")
    is_whole = len(text) == _SIGNATURE and text.endswith(b"\n") and set(text[:-1]) <= set(b"0123456789abcdef")
    if not is_whole or not signed(manifest.key, text[:-1].decode(), BEFORE_THE_MANIFEST + files[MANIFEST]):
        return _wrong(check, "The signature does not fit the manifest: somebody changed it after it was signed.")
    own = hashlib.sha256(bytes.fromhex(manifest.key)).hexdigest()
    if fingerprint is None:
        return _wrong(SIGNER, f"Intact, signer not checked: it was signed by the key {own}, whosever that is.")
    if own != fingerprint:
        return _wrong(check, f"It was signed by another key, {own}, and not by the one that you were given.")
    return _right(check, "The manifest is signed by the key that you were given.")


def read_bundle(files: Mapping[str, bytes], manifest: Manifest) -> Bundle:
    """Return what the files hold.

    Raises:
        UnfitBundleError: one of them is missing, or is not what it has to be.
    """
    events = _events(files)
    return Bundle(
        manifest=manifest,
        events=events,
        history=tuple(_recorded(one, manifest.case) for one in events),
        forms=_part(files, FORMS, tuple[FormVersion, ...]),
        attested=_part(files, ATTESTATIONS, tuple[Attestation, ...]),
        mails=_part(files, MAILS, tuple[MailShown, ...]),
        rules=_part(files, RULES, tuple[RulesInForce, ...]),
        clearances=_part(files, CLEARANCES, tuple[ClearanceShown, ...]),
        proofs=_part(files, CHECKPOINTS, tuple[CheckpointProof, ...]),
    )


def chain_holds(events: Sequence[EventShown], manifest: Manifest) -> Finding:
    """Find whether no event is missing, moved or changed, up to the last one that the manifest names."""
    check = "chain"
    links = [one.link(manifest.case) for one in events]
    broken = first_broken(links)
    if broken is not None:
        return _wrong(check, f"Event {broken} is missing, was moved or was changed: the chain of hashes breaks there.")
    last = links[-1] if links else None
    if last is None or (last.n, last.hash) != (manifest.head.n, manifest.head.hash):
        return _wrong(check, f"The chain does not end in the event {manifest.head.n} that the manifest names.")
    return _right(check, f"The chain of {len(links)} events is whole and in its order.")


def fields_keep_their_word(bundle: Bundle) -> Finding:
    """Find whether every field that is shown is what its event committed to, and nothing was left out in silence."""
    check = "contents"
    shown = withheld = 0
    rules: set[str] = set()
    for one in bundle.events:
        fault = _broken_word(one)
        if fault:
            return _wrong(check, fault)
        hidden = [field for field in one.fields.values() if isinstance(field, Withheld)]
        rules |= {field.withheld for field in hidden}
        withheld += len(hidden)
        shown += len(one.fields) - len(hidden)
    undeclared = rules - set(bundle.manifest.withheld)
    if undeclared:
        return _wrong(
            check, f"Something is withheld by the rule “{min(undeclared)}”, which the manifest does not name."
        )
    if not withheld:
        return _right(check, f"All {shown} fields of the events are what was committed to when they were recorded.")
    named = " and ".join(f"“{rule}”" for rule in sorted(rules))
    return _right(
        check,
        f"All {shown} fields that are shown are what was committed to when they were recorded. {withheld} are withheld"
        f" by the rule {named}: for what stands in their place only the signer vouches.",
    )


def rules_were_kept(bundle: Bundle) -> Finding:
    """Find whether every event came after what has to come before it, by the rules that were in force then."""
    check = "order"
    if not bundle.rules or bundle.rules[0].from_event != 1:
        return _wrong(check, f"{RULES} does not say by which rules the case began.")
    past = bundle.past
    for place, event in enumerate(past):
        in_force = [one for one in bundle.rules if one.from_event <= place + 1][-1]
        rule = forbidding_rule(in_force.rules, past[:place], event)
        if rule is not None:
            clause = in_force.clauses.get(rule.clause)
            where = f" ({clause.where})" if clause else ""
            return _wrong(check, f"Event {place + 1}, {event.kind}, breaks the rule {rule.key}{where}.")
    count = len({rule.key for one in bundle.rules for rule in one.rules})
    return _right(check, f"Every event keeps the order rules of the policy ({count} of them).")


def one_decision_per_ask(history: Sequence[Recorded]) -> Finding:
    """Find whether no ask was decided twice, and none that was never opened, or by somebody whom it did not reach."""
    check = "decisions"
    reached: dict[str, set[str]] = {}
    decided: dict[str, int] = {}
    for said in history:
        event = said.event
        if isinstance(event, AskOpened):
            reached.setdefault(event.ask, set())
        if isinstance(event, Approved | Returned | Rejected):
            if event.ask not in reached:
                return _wrong(check, f"Event {said.n} decides the ask {event.ask}, which was never opened.")
            if event.ask in decided:
                return _wrong(
                    check, f"Event {said.n} decides the ask {event.ask}, which event {decided[event.ask]} had decided."
                )
            if event.by not in reached[event.ask]:
                return _wrong(check, f"Event {said.n} decides the ask {event.ask} for somebody whom it did not reach.")
            decided[event.ask] = said.n
        asked = getattr(event, "asked", None)
        ask = getattr(event, "ask", None)
        if ask in reached and isinstance(asked, tuple):
            reached[ask] = {one.person for one in asked}
    return _right(
        check, f"Each of {len(decided)} decisions answers an ask of its own, by somebody whom it had reached."
    )


def was_cleared(bundle: Bundle) -> Finding:
    """Find whether what a disciplinary case was cleared by is shown, and permits it."""
    check = "clearances"
    cleared = [(said.n, said.event.clearance) for said in bundle.history if isinstance(said.event, CaseCleared)]
    for n, clearance in cleared:
        if clearance.case == bundle.manifest.case:
            kinds = [said.event.kind for said in bundle.history if said.n == clearance.n]
            if kinds != ["triage_recorded"] or clearance.n >= n:
                return _wrong(check, f"Event {n} says that the case was cleared by its own triage, which is not there.")
            continue
        fault = _unfit_clearance(bundle, n)
        if fault:
            return _wrong(check, fault)
    if not cleared:
        return _right(
            check, "The case is of a kind that nothing has to clear, or nothing in it says that it was cleared."
        )
    return _right(check, f"What cleared the case is shown, and permits it ({len(cleared)} times).")


def words_are_those_of_the_events(bundle: Bundle) -> Finding:
    """Find whether the versions of the form and the attestations say what the events say."""
    check = "attestations"
    names = {one.by: one.name for one in bundle.attested if one.answer != "signed"}
    has_documents = {"document" in one.model_fields_set for one in bundle.attested}
    fits = has_documents <= {bundle.manifest.format != FIRST_FORMAT}
    if not fits or attestations(bundle.history, names, bundle.manifest.format) != bundle.attested:
        return _wrong(check, f"{ATTESTATIONS} does not say what the events say of who signed what.")
    changes = [(said.n, event.version, dict(event.answers)) for said, event in form_events(bundle.history)]
    forms = [(one.event, one.version, one.answers) for one in bundle.forms]
    if canonical([list(one) for one in forms]) != canonical([list(one) for one in changes]):
        return _wrong(check, f"{FORMS} does not say what the events say of the form.")
    counted = f"{len(bundle.attested)} answers and {len(bundle.forms)} versions of the form"
    return _right(check, f"{counted} are as the events have them.")


def mails_are_as_sent(mails: Sequence[MailShown]) -> Finding:
    """Find whether every mail that is made again has the digest that was taken of it when it was sent."""
    check = "mails"
    made = [one for one in mails if one.rendered is not None]
    for one in made:
        if one.rendered is not None and text_digest(one.rendered.subject, one.rendered.text, one.rendered.html) != (
            one.rendered.text_sha256
        ):
            return _wrong(check, f"The text of the mail {one.id} is not the one that was sent.")
    rest = f"; of {len(mails) - len(made)} others there is no text, and why" if len(made) < len(mails) else ""
    return _right(check, f"The texts of {len(made)} mails are those that were sent, less their links{rest}.")


def checkpoints_hold(bundle: Bundle, signed: Signed) -> tuple[Finding, ...]:
    """Find whether each checkpoint is signed, knew this case, and knew no event that is not there."""
    check = "checkpoints"
    for one in bundle.proofs:
        fault = _unfit_proof(one, bundle, signed)
        if fault:
            return (_wrong(check, fault),)
    if not bundle.proofs:
        return (
            _right(check, "No checkpoint had been taken since the case began: only the signer vouches for its end."),
        )
    last, _ = read(bundle.proofs[-1].text)
    words = f"{len(bundle.proofs)} checkpoints, the last of {last.at:%Y-%m-%d}"
    return (_right(check, f"{words}, had seen the case as it is here, up to event {bundle.proofs[-1].count}."),)


def _chain_alone(files: Mapping[str, bytes], manifest: Manifest) -> tuple[Finding, ...]:
    """Return what is found of the chain where something else cannot be read."""
    try:
        return (chain_holds(_events(files), manifest),)
    except UnfitBundleError:
        return ()


def _broken_word(one: EventShown) -> str:
    """Return what is wrong with the fields of an event, or nothing."""
    entry = _entry(one)
    committed = entry.get("commitments")
    if not isinstance(committed, dict) or canonical(entry) != one.entry:
        return f"The entry of event {one.n} is not written in the one way in which entries are."
    if set(committed) != set(one.fields):
        return f"Event {one.n} committed to other fields than those that are here."
    for name, (salt, value) in one.said().items():
        digest = hashlib.sha256(bytes.fromhex(salt) + canonical(value).encode()).hexdigest()
        if digest != committed[name]:
            return f"What event {one.n} says in the field {name} is not what it committed to."
    return ""


def _entry(one: EventShown) -> dict[str, Any]:
    try:
        entry = json.loads(one.entry)
    except (ValueError, RecursionError):
        return {}
    return entry if isinstance(entry, dict) else {}


def _unfit_clearance(bundle: Bundle, n: int) -> str:
    """Return what is wrong with the event of another case that cleared this one in its event `n`, or nothing."""
    said = next(said.event for said in bundle.history if said.n == n)
    shown = next((one for one in bundle.clearances if one.cleared == n), None)
    if shown is None or not isinstance(said, CaseCleared):
        return f"Event {n} says that the LADO's advice cleared the case, and that advice is not shown."
    clearance, entry = said.clearance, _entry(shown.event)
    own = hashlib.sha256(f"{shown.event.previous}{shown.event.entry}".encode()).hexdigest()
    if (entry.get("case"), entry.get("n"), own) != (clearance.case, clearance.n, clearance.hash):
        return f"Event {n} names another event as the advice that cleared the case than the one that is shown."
    if not shown.event.fields:
        return ""
    fault = _broken_word(shown.event)
    if fault:
        return f"Of the advice that cleared the case: {fault}"
    values = shown.event.values()
    if values.get("kind") != "lado_advice_recorded" or _PERMIT not in (values.get("permits") or ()):
        return f"What event {n} names as the advice that cleared the case does not permit it."
    if not set(clearance.allegations) <= set(values.get("allegations") or ()):
        return f"The advice that event {n} names is about other allegations."
    return ""


def _unfit_proof(one: CheckpointProof, bundle: Bundle, signed: Signed) -> str:
    """Return what is wrong with a checkpoint and its proof, or nothing."""
    try:
        checkpoint, signature = read(one.text)
    except UnreadableCheckpointError:
        return "A checkpoint is not whole: its text was cut or changed."
    called = f"Checkpoint {checkpoint.n} of {checkpoint.at:%Y-%m-%d}"
    if checkpoint.key not in {bundle.manifest.key, *bundle.manifest.former_keys}:
        return f"{called} was made with a key for which the signer does not vouch."
    if not signed(checkpoint.key, signature, checkpoint.to_sign()):
        return f"{called} was changed: its signature does not fit."
    try:
        beside = [bytes.fromhex(text) for text in one.beside]
    except ValueError:
        beside = []
    is_in_the_tree = (
        len(beside) < _DEEPEST and checkpoint.leaves == 1 << len(beside) and 0 <= one.index < 1 << len(beside)
    )
    leaf = case_leaf(bundle.manifest.case, one.count, one.head)
    if not is_in_the_tree or root_by(leaf, one.index, beside).hex() != checkpoint.root:
        return f"{called} does not prove what is said of it here: the way to its root leads elsewhere."
    if one.count > len(bundle.events):
        return (
            f"{called} knew {one.count} events of the case, and only {len(bundle.events)} are here: some were removed."
        )
    if one.count < 1 or bundle.events[one.count - 1].hash != one.head:
        return f"{called} knew another event {one.count} than the one that is here: the case was written anew."
    return ""


def _recorded(one: EventShown, case: str) -> Recorded:
    try:
        event = EVENT.validate_python(one.values())
        return Recorded.model_validate({"n": one.n, "at": one.link(case).at, "event": event})
    except (ValueError, TypeError, AttributeError):
        msg = f"Event {one.n} cannot be read: this version of the program does not know such an event."
        raise UnfitBundleError(msg) from None


def _events(files: Mapping[str, bytes]) -> tuple[EventShown, ...]:
    events = _part(files, EVENTS, tuple[EventShown, ...])
    for place, one in enumerate(events, 1):
        if not _entry(one):
            msg = f"The entry of event {place} is no JSON."
            raise UnfitBundleError(msg)
    return events


def _part(files: Mapping[str, bytes], name: str, kind: type[T]) -> T:
    if name not in files:
        msg = f"{name} is missing."
        raise UnfitBundleError(msg)
    return _read(TypeAdapter(kind), _json(files, name), name)


def _read(kind: TypeAdapter[T], value: Any, name: str) -> T:  # noqa: ANN401 -- anything that JSON holds
    try:
        return kind.validate_python(value)
    except (ValueError, RecursionError):
        msg = f"{name} does not hold what it has to hold."
        raise UnfitBundleError(msg) from None


def _json(files: Mapping[str, bytes], name: str) -> Any:  # noqa: ANN401 -- anything that JSON holds
    """Return what a file holds, which is written in the one way in which all of them are."""
    try:
        text = files[name].decode()
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        canonical(value).encode()
    except (ValueError, RecursionError):
        msg = f"{name} is not JSON that can be read in one way only."
        raise UnfitBundleError(msg) from None
    if canonical(value) != text:
        msg = f"{name} is not written in the one way in which the files of evidence are."
        raise UnfitBundleError(msg)
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        msg = "a name comes twice"
        raise ValueError(msg)
    return found


def _no_number(text: str) -> Any:  # noqa: ANN401 -- never returns
    msg = f"{text} is no number"
    raise ValueError(msg)


def _right(check: str, sentence: str) -> Finding:
    return Finding(check=check, holds=True, sentence=sentence)


def _wrong(check: str, sentence: str) -> Finding:
    return Finding(check=check, holds=False, sentence=sentence)
