"""`duly calendar`: open cases go by the calendar that the packs have now."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from settings import Settings
    from starter.recomputing import Changed
    from starter.web.site import Site

group = typer.Typer(help="The calendar: what open cases go by.", no_args_is_help=True)


@group.callback()
def calendar() -> None:
    """The calendar: what open cases go by."""


@group.command()
def recompute(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would move, and move nothing.")] = False,
) -> None:
    """Have every open case go by the calendar of its pack, and say what is due, or comes, on another day by it.

    For when a bank holiday is proclaimed, or terms or closures change, while deadlines run. Whoever is asked, and
    whoever looks after a site or a document, is mailed the new days. Exit 1 where a case could not be moved: the next
    run tries again.
    """
    import asyncio

    from starter.commands import checked_packs, settings_with_database

    settings = settings_with_database()
    checked_packs(settings)
    raise typer.Exit(asyncio.run(_recompute(settings, dry_run)))


async def _recompute(settings: "Settings", dry_run: bool) -> int:
    from starter.recomputing import Recomputing
    from starter.web.building import build

    cases = asks = coming = failed = 0
    async with build(settings) as site:
        await site.prepared()
        if not dry_run and not await _gets_on(site):
            typer.echo("Temporal or its worker does not answer, and nothing was moved: try again.", err=True)
            return 1
        async for changed in Recomputing(site.db, site.keys, site.engine, site.packs, site.today, dry_run).run():
            _tell(changed, dry_run)
            cases += not changed.why_not
            asks += len(changed.moved)
            coming += len(changed.coming)
            failed += bool(changed.why_not)
    _sum_up(cases, asks, coming, dry_run)
    return int(failed > 0)


async def _gets_on(site: "Site") -> bool:
    health = await site.engine.health()
    return health.answers and health.works


def _tell(changed: "Changed", dry_run: bool) -> None:
    from domain.words import weekday_in_words

    if changed.why_not:
        typer.echo(f"{changed.reference}  not moved: {changed.why_not}", err=True)
    for one in changed.moved:
        old, new = weekday_in_words(one.old), weekday_in_words(one.new)
        now = "would be due" if dry_run else "is due"
        typer.echo(f"{changed.reference}  {one.step}: due {old} until now, {now} {new}")
    for day in changed.coming:
        old, new = weekday_in_words(day.old), weekday_in_words(day.new)
        typer.echo(f"{changed.reference}  {day.what}: on {old} until now, {'would be' if dry_run else 'now'} on {new}")


def _sum_up(cases: int, asks: int, coming: int, dry_run: bool) -> None:
    if not cases:
        typer.echo("Nothing moves: every ordinary case that is open goes by the calendar of its pack.")
    else:
        would = "would go" if dry_run else "go"
        typer.echo(
            f"Ordinary cases that {would} by another calendar: {cases}. Asks due on another day: {asks}. "
            f"What else comes on another day: {coming}."
        )
    # The same words whether there are any or not.
    confidential = "are not looked at in a dry run" if dry_run else "go by it too"
    typer.echo(f"Confidential cases, where there are any, {confidential}; nothing is said of them.")
