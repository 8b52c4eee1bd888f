"""The mails of a site's life and of a signature, as the pack of Cadmus has them sent: what happened and whose turn."""

from datetime import timedelta
from email.message import EmailMessage

import pytest

from domain.cases import Act, Opening, Present
from domain.round_entries import SiteReviewed
from tests.house import BASE_URL, House
from tests.packs.rounds import a_life, a_signature, everybody, holder, live, record
from tests.packs.trying import facts_of, whole_pack
from tests.rounds import day
from tests.stories import an_answer

CADMUS = whole_pack("cadmus")
PEOPLE = facts_of("cadmus").directory


def words(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def sent_to(home: House, person: str) -> list[EmailMessage]:
    found = PEOPLE.person(person)
    assert found is not None
    return home.outbox.to(found.email)


def a_site(home: House, key: str) -> Opening:
    """Return the life of a site at Cadmus that is to be closed in two years, whatever day it is by now."""
    opening = a_life(CADMUS)
    answers = opening.request.answers | {"site": f"c-of-{key}", "closure_date": day(home.clock(), 730)}
    request = opening.request.model_copy(update={"answers": answers})
    return opening.model_copy(update={"case": f"c-{key}", "reference": f"AAAA-{key}", "request": request})


@pytest.mark.meets("LIFE-03", "LIFE-06")
async def test_the_headteacher_is_mailed_of_a_site_that_is_found_wanting_and_of_no_other(at_home: House) -> None:
    opening = a_site(at_home, "LOOK")
    case = await at_home.begin(opening, PEOPLE, CADMUS)
    await case.settled()
    owner, head = str(opening.request.answers["author"]), holder("cadmus", "headteacher")
    well = SiteReviewed(maintained="yes", as_agreed="yes", privacy="Closed.")
    wanting = well.model_copy(update={"as_agreed": "no", "note": "Strangers take part: MARKER."})
    went_live = record(owner, live(everybody(opening), at_home.clock().date()))
    at_home.outbox.messages.clear()
    for act in (went_live, record(owner, well).model_copy(update={"occasion": "well"})):
        assert (await at_home.engine.act(opening.case, act)).says == "done"
        await case.settled()
    assert sent_to(at_home, head) == []
    assert (await at_home.engine.act(opening.case, record(owner, wanting))).says == "done"
    await case.settled()
    (mail,) = sent_to(at_home, head)
    assert "looked at the site on" in words(mail)
    assert "it is maintained, and is not as it was agreed." in words(mail)
    assert "MARKER" not in words(mail)
    (asked,) = sent_to(at_home, owner)
    assert "Look at the site" in words(asked)


async def test_too_few_who_are_there_are_mailed_and_enough_are_not(at_home: House) -> None:
    opening = a_site(at_home, "LIFE")
    case = await at_home.begin(opening, PEOPLE, CADMUS)
    await case.settled()
    at_home.outbox.messages.clear()
    owner, team = str(opening.request.answers["author"]), everybody(opening)
    went_live = record(owner, live(team, at_home.clock().date()))
    there = Act(kind="cover", person="duly", how="duly", present=Present(administrators=team[:2], moderators=team[2:]))
    gone = there.model_copy(update={"present": Present(administrators=team[:1], moderators=team[2:])})
    for act in (went_live, there, gone):
        assert (await at_home.engine.act(opening.case, act)).says == "done"
        await case.settled()
    for person in (owner, holder("cadmus", "headteacher")):
        (mail,) = sent_to(at_home, person)
        assert mail["Subject"] == f"Too few are there: {opening.request.title}"
        assert "Too few are there who run the site: 1 administrator and 2 moderators on" in words(mail)
        assert f"{BASE_URL}/cases/{opening.reference}" in words(mail)
        assert "Asked for by" not in words(mail)


async def test_whoever_is_to_sign_is_asked_and_their_manager_and_head_are_told_when_they_have_not(
    at_home: House,
) -> None:
    signer = holder("cadmus", "dsl")
    opening = a_signature(CADMUS, signer).model_copy(update={"case": "c-sign-mails", "reference": "AAAA-SIGN"})
    case = await at_home.begin(opening, PEOPLE, CADMUS)
    await case.settled()
    title = opening.request.title
    assert [mail["Subject"] for mail in sent_to(at_home, signer)] == [f"Please read and sign: {title}"]
    assert "You are asked to read the document that is named below, and to sign it." in words(
        sent_to(at_home, signer)[0]
    )
    await case.pass_time(timedelta(days=21))
    await case.settled()
    # The head is her line manager too: one mail.
    told = sent_to(at_home, holder("cadmus", "headteacher"))
    (mail,) = [one for one in told if one["Subject"] == f"Not signed yet: {title}"]
    assert "Nadia Rahman has not read and signed it yet." in words(mail)


@pytest.mark.meets("ACK-01", "ACK-08")
async def test_the_mail_to_whoever_signed_is_a_certificate(at_home: House) -> None:
    signer = holder("cadmus", "dsl")
    opening = a_signature(CADMUS, signer).model_copy(update={"case": "c-certificate", "reference": "AAAA-CERT"})
    case = await at_home.begin(opening, PEOPLE, CADMUS)
    await case.settled()
    at_home.outbox.messages.clear()
    answered = an_answer("a1", signer, confirmations=(), comment="", signature="<b>N. R.</b>")
    assert (await at_home.engine.act(opening.case, answered)).says == "done"
    await case.settled()
    (mail,) = sent_to(at_home, signer)
    assert mail["Subject"] == f"Certificate: you have signed {opening.request.title}"
    said = " ".join(words(mail).split())
    assert f"You, Nadia Rahman, signed “{opening.request.title}”, version 2.0, on " in said
    assert f"the digest of its text is {opening.request.answers['digest']}." in said
    assert f"You signed under the words: “{opening.process.steps[0].attestation}”" in said
    assert "N. R." not in said
