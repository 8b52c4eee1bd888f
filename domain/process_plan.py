"""A process as its pack lays it down, in plain language: the same facts for a picture and for a table beside it.

It is made from the pack alone, so it says nothing of any case.

Source: Cadmus 2.5 (DISC-29).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from domain.allegations import Procedure
from domain.asking import SIGNER
from domain.base import Frozen
from domain.chasing import chase_in_words
from domain.entry_texts import FORMS
from domain.entry_words import CATEGORIES, SANCTIONS, SEVERITIES
from domain.offered_entries import at_any_time
from domain.pack import (
    EventMatch,
    NotBetween,
    OrderRule,
    Pack,
    Process,
    Recurring,
    Reviews,
    Route,
    Step,
    Story,
    Task,
)
from domain.pack_words import (
    ROADS,
    how_long,
    in_silence,
    kinds_in_words,
    pattern_in_words,
    rule_in_words,
    when_in_words,
    working_days,
)
from domain.picture import Stage
from domain.round_texts import FORMS as ROUND_FORMS
from domain.telling_entries import SEATS
from domain.words import counted, listed


class PlannedStep(Frozen):
    """A step as it is laid down: what, who is asked, only when, how long they have, what silence does, which clause.

    `always` says that every such case comes to it; `confirms` is what whoever approves has to confirm.
    """

    title: str
    who: str
    does: str
    long: str
    silence: str
    clause: str
    only: str = ""
    confirms: tuple[str, ...] = ()
    always: bool = True


class Road(Frozen):
    """One way that a process can go: of whom, its steps in order, and how it ends."""

    title: str
    steps: tuple[PlannedStep, ...]
    end: str
    can_come: str = ""


class SaidRule(Frozen):
    """An order rule in plain words, and where its clause stands."""

    words: str
    clause: str


class PlannedRoute(Frozen):
    """Who sees to a matter: of whom it is, who has a part in it, who is asked in order, who is told, and the clause."""

    whom: str
    asked: str
    told: str
    clause: str


class ProcessPlan(Frozen):
    """A process as its pack lays it down: how it begins, its roads, what may be done meanwhile, and what follows."""

    key: str
    story: Story
    title: str
    summary: str
    clause: str
    begins: tuple[str, ...]
    roads: tuple[Road, ...]
    at_any_time: tuple[str, ...]
    follows: tuple[str, ...]
    rules: tuple[SaidRule, ...]
    routes: tuple[PlannedRoute, ...] = ()
    topics: tuple[str, ...] = ()


_EVERY: Final = {"month": "each month", "term": "each term", "half_year": "each half-year", "year": "each year"}
_ON_CHANGE: Final = "Only where the site is to be changed"
_EVERYBODY: Final = "Everybody, each for themselves"


def plan_of(pack: Pack, process: Process) -> ProcessPlan:
    """Return `process` as `pack` lays it down."""
    words = _Words(pack, process)
    return ProcessPlan(
        key=process.key,
        story=process.story,
        title=process.title,
        summary=process.summary,
        clause=words.where(process.clause),
        begins=tuple(_begins(words)),
        roads=_roads(words),
        at_any_time=tuple(_at_any_time(words)),
        follows=tuple(_follows(words)),
        rules=tuple(
            SaidRule(words=rule_in_words(rule, process), clause=words.where(rule.clause)) for rule in process.rules
        ),
        routes=tuple(words.route(route) for route in process.routes),
        topics=tuple(topic.label for topic in process.topics),
    )


def plan_stages(road: Road) -> tuple[Stage, ...]:
    """Return the steps of `road` as the stages of a picture: those that not every case comes to are dashed."""
    stages = [
        Stage(title=step.title, who=step.who, mark="step" if step.always else "ring", words=_in_a_picture(step))
        for step in road.steps
    ]
    return (*stages, Stage(title="End", who="", mark="tick", words=road.end))


def _in_a_picture(step: PlannedStep) -> str:
    only = f"{step.only}. " if step.only else ""
    return f"{only}{step.who}. {step.long}. {step.clause}"


class _Words:
    """The pack's own words for its seats and clauses, for one of its processes."""

    def __init__(self, pack: Pack, process: Process) -> None:
        self.pack = pack
        self.process = process
        self._clauses = {clause.id: clause.where for clause in pack.clauses}
        self._titles = {seat.key: seat.title for seat in pack.seats}

    def where(self, clause: str) -> str:
        return self._clauses.get(clause, clause)

    def seat(self, key: str) -> str:
        return self._titles.get(key) or SEATS.get(key, key).capitalize()

    def seats(self, keys: Iterable[str], last: str = "and") -> str:
        return listed(tuple(self.seat(key) for key in keys), last)

    def told(self, keys: Iterable[str]) -> str:
        """Return whom a mail goes to, by the names that packs use for them."""
        known = {"author": "the author", "starter": "whoever sent it", "deciders": "everybody who decided"}
        return listed(tuple(known.get(key, self.seat(key)) for key in keys))

    def pattern(self, pattern: EventMatch) -> str:
        return pattern_in_words(pattern, self.process)

    def rule(self, rule: OrderRule) -> SaidRule:
        return SaidRule(words=rule_in_words(rule, self.process), clause=self.where(rule.clause))

    def step(self, step: Step, only: str = "") -> PlannedStep:
        signs = self.process.story == "acknowledgement"
        everybody = step.seats == (SIGNER,)
        who = _EVERYBODY if everybody else self.seats(step.seats, "and" if step.needs == "all" else "or")
        return PlannedStep(
            title=step.title,
            who=who,
            does=f"{'Signs' if signs else 'Approves'} {step.approves}, in these words: “{step.attestation}”",
            long=how_long(step),
            silence=in_silence(step, self._stands_in(step.seats)),
            clause=self.where(step.clause),
            only=only,
            confirms=tuple(one.label for one in step.confirmations),
            always=not only,
        )

    def task(self, task: Task) -> PlannedStep:
        only = [
            *([when_in_words(task.when, self.process)] if task.when is not None else []),
            *([f"not where this is on record already: {self.pattern(task.unless)}"] if task.unless is not None else []),
            *([_EVERY[task.every]] if isinstance(task, Recurring) else []),
            *(["only while too few are there who run the site"] if self._is_suspending(task) else []),
        ]
        said = "; ".join(only)
        return self._asked(task, task.seat, f"{said[:1].upper()}{said[1:]}", self._does(task))

    def reviews(self, reviews: Reviews) -> PlannedStep:
        first, every = working_days(reviews.first_after), working_days(reviews.every)
        only = f"{first} after {self.pattern(reviews.after)}, and then every {every}"
        return self._asked(reviews, reviews.seat, only, f"Puts on record {self.pattern(reviews.done_by)}")

    def changes(self) -> Iterator[PlannedStep]:
        """Yield what its author is asked for where a request comes back."""
        changes = self.process.changes
        if changes is None:
            return
        ahead = " or its date comes first" if changes.ahead is not None else ""
        yield PlannedStep(
            title=changes.title,
            who="Its author",
            does=f"Changes the request. {self.begins_again()}",
            long=how_long(changes),
            silence=in_silence(changes, "nobody else"),
            clause=self.where(changes.clause),
            only=f"Only where it is returned{ahead}, or its form does not hold any more",
            always=False,
        )

    def begins_again(self) -> str:
        """Return what a change that matters does to the approvals, as a sentence without a full stop."""
        back_to = self.process.changes.back_to if self.process.changes is not None else ""
        step = self.process.step(back_to)
        return f"What matters voids every approval, and it begins again at “{step.title if step else back_to}”"

    def route(self, route: Route) -> PlannedRoute:
        of = listed(tuple(CATEGORIES[one].lower() for one in route.subjects), "or") or "anybody else"
        involved = f", where the {self.seats(route.involved, 'or')} has a part in it" if route.involved else ""
        topics = {topic.key: topic.label for topic in self.process.topics}
        about = f", about: {listed(tuple(topics.get(one, one) for one in route.topics), 'or')}" if route.topics else ""
        asked = [
            f"{SEATS.get(seat, seat).capitalize()}: {'; then '.join(self.seat(one) for one in ladder)}"
            for seat, ladder in route.ladders.items()
        ]
        return PlannedRoute(
            whom=f"{of[:1].upper()}{of[1:]}{involved}{about}",
            asked=". ".join(asked),
            told=self.seats(route.told),
            clause=self.where(route.clause),
        )

    def _asked(self, clocks: Task | Reviews, seat: str, only: str, does: str) -> PlannedStep:
        return PlannedStep(
            title=clocks.title,
            who=self.seat(seat),
            does=does,
            long=how_long(clocks),
            silence=in_silence(clocks, self._stands_in((seat,))) + self._proposes(clocks),
            clause=self.where(clocks.clause),
            only=only,
            always=not only,
        )

    def _proposes(self, clocks: Task | Reviews) -> str:
        closes_on = clocks.proposes_closing_on if isinstance(clocks, Recurring) else None
        return (
            f" After working day {closes_on}, Duly proposes to close the site early." if closes_on is not None else ""
        )

    def _does(self, task: Task) -> str:
        each = ", about each allegation" if task.each_allegation else ""
        return f"Puts on record {self.pattern(task.done_by)}{each}"

    def _is_suspending(self, task: Task) -> bool:
        return self.process.story == "site_life" and task.key == "suspend"

    def _stands_in(self, seats: Sequence[str]) -> str:
        """Return who is asked as well where whoever holds `seats` does not answer."""
        if self.process.confidential:
            return "the next in line"
        known = {seat.key: seat for seat in self.pack.seats}
        others = dict.fromkeys(one for key in seats if key in known for one in known[key].stands_in)
        return f"the first of these who is there, {self.seats(others, 'or')}," if others else "whoever stands in"


