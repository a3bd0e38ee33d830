"""The other side of `api.*`: a Starlette application that answers nothing, served as a node is."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def answer(_request: Request) -> Response:
    return Response()


if __name__ == "__main__":
    uvicorn.run(
        Starlette(routes=[Route("/", answer)]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
    )
