"""What was put on record in a confidential case, in words."""

from collections.abc import Mapping

from domain.entries import AnyEntry, AnyRemark


def entry_in_words(event: AnyEntry | AnyRemark, names: Mapping[str, str]) -> str:
    """Return an entry in one sentence. `names` are those of people, by id."""
    who = names.get(getattr(event, "by", ""), "Duly")
    return f"{who}: {event.kind.replace('_', ' ')}"
