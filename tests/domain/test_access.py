"""Need to know: who may do what with an ordinary case, as one table; what is not in it is refused."""

from typing import Final, get_args

import pytest

from domain.access import Action, CaseAccess, Field, Viewer, allow

CASE: Final = CaseAccess(
    organisation="elmbrook",
    starter="starter",
    author="author",
    asked=frozenset({"asked", "asked_administrator"}),
    decided=frozenset({"decider", "deciding_administrator"}),
    told=frozenset({"told"}),
    team=frozenset({"team", "team_administrator"}),
)
VIEWERS: Final = {
    "starter": Viewer(person="starter", organisation="elmbrook"),
    "author": Viewer(person="author", organisation="elmbrook"),
    "asked": Viewer(person="asked", organisation="elmbrook"),
    "decider": Viewer(person="decider", organisation="elmbrook"),
    "told": Viewer(person="told", organisation="elmbrook"),
    "whose it is": Viewer(person="team", organisation="elmbrook"),
    "administrator whose it is": Viewer(person="team_administrator", organisation="elmbrook", administrator=True),
    "colleague": Viewer(person="colleague", organisation="elmbrook"),
    "administrator": Viewer(person="ada", organisation="elmbrook", administrator=True),
    "administrator who is author": Viewer(person="author", organisation="elmbrook", administrator=True),
    "administrator who decided": Viewer(person="deciding_administrator", organisation="elmbrook", administrator=True),
    "administrator who is asked": Viewer(person="asked_administrator", organisation="elmbrook", administrator=True),
    "administrator elsewhere": Viewer(person="ada", organisation="another", administrator=True),
    "same id elsewhere": Viewer(person="asked", organisation="another"),
}
CORRECT: Final = ("correct_address", "content")
SETTLE: Final = ("settle_power", "content")
SEE_TO: Final = ("see_to", "content")
OWN: Final = {
    ("see", "content"),
    ("see", "delivery"),
    ("withdraw", "content"),
    ("edit_draft", "content"),
    ("nudge", "content"),
}
TEAM: Final = {("see", "content"), ("see", "delivery"), ("edit_draft", "content"), ("record", "content"), SEE_TO}
ALLOWED: Final[dict[str, set[tuple[str, str]]]] = {
    "starter": OWN,
    "author": OWN,
    "asked": {("see", "content"), ("decide", "content"), ("advise", "content"), ("record", "content"), SETTLE},
    "decider": {("see", "content")},
    "told": {("see", "content")},
    "whose it is": TEAM,
    "administrator whose it is": TEAM | {CORRECT},
    "colleague": set(),
    "administrator": {
        ("see", "content"),
        ("see", "mails"),
        ("see", "delivery"),
        ("intervene", "content"),
        CORRECT,
        SEE_TO,
    },
    "administrator who is author": OWN,
    "administrator who decided": {("see", "content"), CORRECT},
    "administrator who is asked": {
        ("see", "content"),
        ("decide", "content"),
        ("advise", "content"),
        ("record", "content"),
        CORRECT,
        SETTLE,
    },
    "administrator elsewhere": set(),
    "same id elsewhere": set(),
}
WITH_A_CASE: Final[tuple[Action, ...]] = (
    "see",
    "decide",
    "withdraw",
    "edit_draft",
    "advise",
    "nudge",
    "intervene",
)


@pytest.mark.parametrize("field", get_args(Field))
@pytest.mark.parametrize("action", get_args(Action))
@pytest.mark.parametrize("who", VIEWERS)
def test_with_a_case_nobody_may_do_what_the_table_does_not_name(who: str, action: Action, field: Field) -> None:
    assert allow(VIEWERS[who], action, CASE, field) == ((action, field) in ALLOWED[who])


@pytest.mark.parametrize("action", get_args(Action))
@pytest.mark.parametrize("who", VIEWERS)
def test_without_a_case_everybody_starts_and_reads_the_register_and_administrators_list_and_correct(
    who: str, action: Action
) -> None:
    everybody = action in {"start", "see_register", "see_documents"}
    administrators = action in {"list_all", "correct_address", "settle_power"}
    assert allow(VIEWERS[who], action) == (everybody or (administrators and VIEWERS[who].administrator))


@pytest.mark.parametrize("who", ["starter", "author"])
def test_nobody_decides_their_own_request_not_even_when_asked(who: str) -> None:
    case = CASE.model_copy(update={"asked": frozenset({who})})
    assert not allow(VIEWERS[who], "decide", case)


@pytest.mark.parametrize("who", ["starter", "author", "told"])
def test_nobody_settles_a_change_of_power_in_which_they_have_a_part_not_even_when_asked(who: str) -> None:
    case = CASE.model_copy(update={"asked": frozenset({who})})
    assert not allow(VIEWERS[who], "settle_power", case)


def test_an_action_that_needs_a_case_is_refused_without_one() -> None:
    assert not any(allow(VIEWERS["administrator"], action) for action in WITH_A_CASE)
