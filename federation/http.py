"""The only module that opens sockets: guarded addresses, size and time caps, redirects, signed requests."""

import socket
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from federation.addresses import is_allowed
from federation.documents import is_address, web_url, without_fragment
from federation.errors import AddressRefused, Rejected, Unreachable
from federation.messages import MAX_BODY, Get, Request, Response, Sender, Signer
from federation.signatures import authority
from schemas.activitystreams import CONTENT_TYPE

__all__ = ["MAX_BODY", "Get", "GuardedSender", "Request", "Response", "Sender", "Signer", "get", "post"]

MAX_HOPS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class GuardedSender:
    """The real sender: one connection pool for everything that leaves the node. Belongs to one event loop."""

    def __init__(
        self,
        *,
        local: bool = False,
        user_agent: str = "Leerkring",
        ca_file: str | None = None,
        connect_seconds: float = 5.0,
        total_seconds: float = 30.0,
    ) -> None:
        self._local = local
        self._headers = {"user-agent": user_agent}
        self._ca_file = ca_file
        self._timeout = aiohttp.ClientTimeout(total=total_seconds, sock_connect=connect_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __call__(self, request: Request) -> Response:
        self._check_url(request.url)
        try:
            return await self._exchange(request)
        except TimeoutError as error:
            raise Unreachable("no answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(type(error).__name__) from error
        except ValueError as error:
            raise Rejected("a request that cannot be sent", 400) from error

    async def _exchange(self, request: Request) -> Response:
        async with self._open_session().request(
            request.method,
            # The signature covers the URL, so not a character of it may be rewritten.
            URL(request.url, encoded=True),
            headers={**self._headers, **request.headers},
            data=request.body or None,
            allow_redirects=False,
        ) as answer:
            body = await _read(answer, request.max_bytes)
            headers = {name: ", ".join(answer.headers.getall(name)) for name in answer.headers}
            return Response(answer.status, headers, body, request.url)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            tls = ssl.create_default_context(cafile=self._ca_file)
            connector = aiohttp.TCPConnector(
                ssl=tls,
                socket_factory=self._open_socket,
                resolver=_LoopbackNames() if self._local else None,
                limit=200,
                limit_per_host=10,
            )
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session

    def _open_socket(self, address_info: aiohttp.AddrInfoType) -> socket.socket:
        """Asked with the very address that is connected to, so a name cannot change in between."""
        family, kind, protocol, _, address = address_info
        if not is_allowed(str(address[0]), local=self._local):
            raise AddressRefused("that address is not public")
        opened = socket.socket(family=family, type=kind, proto=protocol)
        opened.setblocking(False)
        return opened

    def _check_url(self, url: str) -> None:
        parts = urlsplit(web_url(url))
        if not self._local and parts.scheme != "https":
            raise AddressRefused("only https is allowed")
        if self._local and not _is_loopback_name(parts.hostname or ""):
            raise AddressRefused("a local node reaches only this machine")


def _is_loopback_name(host: str) -> bool:
    if is_address(host):
        return is_allowed(host, local=True)
    return host == "localhost" or host.endswith(".localhost")


class _LoopbackNames(AbstractResolver):
    """No system resolver knows `*.localhost`; only such names reach this one."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        host_address = "::1" if family == socket.AF_INET6 else "127.0.0.1"
        kind = family or socket.AF_INET
        return [ResolveResult(hostname=host, host=host_address, port=port, family=kind, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is held open."""


async def _read(answer: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """The decoded body, counted while it is unpacked: a small gzip can hold gigabytes."""
    if (answer.content_length or 0) > max_bytes:
        raise Rejected("the answer is too large", 413)
    body = bytearray()
    async for chunk in answer.content.iter_chunked(65536):
        body += chunk
        if len(body) > max_bytes:
            raise Rejected("the answer is too large", 413)
    return bytes(body)


def _signed(request: Request, sign: Signer | None) -> Request:
    request.headers["host"] = authority(request.url)
    if sign is not None:
        request.headers.update(sign(request))
    return request


async def get(
    sender: Sender,
    url: str,
    *,
    accept: str,
    sign: Signer | None = None,
    max_hops: int = MAX_HOPS,
    max_bytes: int = MAX_BODY,
) -> Response:
    """The final answer, whatever its status; `url` in it is where it came from. Each hop is signed anew."""
    seen = set()
    url = without_fragment(url)
    for _ in range(max_hops + 1):
        seen.add(url)
        request = Request("GET", web_url(url), {"accept": accept}, max_bytes=max_bytes)
        response = await sender(_signed(request, sign))
        target = _redirect_target(url, response)
        if target is None:
            return response
        if target in seen:
            raise Rejected("the redirects go round in a circle", 400)
        url = target
    raise Rejected("too many redirects", 400)


def _redirect_target(url: str, response: Response) -> str | None:
    location = response.headers.get("location")
    if response.status not in _REDIRECTS or not location:
        return None
    target = without_fragment(web_url(_join(url, location)))
    if urlsplit(target).scheme != urlsplit(url).scheme:
        raise Rejected("the redirect changes the scheme", 400)
    return target


def _join(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise Rejected("the redirect leads nowhere", 400) from error


async def post(
    sender: Sender,
    url: str,
    body: bytes,
    *,
    sign: Signer | None = None,
    content_type: str = CONTENT_TYPE,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Never follows a redirect: what we deliver is meant for this inbox and nobody else."""
    request = Request("POST", web_url(url), {**(headers or {}), "content-type": content_type}, body)
    return await sender(_signed(request, sign))