def _roads(words: _Words) -> tuple[Road, ...]:
    process = words.process
    match process.story:
        case "site_life":
            rounds = (words.task(one) for one in (*process.tasks, *process.rounds) if one.key != "close")
            change = (words.step(step, _ON_CHANGE) for step in process.steps)
            close = (words.task(one) for one in process.tasks if one.key == "close")
            end = "The site is closed, and Duly looks after it no more"
            return (Road(title="", steps=(*rounds, *change, *close), end=end),)
        case "review":
            tasks = (words.task(task) for task in process.tasks)
            steps = (words.step(step) for step in process.steps)
            return (Road(title="", steps=(*tasks, *steps), end="The new version is in force"),)
        case "acknowledgement" | "signature":
            steps = (words.step(step) for step in process.steps)
            return (Road(title="", steps=tuple(steps), end="It is signed, by each for themselves"),)
        case "question":
            answer = tuple(words.task(task) for task in process.tasks)
            return (Road(title="", steps=answer, end="It is answered, on record and by e-mail"),)
        case "site_creation":
            steps = (words.step(step) for step in process.steps)
            end = "The site enters the register of approved sites"
            return (Road(title="", steps=(*steps, *words.changes()), end=end),)
        case _:
            return tuple(_confidential_roads(words))


def _confidential_roads(words: _Words) -> Iterator[Road]:
    """Yield the roads of a confidential process; those that ask for the same are one."""
    process = words.process
    together: dict[tuple[str, ...], list[Procedure]] = {}
    for procedure in dict.fromkeys(route.procedure for route in process.routes):
        keys = (*(task.key for task in _tasks_on(process, procedure)), _can_come(process, procedure))
        together.setdefault(keys, []).append(procedure)
    for procedures in together.values():
        steps = [words.task(task) for task in _tasks_on(process, procedures[0])]
        reviewed = process.reviews is not None and any(
            set(task.done_by.event) & set(process.reviews.after.event) for task in _tasks_on(process, procedures[0])
        )
        steps += [words.reviews(process.reviews)] if reviewed and process.reviews is not None else []
        yield Road(
            title=listed(tuple(ROADS[one] for one in procedures)),
            steps=tuple(steps),
            end="The case is closed",
            can_come=_can_come(process, procedures[0]),
        )


