"""The register of demands is whole, every demand is met or said to be still to come, and the page says so."""

import re

from tests.coverage_page import PAGE, demands, met, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.coverage_page"


def test_every_demand_is_met_somewhere_or_said_to_be_still_to_come() -> None:
    where = met()
    assert [demand.id for demand in demands() if demand.id not in where and demand.not_yet is None] == []


def test_nothing_is_cited_that_is_not_in_the_register() -> None:
    assert set(met()) <= {demand.id for demand in demands()}


def test_the_register_holds_each_demand_once_in_order_and_in_words() -> None:
    ids = [demand.id for demand in demands()]
    assert ids == sorted(set(ids))
    assert {f"SITE-{number:02}" for number in range(1, 49)} <= set(ids)
    assert all(re.fullmatch(r"[A-Z][^|]{20,}\.", demand.demand) for demand in demands())
    assert all(demand.not_yet is None or demand.not_yet.endswith(".") for demand in demands())
