"""An authenticator app is set up with a second person, on pages that everybody can use."""

import re
from datetime import UTC, datetime

from pyotp import TOTP, parse_uri

from tests.journeys.browsing import Town

AMIR = "amir.khan@cadmus.example"
RUTH = "ruth.bell@cadmus.example"
CODE = "The six digits that the app shows now"


async def test_somebody_sets_up_an_app_in_the_presence_of_an_administrator(town: Town) -> None:
    amir, ruth = await town.sign_in(AMIR, scripts=False), await town.sign_in(RUTH)
    await amir.open("/confirm-it-is-you")
    await amir.says("You have confirmed it", "This is for the demo alone")
    await amir.press("Mail me a code")
    [code] = re.findall(r"^[2-9A-HJKMNP-Z]{8}$", (await town.mailbox.next(AMIR, "sign-in code")).text, re.MULTILINE)
    await amir.type("The code from the mail", code)
    await amir.press("Confirm")
    await amir.follow("Set up an authenticator app")
    await amir.press("Begin")
    app = parse_uri(await amir.page.get_by_text("otpauth://").inner_text())
    assert isinstance(app, TOTP)
    await amir.type(CODE, "12")
    await amir.press("Go on")
    await amir.says("There is a problem", "That code is not right now")
    await amir.type(CODE, app.at(datetime.now(UTC)))  # noqa: TID251 -- the server's clock is this machine's
    await amir.press("Go on")
    letters = await amir.page.locator(".duly-reference").inner_text()
    await ruth.open("/sessions")
    await ruth.follow("Be the second person for somebody else")
    await ruth.type("The six letters on the screen of Amir Khan", letters)
    await ruth.press("I am with this person and know who they are")
    await ruth.says("Nobody waits for you")
    await town.mailbox.next(AMIR, "How you sign in to Duly was changed")
    await amir.open("/confirm-it-is-you/set-up")
    await amir.says("Ruth Bell was with you")
    await amir.press("Have it taken away")
    await ruth.open("/confirm-it-is-you/vouch")
    await ruth.press("Leave it with Amir Khan")
    await amir.open("/confirm-it-is-you")
    await amir.says("With your authenticator app")
