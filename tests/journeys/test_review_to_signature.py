"""A code of conduct that is overdue: drafted, approved, in force, and signed by everybody, a visitor among them."""

from datetime import UTC, datetime
from typing import Final

from playwright.async_api import ViewportSize

from tests.journeys.browsing import Somebody, Town
from tests.journeys.test_site_creation import SIGNATURE

TITLE: Final = "Staff, Governor and Visitor ICT and Social Interaction Code of Conduct"
CATHERINE: Final = "catherine.ashby@redhill.example"
PHILIP: Final = "philip.strand@redhill.example"
ALICE: Final = "alice.turner@redhill.example"
LUCY: Final = "lucy.brandt@redhill.example"
PHONE: Final = ViewportSize(width=320, height=640)
TEXT: Final = """Code of conduct

1. Online
I keep what I know of pupils to myself.

- I use the school's own accounts.
- I do not befriend pupils."""


async def test_an_overdue_code_is_reviewed_and_comes_into_force_and_everybody_signs_it(town: Town) -> None:
    catherine = await town.sign_in(CATHERINE)
    await catherine.open("/")
    await catherine.says("Policies due", TITLE, "Overdue: it prints no date")
    await catherine.follow(TITLE)
    await catherine.says("nobody knows since when its review is overdue", "It prints no version.")

    await drafts(await town.somebody(), (await town.mailbox.next(CATHERINE, f"Please see to it: {TITLE}")).link)
    await approves(await town.somebody(), (await town.mailbox.next(PHILIP, f"Please see to it: {TITLE}")).link)
    await town.mailbox.next(PHILIP, f"A new version is in force: {TITLE}")
    await in_force(catherine)

    phone = await town.somebody()
    await phone.page.set_viewport_size(PHONE)
    await signs(phone, (await town.mailbox.next(ALICE, f"Please read and sign: {TITLE}")).link)
    certificate = await town.mailbox.next(ALICE, f"Certificate: you have signed {TITLE}")
    assert "You, Alice Turner, signed" in certificate.text

    lucy = await town.sign_in(LUCY)
    await lucy.open("/documents/code-of-conduct")
    await lucy.says("1 of 13 have signed version 2")
    await lucy.follow("Who has signed, and who has not")
    assert await lucy.page.get_by_role("img", name="How far").is_visible()
    assert ["Have signed", "1"] in await lucy.table("How far it has got, as a table")
    await lucy.says("Mei Tanaka", "Not reminded yet")
    await lucy.press("Make the address of a signing desk")
    address = await lucy.page.locator("main strong").inner_text()
    await visitors_sign(await town.somebody(), address)
    await lucy.follow("Go back to the campaign")
    await lucy.says("Vera Visitor", "Signed on")


async def drafts(owner: Somebody, link: str) -> None:
    """Bring in the draft of the new version by the link of a mail."""
    today = datetime.now(UTC).date()  # noqa: TID251 -- the server's clock is this machine's
    await owner.open(link)
    await owner.says("You are doing this as Catherine Ashby")
    await owner.type("The new version", "2")
    await owner.type("What has changed, and why?", "It is short enough to be read on a phone.")
    await owner.type_date("From which day is it to be in force?", today.isoformat())
    await owner.type("The new version, whole", TEXT)
    await owner.press("Continue")
    await owner.press("Put it on record")
    await owner.says("It is on record")


async def approves(chair: Somebody, link: str) -> None:
    """Approve the new version by the link of a mail, having read it whole."""
    await chair.open(link)
    await chair.says("Catherine Ashby asks you to approve the new version", "I do not befriend pupils.")
    await chair.choose("Approve")
    await chair.press("Continue")
    await chair.type(SIGNATURE, "Philip Strand")
    await chair.press("Sign and approve")
    await chair.says("You approved this")


async def in_force(owner: Somebody) -> None:
    """Find the new version in force, and the one before still there to be read."""
    for _ in range(60):
        await owner.page.goto(f"{owner.base_url}/documents/code-of-conduct")
        if "have signed version 2" in await owner.text():
            break
        await owner.page.wait_for_timeout(250)
    await owner.open("/documents/code-of-conduct")
    await owner.says("Version 2", "Superseded on", "0 of 13 have signed version 2")
    await owner.follow("The version without a number")
    await owner.says("This version was superseded on")


async def signs(signer: Somebody, link: str) -> None:
    """Read and sign on a small screen; a name that is missing is said first."""
    await signer.open(link)
    await signer.says("You are signing as Alice Turner", "I do not befriend pupils.")
    await signer.press("Sign")
    await signer.says("There is a problem", "Type your full name")
    await signer.type("Type your full name", "Alice Turner")
    await signer.press("Sign")
    await signer.says("Check your signature", "Nothing is on record until")
    await signer.press("Sign now")
    await signer.says("Signed", "Certificate", "Alice Turner", "Digest of the text")
    await signer.open(link)
    await signer.says("You have signed this")


async def visitors_sign(device: Somebody, address: str) -> None:
    """Sign as a visitor on a device of the school, which then knows nothing of them."""
    today = datetime.now(UTC).date()  # noqa: TID251 -- the server's clock is this machine's
    await device.open(address)
    assert await device.page.get_by_role("link", name="Sign in").count() == 0
    await device.type("Type your full name", "Vera Visitor")
    await device.type_date("Until which day are you here?", today.isoformat())
    await device.press("Sign")
    await device.says("Signed. It is on record")
    assert await device.typed("Type your full name") == ""
    assert "Vera" not in await device.text()
