"""What a service may: never more than an administrator without a part in a case, and nothing but to read."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import Action, CaseAccess, ConfidentialAccess, Field, Viewer, allow

PEOPLE = ("a", "b", "service")
ORGANISATIONS = ("elms", "oaks")
SOME = st.frozensets(st.sampled_from(PEOPLE))
SERVICE = Viewer(person="service", organisation="elms", service=True)
ORDINARY = st.builds(
    CaseAccess,
    organisation=st.sampled_from(ORGANISATIONS),
    starter=st.sampled_from(PEOPLE),
    author=st.sampled_from(PEOPLE),
    asked=SOME,
    decided=SOME,
    told=SOME,
    team=SOME,
)
CONFIDENTIAL = st.builds(
    ConfidentialAccess,
    organisation=st.sampled_from(ORGANISATIONS),
    asked=SOME,
    managers=SOME,
    told=SOME,
    opened_for=SOME,
    recused=SOME,
)
ACTIONS, FIELDS = st.sampled_from(get_args(Action)), st.sampled_from(get_args(Field))


@given(case=st.none() | ORDINARY, action=ACTIONS, field=FIELDS)
def test_a_service_may_nothing_that_an_administrator_without_a_part_may_not(
    case: CaseAccess | None, action: Action, field: Field
) -> None:
    ada = Viewer(person="nobody in it", organisation="elms", administrator=True)
    if allow(SERVICE, action, case, field):
        assert allow(ada, action, case, field)
        assert action in {"see", "list_all"}
        assert field == "content" or case is None


@given(case=CONFIDENTIAL, action=ACTIONS, field=FIELDS, strong=st.booleans(), administrator=st.booleans())
def test_a_service_may_nothing_in_a_confidential_case(
    case: ConfidentialAccess, action: Action, field: Field, strong: bool, administrator: bool
) -> None:
    viewer = SERVICE.model_copy(update={"strong": strong, "administrator": administrator})
    assert not allow(viewer, action, case, field)


@pytest.mark.parametrize("organisation", ORGANISATIONS)
def test_a_service_sees_the_cases_of_its_own_organisation(organisation: str) -> None:
    case = CaseAccess(organisation=organisation, starter="a", author="a", asked=frozenset({"b"}))
    assert allow(SERVICE, "see", case) == (organisation == "elms")
    assert allow(SERVICE, "list_all")
