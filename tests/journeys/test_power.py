"""A file that changes powers: nothing comes of it until another administrator has read it and confirmed it."""

from tests.journeys.browsing import FIRST, SECOND, Town

JAMES = "james.cole@cadmus.example"
JOANNA = "joanna.cole@cadmus.example"
LENA = "lena.hoffmann@cadmus.example"
PLACE = "/admin/changes-of-power"
PROPOSED = "A change of what people may do in Duly is proposed"
SETTLED = "A change of what people may do in Duly is settled"


async def test_a_file_of_one_administrator_is_confirmed_and_refused_by_the_other(town: Town) -> None:
    said = await town.propose_people(
        f"{JAMES},James Cole,employee,castlebridge,{LENA},deputy_dsl;data_protection_lead,{JOANNA},,,,,",
        f"{JOANNA},Joanna Cole,employee,castlebridge,marcus.adeyemi@cadmus.example,,,,,,,",
    )
    assert "0 changes applied, 3 wait for a second person: http" in said
    assert said.rstrip().endswith(PLACE)
    ruth = await town.sign_in(FIRST)
    await ruth.open(PLACE)
    await ruth.says("You proposed it, so another administrator has to settle it.")

    owen = await town.sign_in(SECOND, scripts=False)
    await owen.open("/admin")
    await owen.follow("Changes of power")
    await owen.says("James Cole, james.cole@cadmus.example: Data protection lead, Castlebridge High School")
    await owen.press("Refuse for James Cole: Data protection lead, Castlebridge High School, Holds this seat")
    await owen.follow(await owen.page.get_by_role("link", name="Confirm or refuse 2 at once").inner_text())
    await owen.says("James Cole, james.cole@cadmus.example: Deputy", "Joanna Cole, joanna.cole@cadmus.example: Line")
    await owen.press("Confirm these 2 changes")
    await owen.says("No change waits.", "Confirmed by Owen Price", "Refused by Owen Price")
    for address in (JAMES, JOANNA, SECOND):
        await town.mailbox.next(address, PROPOSED)
    assert "Refused: A seat of James Cole" in (await town.mailbox.next(JAMES, SETTLED)).text
    assert "Confirmed: The deputy of James Cole" in (await town.mailbox.next(JAMES, SETTLED)).text

    again = await town.propose_people(
        f"{JAMES},James Cole,employee,castlebridge,{LENA},deputy_dsl,{JOANNA},,,,,",
        f"{JOANNA},Joanna Cole,employee,castlebridge,marcus.adeyemi@cadmus.example,,,,,,,",
    )
    assert "2 as before." in again
    assert "0 changes applied." in again