def _tasks_on(process: Process, procedure: Procedure) -> tuple[Task, ...]:
    return tuple(task for task in process.tasks if not task.procedures or procedure in task.procedures)


def _can_come(process: Process, procedure: Procedure) -> str:
    """Return what a matter on that road can come to, by the sanctions that the order rules leave it; or nothing."""
    decided = [task for task in _tasks_on(process, procedure) if "decision_made" in task.done_by.event]
    if not decided:
        return ""
    left = [key for key in SANCTIONS if not any(_bars(rule, procedure, key) for rule in _roadblocks(process))]
    grave = any("procedure_chosen" in task.done_by.event for task in _tasks_on(process, procedure))
    levels = f"How grave it is: {listed(tuple(SEVERITIES.values()), 'or').lower()}. " if grave else ""
    return f"{levels}What can come of it: {listed(tuple(SANCTIONS[key] for key in left), 'or').lower()}."


def _roadblocks(process: Process) -> list[NotBetween]:
    """Return the rules that keep a road from what belongs to another."""
    return [rule for rule in process.rules if isinstance(rule, NotBetween) and rule.opens.event == ("case_routed",)]


def _bars(rule: NotBetween, procedure: Procedure, sanction: str) -> bool:
    wanted = rule.then.where.get("sanction")
    speaks = "decision_made" in rule.then.event and (wanted is None or sanction in wanted)
    return speaks and procedure in rule.opens.where.get("procedure", ())


