"""Who holds the token of a request, and whether it covers what is asked."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from node.access.oauth.answers import bearer
from node.access.oauth.callers import Callers
from node.access.oauth.queries import Caller
from node.access.oauth.scopes import covers
from node.activitypub.clients.problems import bad_token, narrow_token, no_token
from node.boundary import Member


async def find_bearer(request: Request, *scopes: str) -> Member | None:
    """The member whose token came along; None without a token, a Problem for one that is not good enough.

    One of the scopes is enough. A bad token is told alike whatever was asked for.
    """
    if not bearer(request):
        return None
    caller, member = await need_caller(request)
    need_scope(caller, *scopes)
    return member


async def need_caller(request: Request) -> tuple[Caller, Member]:
    """The same where nothing is done without a member; scopes are looked at later."""
    token = bearer(request)
    if not token:
        raise no_token()
    callers: Callers = request.app.state.callers
    caller = await run_in_threadpool(callers.find, token)
    if caller is None or caller.member is None:
        raise bad_token()
    return caller, caller.member


def need_scope(caller: Caller, *scopes: str) -> None:
    if not any(covers(caller.scopes, one) for one in scopes):
        raise narrow_token(scopes[0])
