"""Taking the evidence of a request out of Duly: administrators without a part in it do, and that is written down."""

import pytest
from structlog.testing import capture_logs

from domain.verifying import findings
from starter.evidence import unpacked
from starter.web.site import Site
from store.signing import is_signed, signing_keys
from tests.starter.web.conftest import SignedIn, page_of
from tests.starter.web.running import Running, answered, requested

CASE = "/cases/K7QM-4TXR"
EVIDENCE = f"{CASE}/evidence"


def wrong(site: Site, content: bytes) -> list[str]:
    """Return what is found not to hold, by whoever has the school's fingerprint."""
    fingerprint = signing_keys(site.settings.signing_key).fingerprint.replace(" ", "")
    return [one.sentence for one in findings(unpacked(content), is_signed, fingerprint) if not one.holds]


async def test_an_administrator_gets_evidence_that_holds_and_that_is_written_down(
    site: Site, running: Running, signed_in: SignedIn
) -> None:
    await requested(running)
    await answered(running, "ben", "a1", signature="Ben Carter")
    ada = await signed_in("ada@elmbrook.example")
    page = page_of(await ada.get(CASE))
    assert page.select_one(f"a[href='{EVIDENCE}']") is not None
    shown = await ada.get(EVIDENCE)
    assert signing_keys(site.settings.signing_key).fingerprint in shown.text
    with capture_logs() as logs:
        answer = await ada.post(EVIDENCE, {"names": "shown"})
    assert {"event": "evidence_taken_by_administrator", "case": "c-1", "person": "ada", "log_level": "info"} in logs
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="K7QM-4TXR-evidence.zip"'
    assert wrong(site, answer.content) == []


async def test_names_are_withheld_where_that_is_chosen(site: Site, running: Running, signed_in: SignedIn) -> None:
    await requested(running)
    ada = await signed_in("ada@elmbrook.example")
    await ada.get(EVIDENCE)
    answer = await ada.post(EVIDENCE, {"names": "withheld"})
    assert wrong(site, answer.content) == []
    assert b"Okafor" not in b"".join(unpacked(answer.content).values())


async def test_whoever_chooses_nothing_is_asked_and_what_is_not_on_the_page_is_refused(
    running: Running, signed_in: SignedIn
) -> None:
    await requested(running)
    ada = await signed_in("ada@elmbrook.example")
    await ada.get(EVIDENCE)
    answer = await ada.post(EVIDENCE)
    assert answer.status_code == 422
    summary = page_of(answer).select_one(".govuk-error-summary a")
    assert summary is not None
    assert (summary["href"], summary.get_text()) == ("#names", "Choose whether names are in it or withheld")
    assert (await ada.post(EVIDENCE, {"names": "some"})).status_code == 422
    assert (await ada.post(EVIDENCE, {"names": "shown", "reporter": "yes"})).status_code == 422


@pytest.mark.parametrize("person", ["amina", "ben", "helen", "otto"])
async def test_nobody_else_gets_it_nor_learns_that_it_could_be_had(
    running: Running, signed_in: SignedIn, person: str
) -> None:
    await requested(running)
    browser = await signed_in(f"{person}@elmbrook.example")
    assert EVIDENCE not in (await browser.get(CASE)).text
    assert (await browser.get(EVIDENCE)).status_code == 404
    assert (await browser.post(EVIDENCE, {"names": "shown"})).status_code == 404


async def test_an_administrator_with_a_part_in_it_does_not_get_it(running: Running, signed_in: SignedIn) -> None:
    await requested(running, starter="ada", author="ada")
    ada = await signed_in("ada@elmbrook.example")
    assert (await ada.get(EVIDENCE)).status_code == 404


async def test_where_the_key_cannot_be_used_nothing_is_given(site: Site, running: Running, signed_in: SignedIn) -> None:
    await requested(running)
    ada = await signed_in("ada@elmbrook.example")
    signing_keys(site.settings.signing_key)
    site.settings.signing_key.chmod(0o644)
    try:
        with capture_logs() as logs:
            assert (await ada.get(EVIDENCE)).status_code == 503
        assert [log["event"] for log in logs if log["log_level"] == "error"] == ["signing_key_unusable"]
    finally:
        site.settings.signing_key.chmod(0o600)
