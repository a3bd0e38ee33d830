"""Behind a proxy: the visitor's address from X-Forwarded-For, believed from trusted networks only."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send


class TrustedProxies:
    """Puts the last address that no trusted proxy has into the scope; scheme and host are settings."""

    def __init__(self, app: ASGIApp, networks: Sequence[IPv4Network | IPv6Network]) -> None:
        self.app = app
        self.networks = networks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and self.networks and scope.get("client"):
            host, port = scope["client"]
            forwarded = Headers(scope=scope).get("x-forwarded-for", "")
            chain = [part.strip() for part in forwarded.split(",") if part.strip()]
            scope = dict(scope) | {"client": (self._visitor(host, chain), port)}
        await self.app(scope, receive, send)

    def _visitor(self, host: str, chain: list[str]) -> str:
        while chain and self._is_trusted(host):
            host = chain.pop()
        return host

    def _is_trusted(self, host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self.networks)
