"""Fetching one document by its id and believing it: status, content type, id and origin."""

from federation.documents import Document, as_id, parse_document, same_origin, without_fragment
from federation.errors import Gone, Rejected, Unreachable
from federation.messages import Get, Response, retry_after
from schemas.activitystreams import ACCEPT


def check_status(response: Response) -> Response:
    """Only 200 passes; what may be better later is `Unreachable`."""
    if response.status == 200:
        return response
    if response.status == 410:
        raise Gone(response.url)
    if response.status >= 500 or response.status in (408, 425, 429):
        raise Unreachable(f"answered {response.status}", retry_after(response))
    raise Rejected(f"answered {response.status}")


async def fetch_document(get: Get, uri: str) -> Document:
    """The document with that id. One found under another address is fetched again at its own id, once."""
    document = await fetch_unconfirmed(get, uri)
    found = as_id(document)
    if found != uri:
        document = await fetch_unconfirmed(get, found)
    if as_id(document) != found:
        raise Rejected("a document that is not at its own id")
    return document


async def fetch_unconfirmed(get: Get, url: str) -> Document:
    """What is found at a URL, sure only to speak for the origin of its own id."""
    response = check_status(await get(without_fragment(url), accept=ACCEPT))
    document = parse_document(response.body, response.headers.get("content-type", ""))
    # The last address after all redirects counts, or a proxy could pose as the host that was asked.
    if not same_origin(as_id(document), response.url):
        raise Rejected("a document from another origin than its id")
    return document
