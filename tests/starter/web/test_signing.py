"""Signing a document: read, type a name, check, sign; then the certificate. What cannot be signed says why."""

import io
from dataclasses import replace

import pytest
from httpx2 import Response

from domain.cases import Act
from domain.documents import text_digest
from domain.events import Approved, Rejected
from domain.round_entries import CampaignClosed, DocumentSigned
from starter.web.site import Site
from store import links
from templates import documents
from tests.builders import ORGANISATION
from tests.starter.web.conftest import Browser, Clock, SignedIn, page_of
from tests.starter.web.papers import (
    ATTESTATION,
    CODE_TEXT,
    PAPERS,
    a_link_to_sign,
    asked_to_sign,
    case_of,
    events_of,
    signature_of,
    taken_on,
)
from tests.starter.web.running import Running

ADA = "ada@elmbrook.example"
AMINA = "amina@elmbrook.example"
BEN = "ben@elmbrook.example"
DIGEST = text_digest("Code of conduct", "1", CODE_TEXT)


@pytest.fixture
def site(site: Site) -> Site:
    return replace(site, packs={**site.packs, ORGANISATION: PAPERS})


@pytest.fixture
async def campaign(site: Site, running: Running, signed_in: SignedIn) -> str:
    """Return the path of a campaign in which everybody is asked to sign the code of conduct."""
    await taken_on(site, running, "code")
    return await asked_to_sign(await signed_in(ADA))


@pytest.fixture
async def token(site: Site, campaign: str) -> str:
    """Return the token by which Amina may sign."""
    return await a_link_to_sign(site, "amina")


def text_of(answer: Response) -> str:
    main = page_of(answer).select_one("main")
    assert main is not None
    return " ".join(main.get_text(" ").split())


def errors_of(answer: Response) -> list[str]:
    return [link.get_text(strip=True) for link in page_of(answer).select(".govuk-error-summary__list a")]


async def send(client: Browser, token: str, stage: str, **fields: str) -> Response:
    return await client.post("/d", {"token": token, "stage": stage, "decision": "approve", **fields})


async def sign(client: Browser, token: str, name: str = "Amina Okafor") -> Response:
    await send(client, token, "review", signature=name)
    return await send(client, token, "confirm", signature=name)


@pytest.mark.meets("ACK-01", "ACK-08")
async def test_the_page_has_the_whole_document_with_its_headings_and_the_words_verbatim(
    client: Browser, token: str
) -> None:
    answer = await client.get(f"/d/{token}")
    page, text = page_of(answer), text_of(answer)
    assert [heading.get_text() for heading in page.select(".duly-document h3")] == ["Code of conduct", "1. Online"]
    assert [item.get_text(strip=True) for item in page.select(".duly-document li")] == [
        "I use the school's own accounts.",
        "I do not befriend pupils.",
    ]
    assert f"“{ATTESTATION}”" in text
    assert "Version 1. You are signing as Amina Okafor" in text
    assert "Elmbrook 16.6" in text
    buttons = [button.get_text(strip=True) for button in page.select("main button")]
    assert buttons == ["Sign", "I do not sign"]
    assert not any(word in text for word in ("Reject", "Return for changes", "Approve"))


@pytest.mark.meets("ACK-03")
async def test_it_says_to_whom_to_speak_for_another_language_or_format(client: Browser, token: str) -> None:
    text = text_of(await client.get(f"/d/{token}"))
    assert "I need it in another language or format" in text
    assert "Speak to the Line manager (Ben Carter) or the Headteacher (Helen Marsh) before you sign" in text


@pytest.mark.meets("ACK-01", "ACK-08")
async def test_a_name_typed_and_checked_is_a_signature_of_that_very_version(
    client: Browser, site: Site, token: str
) -> None:
    check = await send(client, token, "review", signature="Amina Okafor")
    assert "Check your signature" in text_of(check)
    assert "Nothing is on record until you press the button below" in text_of(check)
    assert page_of(check).select_one("main input[name=signature]") is not None
    row = await signature_of(site, "amina")
    assert row.signed_at is None
    done = await send(client, token, "confirm", signature="Amina Okafor")
    assert (done.status_code, done.headers["Location"]) == (303, f"/d/{token}/receipt")
    events = await events_of(site, row.case)
    [approved] = [event for event in events if isinstance(event, Approved)]
    [signed] = [event for event in events if isinstance(event, DocumentSigned)]
    assert approved.signature.attestation == ATTESTATION
    assert approved.signature.name == "Amina Okafor"
    assert (signed.by, signed.version, signed.digest) == ("amina", "1", DIGEST)
    assert (await signature_of(site, "amina")).signed_at is not None


