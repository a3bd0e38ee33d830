"""A fediverse actor that nobody invited: a key of its own, and a server where nodes can look it up."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from federation import keys


@contextmanager
def serving_stranger(port: int) -> Iterator[tuple[str, str]]:
    """Its key id and private key, while its server runs."""
    private = keys.new_rsa()
    actor = f"http://localhost:{port}/actor"
    document = {
        "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
        "id": actor,
        "type": "Person",
        "preferredUsername": "voorbijganger",
        "inbox": f"{actor}/inbox",
        "outbox": f"{actor}/outbox",
        "publicKey": {
            "id": f"{actor}#main-key",
            "owner": actor,
            "publicKeyPem": keys.rsa_public_pem(private),
        },
    }
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(json.dumps(document).encode()))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{actor}#main-key", private
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(body: bytes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/activity+json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    return Handler
