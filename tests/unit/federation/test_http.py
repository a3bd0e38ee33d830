import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from federation.errors import AddressRefused, Rejected, Unreachable
from federation.http import GuardedSender, get, post
from federation.keys import load_public_pem
from federation.messages import Request, Response
from federation.signatures import authority, parse_signature, sign_cavage, verify
from tests.unit.federation.loopback import Loopback, answer, run_loopback
from tests.unit.federation.vectors import RSA_PRIVATE, RSA_PUBLIC

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ACCEPT = "application/activity+json"


def sign(request: Request) -> Mapping[str, str]:
    return sign_cavage(request, "https://firm.example/p/0#main-key", RSA_PRIVATE, NOW)


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    async with run_loopback() as loopback:
        yield loopback


@pytest.fixture
async def sender() -> AsyncIterator[GuardedSender]:
    async with GuardedSender(local=True, total_seconds=5) as opened:
        yield opened


async def ask(sender: GuardedSender, url: str, max_bytes: int = 1000) -> Response:
    return await sender(Request("GET", url, max_bytes=max_bytes))


def test_a_sender_can_be_closed_before_its_first_use() -> None:
    asyncio.run(GuardedSender().aclose())


# The real sender


async def test_an_answer_comes_back_with_its_address(sender: GuardedSender, server: Loopback) -> None:
    server.answers["/o/1"] = answer(200, b"{}", Content_Type=ACCEPT)
    response = await ask(sender, server.url("/o/1"))
    assert (response.status, response.body, response.url) == (200, b"{}", server.url("/o/1"))
    assert response.headers["content-type"] == ACCEPT
    assert server.asked[0].headers["user-agent"] == "Leerkring"


async def test_repeated_headers_are_joined(sender: GuardedSender, server: Loopback) -> None:
    server.answers["/"] = b"HTTP/1.1 200 X\r\nVary: Accept\r\nVary: Signature\r\nContent-Length: 0\r\n\r\n"
    assert (await ask(sender, server.url("/"))).headers["vary"] == "Accept, Signature"


async def test_the_url_is_sent_letter_by_letter(sender: GuardedSender, server: Loopback) -> None:
    target = "/a%2Fb/%7Ec?x=%20&y=a+b"
    await ask(sender, server.url(target))
    assert server.asked[0].url == target


async def test_the_sender_follows_no_redirect_and_keeps_no_cookie(
    sender: GuardedSender, server: Loopback
) -> None:
    server.answers["/a"] = answer(302, Location="/b", Set_Cookie="session=1; Path=/")
    assert (await ask(sender, server.url("/a"))).status == 302
    await ask(sender, server.url("/c"))
    assert [request.url for request in server.asked] == ["/a", "/c"]
    assert "cookie" not in server.asked[1].headers


async def test_proxies_of_the_environment_are_ignored(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with GuardedSender(local=True) as sender:
        assert (await ask(sender, server.url("/"))).status == 404


@pytest.mark.parametrize("host", ["bakker.localhost", "localhost", "127.0.0.1"])
async def test_a_local_node_finds_names_of_this_machine(
    sender: GuardedSender, server: Loopback, host: str
) -> None:
    await ask(sender, server.url("/", host))
    assert server.asked[0].headers["host"] == f"{host}:{server.port}"


@pytest.mark.parametrize(
    "url", ["http://firm.example/", "http://10.0.0.1/", "http://[2606:4700::1]/", "http://localhost.example/"]
)
async def test_a_local_node_reaches_nothing_else(sender: GuardedSender, url: str) -> None:
    with pytest.raises(AddressRefused):
        await ask(sender, url)


async def test_http_is_for_local_nodes_only(server: Loopback) -> None:
    async with GuardedSender() as sender:
        with pytest.raises(AddressRefused, match="https"):
            await ask(sender, server.url("/", "127.0.0.1"))
    assert server.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0"])
async def test_no_private_address_is_connected_to(server: Loopback, host: str) -> None:
    async with GuardedSender() as sender:
        with pytest.raises(AddressRefused, match="not public"):
            await ask(sender, f"https://{host}:{server.port}/")
    assert server.connections == 0


@pytest.mark.parametrize("url", ["ftp://localhost/", "http://localhost/\r\nX: y", "http://2130706433/", ""])
async def test_an_unsound_url_is_rejected(sender: GuardedSender, url: str) -> None:
    with pytest.raises(Rejected):
        await ask(sender, url)


async def test_a_line_break_in_a_header_is_rejected(sender: GuardedSender, server: Loopback) -> None:
    with pytest.raises(Rejected):
        await sender(Request("GET", server.url("/"), {"accept": "a\r\nx: y"}))


async def test_a_closed_port_is_unreachable(sender: GuardedSender) -> None:
    async with run_loopback() as closed:
        url = closed.url("/")
    with pytest.raises(Unreachable):
        await ask(sender, url)


@pytest.mark.parametrize(
    "broken", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\nhalf"]
)
async def test_half_an_answer_is_unreachable(sender: GuardedSender, server: Loopback, broken: bytes) -> None:
    server.answers["/"] = broken
    with pytest.raises(Unreachable):
        await ask(sender, server.url("/"))


async def test_a_dripping_answer_ends_at_the_total_deadline(server: Loopback) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(50):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    server.answers["/"] = drip
    async with GuardedSender(local=True, total_seconds=0.1) as sender:
        with pytest.raises(Unreachable, match="in time"):
            await ask(sender, server.url("/"))


ZIPPED = gzip.compress(bytes(5_000_000))
CHUNKED = (
    b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n" + b"7d0\r\n" + bytes(2000) + b"\r\n0\r\n\r\n"
)


@pytest.mark.parametrize(
    ("large", "cap"),
    [
        (answer(200, bytes(2000)), 1000),
        (CHUNKED, 1000),
        (answer(200, ZIPPED, Content_Encoding="gzip"), 100_000),
    ],
)
async def test_a_body_over_the_cap_is_rejected(
    sender: GuardedSender, server: Loopback, large: bytes, cap: int
) -> None:
    server.answers["/"] = large
    with pytest.raises(Rejected, match="too large") as caught:
        await ask(sender, server.url("/"), max_bytes=cap)
    assert caught.value.status == 413


async def test_a_call_may_allow_more(sender: GuardedSender, server: Loopback) -> None:
    server.answers["/"] = answer(200, ZIPPED, Content_Encoding="gzip")
    response = await get(sender, server.url("/"), accept="image/*", max_bytes=6_000_000)
    assert len(response.body) == 5_000_000


@pytest.fixture
def authority_files(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for localhost that signs itself, and a server context that uses it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = serialization.Encoding.PEM, serialization.NoEncryption()
    public, private = tmp_path / "ca.pem", tmp_path / "key.pem"
    public.write_bytes(certificate.public_bytes(pem))
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, secret))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context


