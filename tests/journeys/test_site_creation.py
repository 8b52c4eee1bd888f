"""A site from the first question to the register, as everybody who takes part sees it in a real browser."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.journeys.browsing import Mail, Somebody, Town

AMIR = "amir.khan@cadmus.example"
PRIYA = "priya.shah@cadmus.example"
SOPHIE = "sophie.lane@cadmus.example"
TOM = "tom.fielding@cadmus.example"
GRACE = "grace.okafor@cadmus.example"
HELEN = "helen.marsh@cadmus.example"
RUTH = "ruth.bell@cadmus.example"

LEO = "leo.mbeki@newall-green.example"
MARGARET = "margaret.dunne@newall-green.example"

ALICE = "alice.turner@redhill.example"

START = "/start/site_creation"
SAMPLE = "Fill in with invented answers"
TYPED = "Chemistry & “physics” <for all>"
SIGNATURE = "Type your name to sign"
CONSULTED = "I have been consulted about the purpose of the proposed site and its content."
RESOURCED = (
    "There are enough resources to keep the site refreshed and relevant, and enough trained staff to maintain and"
    " moderate it."
)


@pytest.mark.meets("SITE-37", "SITE-38", "SITE-39", "SITE-40")
async def test_a_site_is_asked_for_decided_in_order_and_enters_the_register(town: Town) -> None:
    title = "Year 5 Science Club"
    priya = await town.sign_in(PRIYA)
    assert await priya.page.locator("body.js-enabled").count() == 1
    await begin(priya, "Line manager", "Communications manager", "Headteacher")
    await fill_in_team_and_purpose_by_hand(priya)
    await priya.follow("All sections")
    assert await priya.page.get_by_role("button", name=SAMPLE).count() == 0
    await begin(priya)
    await priya.press(SAMPLE)
    await priya.follow("Change Name of the proposed site")
    await priya.type("Name of the proposed site", title)
    await priya.press("Save and continue")
    reference = await send(town, priya, title)
    await town.mailbox.next(HELEN, f"A request was sent: {title}")
    assert f"Please decide: {title}" not in [*await town.mailbox.unread(GRACE), *await town.mailbox.unread(HELEN)]

    await priya.open(f"/cases/{reference}")
    await priya.says("Being decided", "This waits for the Line manager", "(Clause 16.2)")
    used = await asked(town, TOM, title)
    approver = await town.somebody()
    await decide(approver, used, "Approve", "Tom Fielding")
    progress = await town.mailbox.next(PRIYA, f"Your request has moved on: {title}")
    assert "Line manager" in progress.text
    await decide(approver, await asked(town, GRACE, title), "Approve", "Grace Okafor")
    await decide(approver, await asked(town, HELEN, title), "Approve", "Helen Marsh", CONSULTED, RESOURCED)
    for address in (PRIYA, TOM, GRACE, HELEN):
        await town.mailbox.next(address, f"Approved: {title}")

    await approver.open(used.link)
    await approver.says("You have answered this")
    await found_in_the_register(priya, title)
    await told_on_its_page(priya, reference)
    await found_by_an_administrator(town, reference)


async def test_a_rejection_with_a_reason_ends_a_request_in_a_browser_without_scripts(town: Town) -> None:
    priya = await town.sign_in(PRIYA, scripts=False)
    assert await priya.page.locator("body.js-enabled").count() == 0
    await begin(priya, "Headteacher")
    await priya.press(SAMPLE)
    title = "Year 6 Science Club"
    reference = await send(town, priya, title)
    tom = await town.somebody(scripts=False)
    mail = await asked(town, TOM, title)
    await tom.open(mail.link)
    await tom.choose("Reject")
    await tom.press("Continue")
    await tom.says("There is a problem")
    await decide(tom, mail, "Reject", "Tom Fielding", comment="The newsletter does this already.")
    mail = await town.mailbox.next(PRIYA, f"Rejected: {title}")
    assert mail.link.endswith(f"/cases/{reference}")
    await priya.open(mail.link)
    await priya.says("Rejected", "The newsletter does this already.", "Declined to sign")
    assert [row[2] for row in await priya.table("The same as a table")] == [
        "Sent",
        "Rejected",
        "Not asked: it ended before",
        "Not asked: it ended before",
        "Rejected",
    ]
    assert f"Please decide: {title}" not in await town.mailbox.unread(GRACE)
    await priya.open("/register")
    assert title not in await priya.text()


async def test_at_newall_green_the_headteacher_alone_decides_with_three_confirmations(town: Town) -> None:
    title = "Year 2 parents' group"
    leo = await town.sign_in(LEO)
    await begin(leo, "Headteacher")
    await leo.press("Continue")
    await leo.type("Name of the site or group", title)
    assert await leo.typed("Who will be responsible for it?") == "Leo Mbeki"
    await leo.choose("A WhatsApp group or another messaging group", "Parents and carers", "Others")
    await leo.type("Who are they?", "Grandparents")
    await leo.press("Save and continue")
    await leo.choose("A business reason", "No")
    await leo.type("What is the reason?", "Parents ask for the same news every week.")
    soon = datetime.now(UTC).date() + timedelta(days=30)  # noqa: TID251 -- the browser's clock is this machine's
    await leo.type_date("From when should it be used?", soon.isoformat())
    await leo.press("Save and continue")
    await leo.says("Grandparents", "A WhatsApp group or another messaging group")
    reference = await send(town, leo, title)

    margaret, mail = await town.somebody(), await asked(town, MARGARET, title)
    await margaret.open(mail.link)
    await margaret.choose("Approve")
    await margaret.press("Continue")
    await margaret.choose("It has been discussed with me.", "I authorise it.")
    await margaret.type(SIGNATURE, "M. Dunne")
    await margaret.press("Sign and approve")
    await margaret.says("There is a problem")
    assert await margaret.typed(SIGNATURE) == "M. Dunne"
    await margaret.choose("I agree to it.")
    await margaret.press("Sign and approve")
    await margaret.says("You approved this", "agreed with me in advance of the site being created")
    await town.mailbox.next(LEO, f"Approved: {title}")
    await found_in_the_register(leo, title)
    await leo.open(f"/cases/{reference}")
    await leo.says("It has been discussed with me.", "I authorise it.", "I agree to it.", "M. Dunne")


async def test_at_redhill_the_start_page_says_why_no_site_can_be_asked_for(town: Town) -> None:
    alice = await town.sign_in(ALICE)
    await alice.follow("why, and what to do instead")
    await alice.says("strictly personal activity", "What to do instead", "Introduction")
    assert await alice.page.get_by_role("button", name="Start now").count() == 0


async def test_the_pages_beside_the_road_are_for_everybody_too(town: Town) -> None:
    alice = await town.sign_in(ALICE)
    for address in ("/tasks", "/register", "/sessions", "/nowhere", "/mailbox"):
        await alice.open(address)
    await alice.follow("Your sign-in code for Duly")
    await alice.says("Type this code on the page where you asked for it")
    await alice.press("Sign out")
    assert alice.page.url.endswith("/sign-in")


async def begin(author: Somebody, *seats: str) -> None:
    """Start a request, on a page that names in their order those who will decide."""
    await author.open(START)
    await author.says(*seats)
    await author.press("Start now")


async def fill_in_team_and_purpose_by_hand(author: Somebody) -> None:
    """Fill in the first two pages, with a question left out at first, which loses nothing that was typed."""
    await author.press("Continue")
    assert await author.typed("Author's line manager") == "Tom Fielding"
    await author.type("Department", TYPED)
    await author.press("Save and continue")
    assert (await author.page.title()).startswith("Error: ")
    await author.page.get_by_role("alert").get_by_role("link", name="Give the proposed site a name").click()
    assert await author.page.evaluate("document.activeElement.name") == "title"
    assert await author.typed("Department") == TYPED
    await author.type("Name of the proposed site", "A club")
    await author.press("Save and continue")
    for question in (
        "What are the aims you propose to achieve by setting up this site?",
        "What is the proposed content of the site?",
        "Why is the site likely to be worth the investment for the outcome you want for pupils?",
        "How much time and effort will you commit to the site?",
        "What is your exit strategy?",
        "How will you evaluate whether the site has achieved its aims?",
    ):
        await author.type(question, f"{TYPED}\nEvery week.")
    await author.press("Save and continue")
    assert await author.page.get_by_role("heading", level=1).inner_text() == "Proposed audience of the site"


async def send(town: Town, author: Somebody, title: str) -> str:
    """Send the request after a look at its answers, and return its reference, which the author is mailed too."""
    assert author.page.url.endswith("/check")
    await author.says(title)
    await author.press("Send the request")
    await author.says("Request sent", "What happens next")
    reference = await author.page.locator(".govuk-panel strong").inner_text()
    signed_in = await author.page.locator(".duly-header__person a").inner_text()
    email = {"Priya Shah": PRIYA, "Sophie Lane": SOPHIE, "Leo Mbeki": LEO, "Amir Khan": AMIR}[signed_in]
    mail = await town.mailbox.next(email, f"We have your request: {title}")
    assert reference in mail.text
    return reference


async def asked(town: Town, email: str, title: str) -> Mail:
    """Return the mail that asks for a decision."""
    return await town.mailbox.next(email, f"Please decide: {title}")


async def decide(
    approver: Somebody, mail: Mail, verdict: str, signature: str, *confirmations: str, comment: str = ""
) -> None:
    """Decide by the link of a mail, in two steps, and read the receipt."""
    await approver.open(mail.link)
    await approver.says("Nothing is decided yet")
    await approver.choose(verdict)
    await approver.type("Your comment", comment)
    await approver.press("Continue")
    await approver.says("Nothing is decided until you sign")
    await approver.choose(*confirmations)
    await approver.type(SIGNATURE, signature)
    await approver.press(f"Sign and {verdict.lower()}")
    await approver.says(f"You {verdict.lower()}{'d' if verdict == 'Approve' else 'ed'} this", signature, comment)


async def found_in_the_register(author: Somebody, title: str) -> None:
    """Find an approved site in the register."""
    await author.open("/")
    await author.follow("Register")
    assert any(row[0].startswith(title) for row in await author.table("Approved sites, by title"))
    await author.follow(title)


async def told_on_its_page(author: Somebody, reference: str) -> None:
    """Read on the page of an approved request all that came of it, as a picture, as a table and in words."""
    assert author.page.url.endswith(f"/cases/{reference}")
    await author.says("Approved", "How it ended", "the site is in the register", CONSULTED, RESOURCED)
    rows = await author.table("The same as a table")
    assert [row[:4] for row in rows] == [
        ["Request", "Author", "Sent", "Priya Shah"],
        ["Line manager", "Line manager", "Approved", "Tom Fielding"],
        ["Communications manager", "Communications manager", "Approved", "Grace Okafor"],
        ["Headteacher", "Headteacher", "Approved", "Helen Marsh"],
        ["End", "", "Approved: the site is in the register", ""],
    ]
    picture = author.page.get_by_role("img", name=f"The steps of request {reference}")
    assert await picture.locator("path").count() == len(rows)
    link = await author.page.get_by_role("link", name="The form with all signatures (PDF)").get_attribute("href")
    assert (await (await author.fetch(link or "")).body()).startswith(b"%PDF-")


async def found_by_an_administrator(town: Town, reference: str) -> None:
    """Find a request by its reference, typed as it was heard, and see which mails went out about it."""
    ruth = await town.sign_in(RUTH)
    await ruth.follow("Find")
    await ruth.type("Reference", reference.lower().replace("-", " "))
    await ruth.press("Search")
    assert [row[0] for row in await ruth.table("Cases found: newest first")] == [reference]
    await ruth.follow(reference)
    mails = await ruth.table("The mails of this request, oldest first")
    assert {row[0] for row in mails} == {"Priya Shah", "Tom Fielding", "Grace Okafor", "Helen Marsh"}
    assert all(row[3].startswith("Sent on ") for row in mails)