def _begins(words: _Words) -> Iterator[str]:
    process, pack = words.process, words.pack
    match process.story:
        case "site_creation" | "question":
            yield f"Whoever asks fills in a form: {kinds_in_words(process.may_start)}."
        case "site_life":
            first = next((one.title for one in pack.processes if one.leads_to == process.key), "")
            yield (
                f"By itself, once “{first}” ends with an approval." if first else "By itself, once a site is approved."
            )
        case "review":
            yield from _begins_review(words)
        case "acknowledgement" | "signature":
            yield from _begins_campaign(words)
        case "allegation":
            yield "Anybody reports it, with or without a name, under “Report a concern about somebody”."
            yield "It is an allegation where a child could be at risk; whoever is not sure has said yes."
        case "disciplinary":
            yield "Anybody reports it, with or without a name, under “Report a concern about somebody”."
            yield "Or it is opened out of an allegation, where the advice about it permits that."


def _begins_campaign(words: _Words) -> Iterator[str]:
    campaign = words.process.campaign
    if campaign is None:
        return
    titles = tuple(f"“{one.title}”" for key in campaign.documents if (one := words.pack.control(key)) is not None)
    again = f", and {_EVERY[campaign.every]} anew" if campaign.every is not None else ""
    yield f"By itself, for each version of {listed(titles)}{again}."
    visitors = ", and visitors, on a device of the school" if campaign.visitors else ""
    yield f"It asks all of these: {kinds_in_words(campaign.audience)}{visitors}."
    yield f"The {words.seat(campaign.owner)} sees to it."
    readings = tuple(f"“{one.title}”" for one in campaign.readings)
    if readings:
        first = ", which has to be opened before one signs" if campaign.open_first else ""
        yield f"There is to read besides: {listed(readings)}{first}."


def _begins_review(words: _Words) -> Iterator[str]:
    cycle = words.process.cycle
    if cycle is None:
        return
    days = tuple(str(day) for day in sorted(cycle.remind_before, reverse=True))
    owner = words.seat(cycle.owner)
    yield f"By itself, for each document: the {owner} is reminded {listed(days)} days before its date."
    yield "With the first reminder the new version is asked for; its owner can open the review before, with a reason."
    if cycle.told:
        again = f"and again {_EVERY[cycle.told_again]} for as long as it is overdue"
        yield f"Once the date has passed, these are told: {words.seats((cycle.owner, *cycle.told))}, {again}."


