"""What crosses to Temporal opens in its own case and nowhere else, and what Duly did not seal is refused."""

from collections.abc import Sequence

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import ActivitySerializationContext, DataConverter, WorkflowSerializationContext
from temporalio.exceptions import ApplicationError

from domain.cases import Act
from store.codec import data_converter
from store.database import Database
from store.keys import CaseKeyMissingError, CaseKeys
from tests.builders import MONDAY

# The keys are found in the same way on either database.
pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)

ACT = Act(kind="answer", person="ben", how="link", ask="a1", comment="Between us.", opened_at=MONDAY)


@pytest.fixture
async def case_keys(database: Database, keys: CaseKeys) -> CaseKeys:
    """Make the keys of two cases."""
    async with database.write() as session:
        await keys.create(session, "c-1")
        await keys.create(session, "c-2")
    return keys


def of_case(keys: CaseKeys, case: str = "c-1", namespace: str = "default") -> DataConverter:
    return data_converter(keys).with_context(WorkflowSerializationContext(namespace, case))


def of_activity(keys: CaseKeys, case: str | None) -> DataConverter:
    context = ActivitySerializationContext("default", "a-1", "publish", "duly", case, "case", is_local=False)
    return data_converter(keys).with_context(context)


async def refused(converter: DataConverter, payloads: Sequence[Payload]) -> bool:
    """Return whether nothing can be read from `payloads`."""
    try:
        read = await converter.decode(payloads, [Act])
    except (KeyError, RuntimeError, ValueError):
        return True
    return read != [ACT] and not any(isinstance(one, Act) for one in read)


async def test_what_a_case_sealed_is_read_by_it_and_by_its_activities(case_keys: CaseKeys) -> None:
    payloads = await of_case(case_keys).encode([ACT])
    assert await of_case(case_keys).decode(payloads, [Act]) == [ACT]
    assert await of_activity(case_keys, "c-1").decode(payloads, [Act]) == [ACT]


async def test_a_long_payload_is_packed_before_it_is_sealed(case_keys: CaseKeys) -> None:
    long = ACT.model_copy(update={"comment": "Between us. " * 200})
    (payload,) = payloads = await of_case(case_keys).encode([long])
    assert len(payload.data) < 600
    assert await of_case(case_keys).decode(payloads, [Act]) == [long]


async def test_a_payload_that_would_not_get_smaller_is_not_packed(case_keys: CaseKeys) -> None:
    (plain,) = await DataConverter().encode(["short"])
    (payload,) = await of_case(case_keys).encode(["short"])
    assert len(payload.data) == len((await case_keys.of("c-1")).seal("payload", plain.SerializeToString()))
    assert await of_case(case_keys).decode([payload], [str]) == ["short"]


async def test_a_payload_that_the_first_version_sealed_unpacked_is_read(case_keys: CaseKeys) -> None:
    plain = Payload(metadata={"encoding": b"json/plain"}, data=ACT.model_dump_json().encode())
    sealed = (await case_keys.of("c-1")).seal("payload|default", plain.SerializeToString())
    payload = Payload(metadata={"encoding": b"binary/sealed"}, data=sealed)
    assert await of_case(case_keys).decode([payload], [Act]) == [ACT]


async def test_nothing_of_what_was_sealed_can_be_seen(case_keys: CaseKeys) -> None:
    (payload,) = await of_case(case_keys).encode([ACT])
    assert b"Between us" not in payload.SerializeToString()
    assert b"answer" not in payload.SerializeToString()
    assert dict(payload.metadata) == {"encoding": b"binary/sealed"}


async def test_a_payload_copied_to_another_case_is_refused(case_keys: CaseKeys) -> None:
    payloads = await of_case(case_keys).encode([ACT])
    assert await refused(of_case(case_keys, "c-2"), payloads)
    assert await refused(of_activity(case_keys, "c-2"), payloads)


async def test_a_payload_copied_to_another_namespace_is_refused(case_keys: CaseKeys) -> None:
    payloads = await of_case(case_keys).encode([ACT])
    assert await refused(of_case(case_keys, namespace="other"), payloads)


async def test_a_payload_that_was_changed_is_refused(case_keys: CaseKeys) -> None:
    (payload,) = await of_case(case_keys).encode([ACT])
    payload.data = payload.data[:-1] + bytes([payload.data[-1] ^ 1])
    assert await refused(of_case(case_keys), [payload])


async def test_a_payload_that_was_never_sealed_is_refused(case_keys: CaseKeys) -> None:
    plain = await DataConverter(payload_converter_class=data_converter(case_keys).payload_converter_class).encode([ACT])
    assert b"Between us" in plain[0].data
    assert await refused(of_case(case_keys), plain)
    assert await refused(of_case(case_keys), [Payload(metadata={"encoding": b"binary/null"})])


async def test_a_payload_that_says_it_is_sealed_and_is_not_is_refused(case_keys: CaseKeys) -> None:
    for data in (b"", b"\x01", b"\x01" + bytes(60)):
        assert await refused(of_case(case_keys), [Payload(metadata={"encoding": b"binary/sealed"}, data=data)])


async def test_one_refused_payload_does_not_take_the_others_with_it(case_keys: CaseKeys) -> None:
    codec = of_case(case_keys).payload_codec
    assert codec is not None
    sealed = await codec.encode([Payload(data=b"one"), Payload(data=b"two")])
    forged, good = await codec.decode([Payload(data=b"plain"), sealed[1]])
    assert good.data == b"two"
    assert forged.data == b""


@pytest.mark.parametrize("workflow", [None, ""])
async def test_a_job_of_no_case_is_sealed_with_the_key_of_the_system(case_keys: CaseKeys, workflow: str | None) -> None:
    payloads = await of_activity(case_keys, workflow).encode([ACT])
    assert await data_converter(case_keys).decode(payloads, [Act]) == [ACT]
    assert await refused(of_case(case_keys), payloads)


async def test_a_case_cannot_be_read_as_a_job_of_no_case(case_keys: CaseKeys) -> None:
    assert await refused(data_converter(case_keys), await of_case(case_keys).encode([ACT]))


async def test_without_the_key_of_its_case_nothing_is_sealed_or_read(case_keys: CaseKeys) -> None:
    payloads = await of_case(case_keys).encode([ACT])
    with pytest.raises(CaseKeyMissingError, match="c-9"):
        await of_case(case_keys, "c-9").encode([ACT])
    with pytest.raises(CaseKeyMissingError, match="c-9"):
        await of_case(case_keys, "c-9").decode(payloads)


async def test_the_text_of_a_failure_is_sealed(case_keys: CaseKeys) -> None:
    failure = Failure()
    await of_case(case_keys).encode_failure(ApplicationError("Ben wrote: between us"), failure)
    assert b"between us" not in failure.SerializeToString()
    assert failure.message == "Encoded failure"
    told = await of_case(case_keys).decode_failure(failure)
    assert "Ben wrote: between us" in str(told)
