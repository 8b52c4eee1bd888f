"""School accounts, by OpenID Connect: where a browser is sent to sign in, and who the answer says that it is.

The authorization code flow with PKCE, state and nonce, with one issuer that the settings name. Somebody is known by
what the provider calls them, never by an e-mail address, which is not even asked for.
"""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from settings import GOOGLE, Settings

if TYPE_CHECKING:
    from ssl import SSLContext

    from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped]
    from joserfc.jwk import KeySetSerialization

_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_ALGORITHMS: Final = ("RS256", "PS256", "ES256")
_SECRET: Final = 32
_PATIENCE: Final = 5.0
_KEPT_FOR: Final = timedelta(hours=1)
_SKEW: Final = 60
"""By how many seconds the clock of the provider may be wrong."""


class ProviderLostError(Exception):
    """The provider cannot be reached, or says nothing that can be used."""


class NotBelievedError(Exception):
    """An answer that came through the browser, or a token, proves nothing. `why` is a word for the log."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Attempt:
    """What one try to sign in is known by; the browser that makes it keeps it, sealed."""

    state: str = field(default_factory=lambda: secrets.token_urlsafe(_SECRET))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(_SECRET))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(_SECRET))


@dataclass(frozen=True)
class Account:
    """A school account, as its provider calls it; and when its owner last typed a password there, where it says so."""

    issuer: str
    subject: str
    authenticated_at: datetime | None = None

    def shown_at(self, now: datetime) -> datetime:
        """Return when its owner showed who they are: then, or `now` where the provider does not say."""
        return min(self.authenticated_at or now, now)

    def is_fresh(self, since: datetime) -> bool:
        """Return whether nothing says that its owner last typed a password before `since`."""
        return self.authenticated_at is None or self.authenticated_at >= since - timedelta(seconds=_SKEW)


@dataclass
class SchoolProvider:
    """The provider of the school's accounts. What it says about itself is fetched when needed, and kept for an hour."""

    settings: Settings
    _known: tuple[datetime, dict[str, Any]] | None = field(default=None, repr=False)

    async def address(self, attempt: Attempt, back: str, at: datetime, *, again: bool) -> str:
        """Return where to send a browser, which comes back to the address `back`.

        `again` asks the provider to have a password typed even by somebody who is signed in there.

        Raises:
            ProviderLostError: it cannot be reached.
        """
        about = await self._about(at)
        more: dict[str, str | int] = {"nonce": attempt.nonce}
        if self.settings.oidc_hosted_domain:
            more["hd"] = self.settings.oidc_hosted_domain
        if again:
            # Google knows no other prompt that stops somebody, and no age.
            google = urlsplit(self._issuer).hostname == GOOGLE
            more |= {"prompt": "select_account"} if google else {"prompt": "login", "max_age": 0}
        async with self._client(about, back) as client:
            address, _ = client.create_authorization_url(
                about["authorization_endpoint"], state=attempt.state, code_verifier=attempt.verifier, **more
            )
        return str(address)

    async def account(self, attempt: Attempt, code: str, back: str, at: datetime) -> Account:
        """Return whose account it is that signed in, for a `code` that came with a browser.

        Raises:
            ProviderLostError: the provider cannot be reached.
            NotBelievedError: the code was used before, or is not of this attempt; or the token is not for us.
        """
        from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
        from httpx2 import HTTPError

        about = await self._about(at)
        try:
            async with self._client(about, back) as client:
                token = await client.fetch_token(about["token_endpoint"], code=code, code_verifier=attempt.verifier)
                keys = (await client.request("GET", about["jwks_uri"], withhold_token=True)).raise_for_status().json()
        except AuthlibBaseError as error:
            raise NotBelievedError(why="code") from error
        except (HTTPError, ValueError) as error:
            raise ProviderLostError from error
        if not isinstance(keys, dict):
            raise ProviderLostError
        return self._believed(token, keys, attempt, at)

    @property
    def _issuer(self) -> str:
        return self.settings.oidc_issuer or ""

    @cached_property
    def _tls(self) -> "SSLContext":
        from httpx2 import create_ssl_context

        return create_ssl_context()

    def _client(self, about: dict[str, Any], back: str) -> "AsyncOAuth2Client":
        from authlib.integrations.httpx_client import AsyncOAuth2Client

        secret = self.settings.oidc_client_secret
        basic = "client_secret_basic" in about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return AsyncOAuth2Client(
            self.settings.oidc_client_id,
            secret.get_secret_value() if secret else None,
            token_endpoint_auth_method="client_secret_basic" if basic else "client_secret_post",
            scope="openid",
            redirect_uri=back,
            code_challenge_method="S256",
            timeout=_PATIENCE,
            verify=self._tls,
        )

    async def _about(self, at: datetime) -> dict[str, Any]:
        """Return what the provider says about itself.

        Raises:
            ProviderLostError: it cannot be reached, or is not the issuer that the settings name.
        """
        from httpx2 import AsyncClient, HTTPError

        if self._known is not None and at - self._known[0] < _KEPT_FOR:
            return self._known[1]
        try:
            async with AsyncClient(timeout=_PATIENCE, verify=self._tls) as client:
                address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
                about = (await client.get(address)).raise_for_status().json()
        except (HTTPError, ValueError) as error:
            raise ProviderLostError from error
        if not isinstance(about, dict) or about.get("issuer") != self._issuer or not self._are_safe(about):
            raise ProviderLostError
        self._known = at, about
        return about

    def _are_safe(self, about: dict[str, Any]) -> bool:
        """Return whether no address of the provider is less safe than the issuer's own."""
        scheme = urlsplit(self._issuer).scheme
        return all(urlsplit(str(about.get(name, ""))).scheme in {"https", scheme} for name in _ENDPOINTS)

    def _believed(self, token: dict[str, Any], keys: dict[str, Any], attempt: Attempt, at: datetime) -> Account:
        """Return the account that a token is about, once all that it says has been checked.

        Raises:
            NotBelievedError: something in it is not as it has to be.
        """
        from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet
        from joserfc.jws import JWSRegistry

        registry = JWSRegistry(algorithms=list(_ALGORITHMS), strict_check_header=False)
        try:
            signed = jwt.decode(
                token["id_token"], KeySet.import_key_set(cast("KeySetSerialization", keys)), registry=registry
            )
            claims = CodeIDToken(
                signed.claims,
                signed.header,
                {
                    "iss": {"essential": True, "value": self._issuer},
                    "aud": {"essential": True, "value": self.settings.oidc_client_id},
                },
                {
                    "nonce": attempt.nonce,
                    "client_id": self.settings.oidc_client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(now=int(at.timestamp()), leeway=_SKEW)
            typed = claims.get("auth_time")
            authenticated_at = datetime.fromtimestamp(typed, UTC) if typed is not None else None
        except (JoseError, KeyError, TypeError, ValueError, OverflowError, OSError) as error:
            raise NotBelievedError(why="token") from error
        if self.settings.oidc_tenant and claims.get("tid") != self.settings.oidc_tenant:
            raise NotBelievedError(why="tenant")
        if self.settings.oidc_hosted_domain and claims.get("hd") != self.settings.oidc_hosted_domain:
            raise NotBelievedError(why="hosted_domain")
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise NotBelievedError(why="subject")
        return Account(self._issuer, claims["sub"], authenticated_at)
