"""The procedures of the school as its pack lays them down, for everybody who is signed in: rules, and never a case."""

from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.picture import Picture, draw
from domain.process_plan import Road, plan_of, plan_stages
from starter.web.page import Page, Visit


@dataclass(frozen=True)
class DrawnRoad:
    """A road of a process, and its picture."""

    road: Road
    picture: Picture


async def procedures(visit: Visit) -> Response:
    """List every process of the pack, and those that the policy does not allow."""
    clauses = {clause.id: clause.where for clause in visit.pack.clauses}
    return visit.show(
        "procedures.html",
        pack=visit.pack,
        plans=[plan_of(visit.pack, process) for process in visit.pack.processes],
        not_offered=[(refused, clauses.get(refused.clause, refused.clause)) for refused in visit.pack.not_offered],
    )


async def procedure(visit: Visit) -> Response:
    """Show one process as a picture and as a table, with all that the pack says of it."""
    process = visit.pack.process(visit.place("process"))
    if process is None:
        raise HTTPException(404)
    plan = plan_of(visit.pack, process)
    roads = [
        DrawnRoad(road, draw(plan_stages(road), _title(plan.title, road), f"road-{place}"))
        for place, road in enumerate(plan.roads, 1)
    ]
    return visit.show("procedure.html", pack=visit.pack, plan=plan, roads=roads)


def _title(title: str, road: Road) -> str:
    return f"{title}: the steps in order{f', in a matter about {road.title}' if road.title else ''}"


PAGES: Final = (
    Page("/procedures", procedures, ("GET",), "signed_in"),
    Page("/procedures/{process}", procedure, ("GET",), "signed_in"),
)
