"""Signing in, or confirming that it is you, with a school account; and linking that account to a person."""

import base64
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

import structlog
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from domain.base import Frozen
from starter.oidc import Account, Attempt, NotBelievedError, ProviderLostError, SchoolProvider
from starter.web.confirming import confirmed, tell_of_change
from starter.web.page import Page, Visit
from starter.web.reading import only
from starter.web.signed_in import clear_cookie, cookie_name, set_cookie, way_back, way_on, who
from store import identities, people, second_factors, sessions
from store.keys import SealBrokenError

log = structlog.get_logger()

_LASTS: Final = timedelta(minutes=10)
_TOO_LATE: Final = "It took too long, or was begun in another browser or before you signed in again"
_WHY: Final = {
    "state": _TOO_LATE,
    "session": _TOO_LATE,
    "not_signed_in": "You did not sign in there",
    "not_asked_again": "It did not ask you again, so it may have been somebody else at this computer",
    "not_linked": "Nobody here has said yet that this account is theirs. Sign in with a code from a mail, then open a "
    "confidential page or “Confirm that it is you”: there you link it, once",
    "another_account": "This is not the school account that you use here",
    "app_first": "Nobody here has said yet that this account is theirs. To link it, confirm with your authenticator "
    "app that it is you, and then go to your school account again",
    "tenant": "This account is of another school",
    "hosted_domain": "This account is of another school",
}
_NOT_BELIEVED: Final = "What came back cannot be relied on"


class Started(Frozen):
    """What the browser keeps, sealed, while somebody is at their provider.

    `session` is of whoever was signed in and confirms that it is them; empty, where somebody signs in. `back` is where
    to go afterwards.
    """

    state: str
    nonce: str
    verifier: str
    at: datetime
    session: str
    back: dict[str, str]


class Answered(Frozen):
    """What the browser keeps, sealed, until somebody signed in has said that the account is theirs."""

    issuer: str
    subject: str
    shown_at: datetime
    at: datetime
    session: str
    back: dict[str, str]


Kept = TypeVar("Kept", Started, Answered)


async def school_sign_in(visit: Visit) -> Response:
    """Send the browser to the school's provider: to sign in, or, for somebody signed in, to confirm that it is them."""
    provider = _provider(visit)
    visit = replace(visit, signed=await who(visit.site, visit.request))
    attempt, now = Attempt(), visit.site.clock()
    try:
        address = await provider.address(attempt, _return_to(visit), now, again=visit.signed is not None)
    except ProviderLostError:
        return _lost(visit)
    answer = RedirectResponse(address, 303)
    started = Started(
        state=attempt.state,
        nonce=attempt.nonce,
        verifier=attempt.verifier,
        at=now,
        session=visit.signed.session if visit.signed is not None else "",
        back=way_on(visit.request.query_params),
    )
    _keep(visit, answer, started)
    return answer


async def school_sign_in_back(visit: Visit) -> Response:
    """Take the answer that the provider sent with the browser, in the browser that was sent there."""
    provider = _provider(visit)
    visit = replace(visit, signed=await who(visit.site, visit.request))
    outcome = await _outcome(visit, provider)
    if isinstance(outcome, Answered):
        answer: Response = visit.go("link_school_account")
        _keep(visit, answer, outcome)
    else:
        answer = outcome
        clear_cookie(visit.site, answer, "school")
    return answer


async def link_school_account(visit: Visit) -> Response:
    """Ask whether the account that has just been used is the visitor's own; a POST links it, for good."""
    _provider(visit)
    answered = _kept(visit, Answered)
    if visit.signed is None or answered is None or answered.session != visit.signed.session:
        return _refused(visit, "session")
    if not visit.is_post:
        return visit.show("school_account_link.html", host=answered.issuer.partition("://")[2].partition("/")[0])
    only(visit.sent, ())
    async with visit.site.db.write() as session:
        linked = await identities.link(session, answered.issuer, answered.subject, visit.person.id, visit.site.clock())
    if linked:
        log.info("school_account_linked", person=visit.person.id)
        await tell_of_change(visit, visit.person)
        answer = await confirmed(visit, "school", answered.shown_at, answered.back)
    else:
        answer = _refused(visit, "another_account")
    clear_cookie(visit.site, answer, "school")
    return answer