def _at_any_time(words: _Words) -> Iterator[str]:
    process = words.process
    match process.story:
        case "site_creation":
            if process.changes is not None:
                yield "Its author changes the request, until it is decided."
            yield "Its author withdraws it, or has those asked reminded, once a day."
            yield from _of_whoever_is_asked(process)
        case "question":
            yield "Whoever asked withdraws the question, until it is answered."
        case "site_life":
            if process.changes is not None:
                clause = words.where(process.changes.clause)
                yield f"Those who run the site change it: that takes the approvals above ({clause})."
            kinds = ("leadership_consulted", "post_moderated", "posting_suspended", "posting_resumed")
            yield from (f"{ROUND_FORMS[kind].title}: those who run it." for kind in kinds)
            yield from _of_whoever_is_asked(process)
        case "review":
            yield f"{ROUND_FORMS['review_opened'].title}: its owner, or an administrator, with a reason."
            yield from _of_whoever_is_asked(process)
        case "acknowledgement" | "signature":
            campaign = process.campaign
            if campaign is not None and campaign.visitors:
                yield "Visitors sign at a desk of the school, without an account."
            if campaign is not None and campaign.trainings:
                yield "Who attended a training is put on record."
            yield "Whoever does not agree declines, with a reason; nobody signs in another's place."
        case _:
            roads = dict.fromkeys(route.procedure for route in process.routes)
            kinds_of_case = dict.fromkeys(kind for road in roads for kind in at_any_time(process, road))
            yield from (f"{FORMS[kind].title}." for kind in kinds_of_case)


def _of_whoever_is_asked(process: Process) -> Iterator[str]:
    yield "Whoever should not decide because of a conflict of interest says so, and is not asked again."
    yield "Whoever gets a receipt for an answer that they did not give says so: it is on hold until that is settled."
    if process.settles_within:
        minutes = counted(process.settles_within, "minute")
        yield f"The last approval takes effect after {minutes}, so that somebody can say that it was not theirs."


def _follows(words: _Words) -> Iterator[str]:
    process, pack = words.process, words.pack
    leads_to = pack.process(process.leads_to or "")
    if leads_to is not None:
        yield f"Once it is approved, this begins: “{leads_to.title}”."
    if process.cover is not None:
        least, grace = process.cover.at_least, working_days(process.cover.grace)
        yield f"A site has at least {least} administrators and {least} moderators, where its form names them."
        yield f"Where fewer are there, posting is suspended after {grace} ({words.where(process.cover.clause)})."
    if process.cycle is not None:
        yield f"The next review is due {counted(process.cycle.months, 'month')} after the new version."
        signing = tuple(f"“{one.title}”" for one in pack.processes if one.story == "acknowledgement")
        if process.cycle.signed and signing:
            yield f"Where the document is signed, everybody is asked to sign its new version: {listed(signing, 'or')}."
    if process.campaign is not None and process.campaign.chase:
        yield f"Of whoever has not signed, these are told: {chase_in_words(process.campaign, words.seat)}."
    if process.retention is not None:
        yield from _kept(words)
    for on in dict.fromkeys(notice.on for notice in process.notices):
        to = dict.fromkeys(key for notice in process.notices if notice.on == on for key in notice.to)
        thing = words.pattern(EventMatch(event=(on,)))
        only = ", where it is not maintained, or not as it was agreed" if on == "site_reviewed" else ""
        yield f"{thing[:1].upper()}{thing[1:]}{only}: told by mail to {words.told(to)}."


def _kept(words: _Words) -> Iterator[str]:
    kept = words.process.retention
    if kept is None:
        return
    years = counted(kept.years, "year")
    if words.process.story == "allegation":
        until = f"until pension age ({kept.pension_age}) or for {years}, whichever is longer"
        yield f"Once it is closed it is kept {until} ({words.where(kept.clause)})."
        yield f"What concerns the abuse of a child is kept for {counted(kept.child_abuse_years, 'year')}."
    else:
        yield f"Once it is closed it is kept for {years} ({words.where(kept.clause)})."
    yield "Then two custodians together erase it."
    if words.process.custodians:
        yield f"In an emergency two of these open the case together: {words.seats(words.process.custodians)}."