async def test_a_certificate_says_who_signed_what_under_which_words_and_when(client: Browser, token: str) -> None:
    receipt = await client.get((await sign(client, token, "A. Okafor")).headers["Location"])
    text = text_of(receipt)
    for said in ("Amina Okafor, signed as A. Okafor", "Code of conduct", "1", ATTESTATION, DIGEST, "2 November 2026"):
        assert said in text
    assert "Monday 2 November 2026 at 9:30am" in text


@pytest.mark.skipif(not documents.can_print(), reason="the extra pdf is not here")
async def test_the_certificate_is_there_on_paper_by_the_link_for_ten_minutes_and_signed_in_for_good(
    client: Browser, site: Site, clock: Clock, token: str, signed_in: SignedIn
) -> None:
    from pypdf import PdfReader

    assert (await client.get(f"/d/{token}/certificate.pdf")).status_code == 404
    await sign(client, token)
    paper = await client.get(f"/d/{token}/certificate.pdf")
    assert paper.headers["Content-Type"] == "application/pdf"
    text = " ".join(PdfReader(io.BytesIO(paper.content)).pages[0].extract_text().split())
    for said in ("Certificate of a signature", "Code of conduct", "Amina Okafor", ATTESTATION, DIGEST):
        assert said in text
    clock.pass_time(minutes=11)
    assert (await client.get(f"/d/{token}/certificate.pdf")).status_code == 410
    path = f"/cases/{(await signature_of(site, 'amina')).reference}/certificate.pdf"
    assert (await (await signed_in(AMINA)).get(path)).status_code == 200
    assert (await (await signed_in(BEN)).get(path)).status_code == 404


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"signature": ""}, "Type your full name"),
        ({"signature": " \u200b"}, "Type your full name"),
        ({"signature": "x" * 201}, "Your name must be 200 characters or fewer"),
        ({"decision": "reject", "comment": " "}, "Say why you do not sign"),
        ({"decision": "reject", "comment": "x" * 4001}, "Your reason must be 4000 characters or fewer"),
        ({"decision": "return", "comment": "Change it"}, "Say whether you sign"),
        ({"decision": "", "signature": "Amina"}, "Say whether you sign"),
    ],
)
async def test_what_is_missing_is_said_beside_its_field_and_nothing_is_on_record(
    client: Browser, site: Site, token: str, fields: dict[str, str], says: str
) -> None:
    answer = await send(client, token, "review", **fields)
    assert (answer.status_code, errors_of(answer)) == (422, [says])
    assert (await send(client, token, "confirm", **fields)).status_code == 422
    row = await signature_of(site, "amina")
    assert (row.signed_at, row.declined_at) == (None, None)


async def test_whoever_does_not_sign_says_why_and_is_on_record_as_that(client: Browser, site: Site, token: str) -> None:
    reason = "I am not given the training that it asks for."
    check = await send(client, token, "review", decision="reject", comment=reason)
    assert "You do not sign" in text_of(check)
    nameless = await send(client, token, "confirm", decision="reject", comment=reason, signature="")
    assert errors_of(nameless) == ["Type your full name"]
    said = {"decision": "reject", "comment": reason, "signature": "Amina Okafor"}
    assert "You do not sign" in text_of(
        await client.get((await send(client, token, "confirm", **said)).headers["Location"])
    )
    row = await signature_of(site, "amina")
    assert row.declined_at is not None
    [rejected] = [event for event in await events_of(site, row.case) if isinstance(event, Rejected)]
    assert rejected.comment == reason
    again = await client.get(f"/d/{token}")
    assert again.status_code == 410
    assert "You have said that you do not sign this" in text_of(again)
    await send(client, token, "review", signature="Amina Okafor")
    other = await send(client, token, "confirm", signature="Amina Okafor")
    assert other.status_code == 409
    assert "You have said that you do not sign this" in text_of(other)


async def test_signing_twice_is_signing_once(client: Browser, site: Site, clock: Clock, token: str) -> None:
    first = await sign(client, token)
    second = await sign(client, token, "Amina O.")
    assert first.headers["Location"] == second.headers["Location"]
    events = await events_of(site, (await signature_of(site, "amina")).case)
    assert sum(isinstance(event, DocumentSigned) for event in events) == 1
    clock.pass_time(minutes=11)
    gone = await client.get(f"/d/{token}")
    assert gone.status_code == 410
    assert "You have signed this" in text_of(gone)
    assert "Code of conduct" not in text_of(gone)