async def _outcome(visit: Visit, provider: SchoolProvider) -> Response | Answered:
    """Return what comes of the answer: the way on, a page that says why not, or an account that is nobody's yet."""
    started, query, issuer = _kept(visit, Started), visit.request.query_params, visit.site.settings.oidc_issuer
    here = visit.signed.session if visit.signed is not None else ""
    if started is None or not secrets.compare_digest(query.get("state", "").encode(), started.state.encode()):
        return _refused(visit, "state")
    if query.get("iss", issuer) != issuer:
        return _refused(visit, "issuer")
    if started.session not in {"", here}:
        return _refused(visit, "session")
    if "code" not in query:
        return _refused(visit, "not_signed_in")
    attempt = Attempt(started.state, started.nonce, started.verifier)
    try:
        account = await provider.account(attempt, query["code"], _return_to(visit), visit.site.clock())
    except ProviderLostError:
        return _lost(visit)
    except NotBelievedError as error:
        return _refused(visit, error.why)
    return await (_confirm if started.session else _sign_in)(visit, started, account)


async def _sign_in(visit: Visit, started: Started, account: Account) -> Response:
    """Sign in whoever the account is linked to; one that nobody has said is theirs signs in nobody."""
    now = visit.site.clock()
    async with visit.site.db.write() as session:
        owner = await identities.person_of(session, account.issuer, account.subject)
        person = await people.person(session, owner) if owner is not None else None
        if person is None or not person.is_active(visit.site.today):
            return _refused(visit, "not_linked")
        secret = await sessions.open_session(session, person.id, now, shown_at=account.shown_at(now))
    way = way_back(visit.request.app, started.back.get("next", ""), started.back.get("at", ""))
    answer = RedirectResponse(way, 303)
    set_cookie(visit.site, answer, "session", secret)
    return answer


async def _confirm(visit: Visit, started: Started, account: Account) -> Response | Answered:
    """Confirm that it is whoever is signed in; the first account that they use has still to be linked to them.

    Somebody who has an app confirms with it before: or else whoever reads their mail could link an account instead.
    """
    if not account.is_fresh(started.at):
        return _refused(visit, "not_asked_again")
    async with visit.site.db.read() as session:
        owner = await identities.person_of(session, account.issuer, account.subject)
        has_another = await identities.is_linked(session, account.issuer, visit.person.id)
        has_app = second_factors.counts(await second_factors.factor_of(session, visit.person.id))
    shown_at = account.shown_at(visit.site.clock())
    if owner == visit.person.id:
        return await confirmed(visit, "school", shown_at, started.back)
    if owner is not None or has_another:
        return _refused(visit, "another_account")
    if has_app and not visit.viewer.strong:
        return _refused(visit, "app_first")
    return Answered(
        issuer=account.issuer,
        subject=account.subject,
        shown_at=shown_at,
        at=visit.site.clock(),
        session=started.session,
        back=started.back,
    )


def _provider(visit: Visit) -> SchoolProvider:
    """Return the provider of the settings.

    Raises:
        HTTPException: 404, they name none.
    """
    provider = visit.site.school_provider
    if provider is None:
        raise HTTPException(404)
    return provider


def _return_to(visit: Visit) -> str:
    return visit.site.settings.base_url + visit.path("school_sign_in_back")


def _keep(visit: Visit, answer: Response, kept: Started | Answered) -> None:
    """Have the browser keep `kept` for ten minutes, in a form that nobody else can read or make."""
    sealed = visit.site.keys.ring.system().seal(_place(type(kept)), kept.model_dump_json().encode())
    set_cookie(visit.site, answer, "school", base64.urlsafe_b64encode(sealed).decode())


def _kept(visit: Visit, kind: type[Kept]) -> Kept | None:
    """Return what the browser has kept of that kind, or None: there is none, or it is older than ten minutes."""
    cookie = visit.request.cookies.get(cookie_name(visit.site, "school"), "")
    try:
        text = visit.site.keys.ring.system().open(_place(kind), base64.urlsafe_b64decode(cookie))
    except (SealBrokenError, ValueError):
        return None
    kept = kind.model_validate_json(text)
    return kept if kept.at > visit.site.clock() - _LASTS else None


def _place(kind: type[Started | Answered]) -> str:
    return f"cookie|{kind.__name__}"


def _refused(visit: Visit, why: str) -> Response:
    log.info("school_account_refused", why=why)
    return visit.show("school_account_refused.html", 403, why=_WHY.get(why, _NOT_BELIEVED))


def _lost(visit: Visit) -> Response:
    log.warning("school_provider_lost")
    return visit.show("school_account_lost.html", 503)


PAGES: Final = (
    Page("/sign-in/school", school_sign_in, ("GET",), "anyone"),
    Page("/sign-in/school/back", school_sign_in_back, ("GET",), "anyone"),
    Page("/sign-in/school/link", link_school_account, ("GET", "POST"), "signed_in"),
)
