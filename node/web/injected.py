"""Who asks when this process asks itself (check-rings): said beside the request, where none can say it."""

from starlette.requests import Request

from node.boundary import Anonymous, Outside

READER = "leerkring.reader"  # a key of the ASGI scope; what comes over the wire is in `headers` and the like


def injected_reader(request: Request) -> Anonymous | Outside | None:
    """The reader that stands where a checked signature would have put one; None for every real request."""
    reader: Anonymous | Outside | None = request.scope.get(READER)
    return reader
