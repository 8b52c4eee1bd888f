"""What crosses to Temporal: every payload packed, sealed with the key of its case and bound to its workflow id.

A payload that was copied to another case, changed, or never sealed is refused: whoever reaches Temporal can neither
read a case nor speak in its name. Failures are sealed too; their text may be a person's.
"""

import asyncio
import zlib
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Final, Self

import structlog
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import (
    ActivitySerializationContext,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
    SerializationContext,
    WithSerializationContext,
    WorkflowSerializationContext,
)
from temporalio.envconfig import ClientConfig

from domain.text import one_line
from store.keys import CaseKeys, SealBrokenError, Sealer

_ENCODING: Final = b"binary/sealed"
_PACKED: Final = b"binary/zlib"
_REFUSED: Final = b"binary/refused"
# The journal of Temporal's server costs more than packing; packing harder costs more than it saves.
_FAST: Final = 1

_LONGEST: Final = 200

log = structlog.get_logger()


class TemporalSettingsError(RuntimeError):
    """What the environment says of Temporal cannot be used; `line` says why, to whoever looks after it."""

    def __init__(self, why: str) -> None:
        self.line = f"TEMPORAL_ADDRESS, or what is set beside it, cannot be used: {one_line(why, _LONGEST)}"
        super().__init__(self.line)


@dataclass(frozen=True)
class SealingCodec(PayloadCodec, WithSerializationContext):
    """Seals payloads for the workflow of its context, or for the system where there is none."""

    keys: CaseKeys
    workflow: str = ""
    namespace: str = ""

    def with_context(self, context: SerializationContext) -> "SealingCodec":
        """Return the codec of the workflow that `context` names."""
        if isinstance(context, WorkflowSerializationContext | ActivitySerializationContext):
            return replace(self, workflow=context.workflow_id or "", namespace=context.namespace)
        return self

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Return `payloads` sealed.

        Raises:
            CaseKeyMissingError: the case has no key.
        """
        sealer, place = await self._sealer()
        return [
            Payload(metadata={"encoding": _ENCODING}, data=sealer.seal(place, _small(payload.SerializeToString())))
            for payload in payloads
        ]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Return what was sealed; in place of what was not, or not for this case, a payload that no one can read.

        Raising here would stop the whole case at the next forged signal. The payload that no converter knows is
        refused where it is read, and only there: an update is rejected, a signal finds no handler.

        Raises:
            CaseKeyMissingError: the case has no key.
        """
        sealer, place = await self._sealer()
        return [self._opened(payload, sealer, place) for payload in payloads]

    def _opened(self, payload: Payload, sealer: Sealer, place: str) -> Payload:
        try:
            if payload.metadata.get("encoding") == _ENCODING:
                return _whole(Payload.FromString(sealer.open(place, payload.data)))
        except SealBrokenError:
            pass
        log.warning("payload_refused", case=self.workflow)
        return Payload(metadata={"encoding": _REFUSED})

    async def _sealer(self) -> tuple[Sealer, str]:
        if not self.workflow:
            return self.keys.ring.system(), "job"
        return await self.keys.of(self.workflow), f"payload|{self.namespace}"


def _small(payload: bytes) -> bytes:
    """Return a payload, packed in another one where that is smaller."""
    packed = Payload(metadata={"encoding": _PACKED}, data=zlib.compress(payload, _FAST)).SerializeToString()
    return min(packed, payload, key=len)


def _whole(payload: Payload) -> Payload:
    """Return what was packed, and a payload that was not, such as those of the first version, as it is."""
    if payload.metadata.get("encoding") != _PACKED:
        return payload
    return Payload.FromString(zlib.decompress(payload.data))


@dataclass(frozen=True)
class _Converter(DataConverter):
    """Temporal's converter, of which only the codec has to know the workflow: the rest is not made anew each time."""

    def with_context(self, context: SerializationContext) -> Self:
        """Return the converter of the workflow that `context` names."""
        here = copy(self)
        if isinstance(self.payload_codec, SealingCodec):
            object.__setattr__(here, "payload_codec", self.payload_codec.with_context(context))
        return here


def data_converter(keys: CaseKeys) -> DataConverter:
    """Return the converter of everything that Duly hands to Temporal."""
    return _Converter(
        payload_converter_class=PydanticPayloadConverter,
        payload_codec=SealingCodec(keys),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


async def connect(keys: CaseKeys, *, lazy: bool, unless_named: str = "127.0.0.1:7233") -> Client:
    """Return a client of the Temporal that the environment names; a lazy one connects when it is first used.

    Where the environment names none, it is the one at the address `unless_named`.

    Raises:
        RuntimeError: Temporal does not answer; never with `lazy`.
        TemporalSettingsError: what the environment says of it cannot be used.

    Source: Temporal's own convention for the environment and its profile file.
    """
    try:
        configuration = await asyncio.to_thread(ClientConfig.load_client_connect_config)
    except (RuntimeError, ValueError, OSError) as error:
        raise TemporalSettingsError(str(error)) from error
    configuration.setdefault("target_host", unless_named)
    try:
        return await Client.connect(**configuration, data_converter=data_converter(keys), lazy=lazy, identity="duly")
    except (ValueError, OSError) as error:
        raise TemporalSettingsError(str(error)) from error
