"""What whoever looks into Temporal sees of a case: all but what is sealed, its ids and its times."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, TypeAlias

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from temporalio.client import Client

Shape: TypeAlias = dict[str, frozenset[str]]
"""What names are used in a case, by what they are names of."""

_ID: Final = re.compile(r"[0-9a-f]{32}")
_NAMES: Final = frozenset({"name", "identity", "type", "kind", "key"})


async def shape_of(client: Client, case: str) -> Shape:
    """Return what names a case uses: of types, queues, updates and activities, and of those who did something.

    Only what was said is looked at, not which kinds of events there were: a case that failed for a moment has others.
    """
    handle = client.get_workflow_handle(case)
    found: dict[str, set[str]] = defaultdict(set)
    described = (await handle.describe()).raw_description.workflow_execution_info
    for where, name in _names(described, "workflow"):
        found[where].add(name)
    async for event in handle.fetch_history_events():
        for where, name in _names(event, "event"):
            if "failure" not in where:
                found[where.rpartition("_event_attributes.")[2]].add(name)
    return {where: frozenset(names) for where, names in found.items()}


async def updates_of(client: Client, case: str) -> set[str]:
    """Return the ids of everything that was done in a case, as Temporal shows them."""
    history = client.get_workflow_handle(case).fetch_history_events()
    accepted = [event.workflow_execution_update_accepted_event_attributes async for event in history]
    return {one.protocol_instance_id for one in accepted} - {""}


def _names(message: Message, where: str) -> Iterator[tuple[str, str]]:
    for field, value in message.ListFields():
        place = f"{where}.{field.name}"
        several = value if field.is_repeated else [value]
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            yield from ((place, str(key)) for key in value)
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            for one in several:
                yield from _names(one, place)
        elif field.type == FieldDescriptor.TYPE_STRING and field.name in _NAMES:
            yield from ((place, _ID.sub("…", one)) for one in several)