async def test_a_certificate_authority_can_be_given(authority_files: tuple[Path, ssl.SSLContext]) -> None:
    ca_file, context = authority_files
    async with run_loopback(context) as server:
        async with GuardedSender(local=True, ca_file=str(ca_file)) as trusting:
            assert (await ask(trusting, server.url("/", "localhost"))).status == 404
        async with GuardedSender(local=True) as doubting:
            with pytest.raises(Unreachable):
                await ask(doubting, server.url("/", "localhost"))


# GET and POST over any sender


async def test_a_get_is_signed_for_its_host(sender: GuardedSender, server: Loopback) -> None:
    server.answers["/o/1?page=2"] = answer(200, b"{}")
    await get(sender, server.url("/o/1?page=2#part"), accept=ACCEPT, sign=sign)
    (asked,) = server.asked
    assert asked.headers["accept"] == ACCEPT
    asked.url = server.url(asked.url)
    verify(asked, parse_signature(asked), load_public_pem(RSA_PUBLIC), NOW, authority(asked.url))


async def test_each_hop_is_signed_anew(sender: GuardedSender, server: Loopback) -> None:
    server.answers["/a"] = answer(301, Location="/b")
    server.answers["/b"] = answer(307, Location=server.url("/c", "smit.localhost"))
    server.answers["/c"] = answer(200, b"{}")
    response = await get(sender, server.url("/a"), accept=ACCEPT, sign=sign)
    assert response.url == server.url("/c", "smit.localhost")
    last = server.asked[-1]
    last.url = response.url
    verify(last, parse_signature(last), load_public_pem(RSA_PUBLIC), NOW, f"smit.localhost:{server.port}")


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("/a", "circle"),
        ("/a#x", "circle"),
        ("https://bakker.localhost/", "scheme"),
        ("ftp://bakker.localhost/", "web address"),
        ("http://[x/", "nowhere"),
        ("http://firm.example/", "only this machine"),
        ("http://169.254.169.254/latest", "only this machine"),
    ],
)
async def test_a_bad_redirect_is_rejected(
    sender: GuardedSender, server: Loopback, location: str, reason: str
) -> None:
    server.answers["/a"] = answer(302, Location=location)
    with pytest.raises(Rejected, match=reason):
        await get(sender, server.url("/a"), accept=ACCEPT)
    assert server.connections == 1


@pytest.mark.parametrize(("hops", "good"), [(3, True), (4, False)])
async def test_three_redirects_are_followed(
    sender: GuardedSender, server: Loopback, hops: int, good: bool
) -> None:
    for number in range(hops):
        server.answers[f"/{number}"] = answer(302, Location=f"/{number + 1}")
    server.answers[f"/{hops}"] = answer(200)
    if good:
        assert (await get(sender, server.url("/0"), accept=ACCEPT)).status == 200
        return
    with pytest.raises(Rejected, match="too many"):
        await get(sender, server.url("/0"), accept=ACCEPT)


async def test_a_redirect_to_nowhere_is_the_final_answer(sender: GuardedSender, server: Loopback) -> None:
    server.answers["/"] = answer(302)
    assert (await get(sender, server.url("/"), accept=ACCEPT)).status == 302


async def test_a_post_goes_to_this_address_only(sender: GuardedSender, server: Loopback) -> None:
    server.answers["/inbox"] = answer(307, Location="/other")
    response = await post(sender, server.url("/inbox"), b"{}", sign=sign, headers={"x-a": "b"})
    assert response.status == 307
    (asked,) = server.asked
    assert (asked.body, asked.headers["content-type"], asked.headers["x-a"]) == (b"{}", ACCEPT, "b")
    asked.url = server.url("/inbox")
    verify(asked, parse_signature(asked), load_public_pem(RSA_PUBLIC), NOW, authority(asked.url))
