"""The five policies whose reviews are overdue, as the administrator of each organisation sees them first."""

import pytest

from tests.journeys.browsing import Town

OVERDUE = {
    "owen.price@cadmus.example": ("Use of Social Networking and Internet Sites", "Overdue since 1 January 2025"),
    "gwen.tudor@mtoat.example": ("Social Media Policy", "Overdue since 31 May 2019"),
    "fiona.grant@newall-green.example": ("Social Media Policy and Guidance", "Overdue since 30 November 2024"),
    "lucy.brandt@redhill.example": ("Social Media & Social Networking Policy", "Overdue: it prints no date"),
    "lewis.carr@societas.example": ("Social Networking Protocol", "Overdue since 31 July 2022"),
}


@pytest.mark.meets("REV-02", "REV-05", "REV-12")
@pytest.mark.parametrize("administrator", OVERDUE)
async def test_an_administrator_sees_in_red_that_the_policy_is_overdue(town: Town, administrator: str) -> None:
    title, state = OVERDUE[administrator]
    somebody = await town.sign_in(administrator)
    for page in ("/", "/admin"):
        await somebody.open(page)
        policy = somebody.page.get_by_role("region", name="Policies due").get_by_role("listitem").first
        assert await policy.get_by_role("link", name=title, exact=True).is_visible()
        tag = policy.locator(".govuk-tag--red")
        assert await tag.inner_text() == state
        assert await tag.evaluate("one => getComputedStyle(one).textTransform") == "none"
    await somebody.follow(title)
    await somebody.says(state)
