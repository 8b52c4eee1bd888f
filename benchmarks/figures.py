"""The figures: what each may cost, what it came to, and how both are shown."""

import json
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from rich.table import Table


class Figure(NamedTuple):
    """A figure by its name: what it is, the most that it may be, and what to reach for."""

    name: str
    what: str
    budget: float
    stretch: float | None = None


FIGURES: Final = (
    Figure("events_ratio", "history events of a case, by bare's", 1.1, 0.8),
    Figure("throughput_ratio", "cases per second through HTTP, 32 at a time, by bare's", 0.8, 1.0),
    Figure("cpu_ratio", "CPU per case through HTTP, all processes, by bare's", 1.3, 1.0),
    Figure("decision_p50_ratio", "confirm click to recorded decision, median, by bare's", 1.3, 1.0),
    Figure("decision_p99_ratio", "the same, 99th percentile", 1.6, 1.2),
    Figure("stall_seconds", "longest wait of a decision when worker or server is killed, s", 5, 2),
    Figure("open_case_bytes", "worker memory per open case, 2,000 to 10,000 open, bytes", 0),
    Figure("page_p99_ms", "pages with 100,000 cases on record, 99th percentile, ms", 150, 50),
    Figure("ready_seconds", "`duly up` to ready, database present, s", 5, 3),
)

CAMPAIGN: Final = (
    Figure("campaign_throughput_ratio", "signatures per second, 64 at a time, by bare's one-step workflows", 0.8, 1.0),
    Figure("campaign_cpu_ratio", "CPU per signature, all processes, by bare's", 1.3, 1.0),
    Figure("campaign_history_events", "longest history of the campaign and its cases, events", 3_999),
    Figure("campaign_history_bytes", "the same, bytes", 1_999_999),
    Figure("campaign_larger_events", "history of a campaign for more people, events", 3_999),
    Figure("campaign_larger_bytes", "the same, bytes", 1_999_999),
    Figure("campaign_mails_twice", "mails that came twice", 0),
    Figure("campaign_mails_missing", "mails that did not come", 0),
    Figure("cycles_not_done", "documents that did not go round for ten years", 0),
)
"""The figures of `--campaign`."""

AT_LEAST: Final = frozenset({"throughput_ratio", "campaign_throughput_ratio"})
"""Figures that are better the larger they are."""

Measured = Mapping[str, float | None]
"""What each figure came to; None where it was not measured."""


def table_of(measured: Measured, figures: Sequence[Figure] = FIGURES) -> Table:
    """Return the figures beside what they may be."""
    table = Table(title="What a case costs, beside bare Temporal", title_justify="left")
    for heading in ("figure", "what it is", "measured", "budget", "stretch", ""):
        table.add_column(heading, justify="left" if heading in {"figure", "what it is", ""} else "right")
    for figure in figures:
        value = measured[figure.name]
        sign = "≥" if figure.name in AT_LEAST else "≤"
        table.add_row(
            figure.name,
            figure.what,
            _short(value),
            f"{sign} {_short(figure.budget)}",
            f"{sign} {_short(figure.stretch)}" if figure.stretch is not None else "",
            _verdict(figure, value),
        )
    return table


def json_of(measured: Measured, figures: Sequence[Figure] = FIGURES) -> str:
    """Return the figures as one line of JSON."""
    return json.dumps({figure.name: measured[figure.name] for figure in figures})


def _verdict(figure: Figure, value: float | None) -> str:
    if value is None:
        return "not measured"
    if figure.stretch is not None and _reaches(figure, value, figure.stretch):
        return "stretch reached"
    return "within budget" if _reaches(figure, value, figure.budget) else "over budget"


def _reaches(figure: Figure, value: float, bound: float) -> bool:
    return value >= bound if figure.name in AT_LEAST else value <= bound


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
