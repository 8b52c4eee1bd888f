"""On a phone: everything that has to be read is opened, the policy is signed, and somebody asks the school about it."""

from typing import Final

from playwright.async_api import ViewportSize

from tests.journeys.browsing import Town

HEAD: Final = "margaret.dunne@newall-green.example"
TEACHER: Final = "leo.mbeki@newall-green.example"
TITLE: Final = "Social Media Policy and Guidance"
PHONE: Final = ViewportSize(width=320, height=640)
READINGS: Final = (
    "Prevent duty guidance, statutory",
    "The Prevent duty: advice for schools, non-statutory",
    "How social media is used to encourage travel to Syria and Iraq: briefing note for schools",
)


async def test_a_teacher_opens_what_there_is_to_read_signs_on_a_phone_and_asks_for_guidance(town: Town) -> None:
    head = await town.sign_in(HEAD)
    await head.open("/documents/policy/ask")
    await head.press("Ask everybody now")
    phone = await town.somebody(scripts=False)
    await phone.page.set_viewport_size(PHONE)
    link = (await town.mailbox.next(TEACHER, f"Please read and sign: {TITLE}")).link
    await phone.open(link)
    await phone.says("Open each of these before you sign", "You sign here once you have opened all of them")
    assert await phone.page.get_by_role("button", name="Sign", exact=True).count() == 0
    for title in READINGS:
        await phone.press(f"Open {title}")
        await phone.says("It is on record that you opened it", "It opens in a new window")
        await phone.press("Go back and sign")
    await phone.type("Type your full name", "Leo Mbeki")
    await phone.press("Sign")
    await phone.press("Sign now")
    await phone.says("Signed", "Opened before signing", READINGS[0])

    await head.open("/documents/policy")
    await head.follow("Who has signed, and who has not")
    await head.says(f"{READINGS[0]}: opened by 1 of", "Has opened nothing yet of what else there is to read.")

    teacher = await town.sign_in(TEACHER)
    await teacher.follow("Ask the school for guidance")
    await teacher.press("Start now")
    await teacher.press("Continue")
    await teacher.type("What is it about, in a few words?", "Privacy settings")
    await teacher.type("What do you want to know?", "Who can see my photographs?")
    await teacher.press("Save and continue")
    await teacher.press("Send the request")
    await teacher.says("Your question goes to:", "Headteacher")

    asked = await town.mailbox.next(HEAD, "Please answer: Privacy settings")
    await phone.open(asked.link)
    await phone.type("Your answer", "Only your friends, once you have set it so.")
    await phone.press("Continue")
    await phone.press("Put it on record")
    await phone.says("It is on record")
    mail = await town.mailbox.next(TEACHER, "Answered: Privacy settings")
    assert "Only your friends, once you have set it so." in mail.text