@pytest.mark.meets("ACK-07")
async def test_a_superseded_version_is_not_signed_any_more_and_what_was_signed_of_it_stands(
    client: Browser, site: Site, token: str, clock: Clock, signed_in: SignedIn
) -> None:
    bens = await a_link_to_sign(site, "ben")
    await sign(client, bens, "Ben Carter")
    clock.pass_time(days=1)
    await asked_to_sign(await signed_in(ADA))
    gone = await client.get(f"/d/{token}")
    assert gone.status_code == 410
    assert "There is a new version to sign" in text_of(gone)
    assert (await sign(client, token)).status_code == 410
    assert (await signature_of(site, "amina", 0)).signed_at is None
    assert (await signature_of(site, "ben", 0)).signed_at is not None
    assert (await sign(client, await a_link_to_sign(site, "amina"))).status_code == 303


async def test_a_closed_campaign_takes_no_signature(
    client: Browser, site: Site, running: Running, campaign: str, token: str
) -> None:
    close = Act(kind="record", person="helen", how="session", entry=CampaignClosed(reason="Enough."), occasion="x" * 16)
    assert (await running.act(await case_of(site, campaign), close)).says == "done"
    answer = await sign(client, token)
    assert answer.status_code == 410
    assert "Nobody is asked to sign this any more" in text_of(answer)
    assert (await signature_of(site, "amina")).signed_at is None


async def test_nobody_signs_for_somebody_else(client: Browser, site: Site, token: str, signed_in: SignedIn) -> None:
    ben = await signed_in(BEN)
    shown = await ben.get(f"/d/{token}")
    assert shown.status_code == 403
    assert "This link is for somebody else" in text_of(shown)
    assert (await sign(ben, token)).status_code == 403
    row = await signature_of(site, "amina")
    assert (await ben.get(f"/tasks/{row.reference}/a1")).status_code == 404
    assert row.signed_at is None


async def test_somebody_signed_in_signs_among_their_tasks(site: Site, campaign: str, signed_in: SignedIn) -> None:
    amina = await signed_in(AMINA)
    reference = (await signature_of(site, "amina")).reference
    path = f"/tasks/{reference}/a1"
    assert path in (await amina.get("/tasks")).text
    assert ATTESTATION in text_of(await amina.get(path))
    said = {"version": "1", "decision": "approve", "signature": "Amina Okafor"}
    await amina.post(path, {**said, "stage": "review"})
    done = await amina.post(path, {**said, "stage": "confirm"})
    assert DIGEST in text_of(await amina.get(done.headers["Location"]))


async def test_whoever_is_to_sign_does_not_step_aside(client: Browser, site: Site, token: str) -> None:
    assert (await client.get(f"/d/{token}/step-aside")).status_code == 404
    said = {"token": token, "stage": "confirm", "comment": "I would rather not."}
    assert (await client.post("/d/step-aside", said)).status_code == 404
    assert (await client.get(f"/d/{token}")).status_code == 200


async def test_a_link_that_expired_brings_a_new_one_to_the_same_person(
    client: Browser, site: Site, clock: Clock, token: str
) -> None:
    clock.pass_time(days=91)
    gone = await client.get(f"/d/{token}")
    assert gone.status_code == 410
    assert "This link has expired" in text_of(gone)
    assert [button.get_text(strip=True) for button in page_of(gone).select("main button")] == ["Send me a new link"]


async def test_where_the_case_cannot_be_reached_the_signature_is_kept_and_counts_once(
    client: Browser, site: Site, running: Running, token: str
) -> None:
    await send(client, token, "review", signature="Amina Okafor")
    running.lost = True
    lost = await send(client, token, "confirm", signature="Amina Okafor")
    assert lost.status_code == 503
    assert "Your signature is not on record yet" in text_of(lost)
    running.lost = False
    assert (await send(client, token, "confirm", signature="Amina Okafor")).status_code == 303


async def test_opening_a_link_signs_nothing(client: Browser, site: Site, token: str) -> None:
    for _ in range(2):
        assert (await client.get(f"/d/{token}")).status_code == 200
    async with site.db.read() as session:
        row = await signature_of(site, "amina")
        assert await links.opened_at(session, row.case, 1, "amina") is None
    assert row.signed_at is None
