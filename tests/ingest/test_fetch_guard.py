from __future__ import annotations

import datetime as dt
import gzip
import io
import ssl
from pathlib import Path

import pytest
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ingest.fetch.answers import Fetched, Known
from ingest.fetch.guard import USER_AGENT, FetchLimits, Guard, open_fetcher
from rag_core.errors import (
    DocumentError,
    FetchFailedError,
    FetchMissingError,
    FetchRefusedError,
    OversizedDocumentError,
)
from tests.web import Names, Reply, serving_site

QUICK = FetchLimits(interval_seconds=0, tries=1, size_bytes=1 << 20)


async def fetch(
    url: str,
    *,
    limits: FetchLimits = QUICK,
    allow_private: bool = True,
    resolver: AbstractResolver | None = None,
    trusted: ssl.SSLContext | None = None,
    known: Known | None = None,
) -> tuple[bytes, Fetched | None]:
    into = io.BytesIO()
    guard = Guard(resolver or ThreadedResolver(), allow_private=allow_private)
    async with open_fetcher(guard, limits, secured_by=trusted) as fetcher:
        return into.getvalue(), await fetcher.fetch(url, into, known)


async def fault(url: str, **options: object) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        await fetch(url, **options)
    return caught.value


def certify(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's certificate for a name, and who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "both.pem").write_bytes(pem + private)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "both.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


async def test_a_page_is_fetched_with_what_its_server_says_of_it() -> None:
    headers = {"ETag": '"one"', "Last-Modified": "Mon, 02 Nov 2026 10:00:00 GMT"}
    async with serving_site({"/a": Reply(b"<p>Hello", headers=headers)}) as site:
        _, fetched = await fetch(f"{site.url}/a")

    assert fetched is not None
    assert (fetched.media_type, fetched.etag, fetched.size_bytes) == ("text/html", '"one"', 8)
    assert site.asked[0].headers["User-Agent"] == USER_AGENT


async def test_an_unchanged_page_is_not_sent_again() -> None:
    async with serving_site({"/a": Reply(b"Hello", headers={"ETag": '"one"'})}) as site:
        _, fetched = await fetch(f"{site.url}/a", known=Known('"one"', None))

    assert fetched is None
    assert site.statuses == [304]


async def test_nothing_is_asked_of_this_machine_unless_it_is_allowed() -> None:
    async with serving_site({}) as site:
        by_address = await fault(f"{site.url}/a", allow_private=False)
        by_name = await fault(f"http://localhost:{site.port}/", allow_private=False)

    assert isinstance(by_address, FetchRefusedError)
    assert "--allow-private` allows it" in str(by_name)
    assert site.asked == []


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://[fd00:ec2::254]/",
        "http://[::ffff:169.254.169.254]/",
        "http://2852039166/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://name:secret@127.0.0.1/",
    ],
)
async def test_a_redirect_is_checked_like_the_first_address(target: str) -> None:
    async with serving_site({"/a": Reply(status=302, headers={"Location": target})}) as site:
        refused = await fault(f"{site.url}/a")

    assert isinstance(refused, FetchRefusedError)
    assert "secret" not in str(refused)


async def test_a_name_that_leads_elsewhere_the_second_time_leads_nowhere() -> None:
    names = Names("127.0.0.1", "169.254.169.254")
    async with serving_site({"/a": Reply(status=302, headers={"Location": "/b"})}) as site:
        refused = await fault(f"http://rebound.example:{site.port}/a", resolver=names)

    assert isinstance(refused, FetchRefusedError)
    assert "rebound.example (169.254.169.254)" in str(refused)
    assert site.paths() == ["/a"]


async def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    names = Names("127.0.0.1", "169.254.169.254")
    async with serving_site({"/a": Reply(b"Hello")}) as site:
        await fetch(f"http://once.example:{site.port}/a", resolver=names)

    assert names.asked == 1


async def test_a_name_that_no_host_can_have_is_refused() -> None:
    refused = await fault("http://" + "a" * 300)

    assert isinstance(refused, FetchRefusedError)


@pytest.mark.parametrize("address", ["10.1.2.3", "::1", "64:ff9b::a9fe:a9fe", "100.64.0.1"])
async def test_a_public_name_may_not_lead_into_a_private_network(address: str) -> None:
    refused = await fault("http://inside.example/", resolver=Names(address), allow_private=False)

    assert isinstance(refused, FetchRefusedError)


async def test_an_endless_body_ends_at_the_limit() -> None:
    async with serving_site({"/a": Reply(b"x" * 65536, endless=True)}) as site:
        assert isinstance(await fault(f"{site.url}/a"), OversizedDocumentError)


async def test_a_bomb_is_measured_unpacked() -> None:
    bomb = Reply(gzip.compress(bytes(64 << 20)), headers={"Content-Encoding": "gzip"})
    async with serving_site({"/a": bomb}) as site:
        assert isinstance(await fault(f"{site.url}/a"), OversizedDocumentError)


async def test_a_slow_drip_ends_at_the_time_limit() -> None:
    limits = FetchLimits(tries=1, total_seconds=0.3, interval_seconds=0)
    async with serving_site({"/a": Reply(b"x", endless=True, gap_seconds=0.05)}) as site:
        slow = await fault(f"{site.url}/a", limits=limits)

    assert isinstance(slow, FetchFailedError)
    assert "takes too long" in str(slow)


async def test_a_body_that_breaks_off_is_a_failure() -> None:
    async with serving_site({"/a": Reply(b"Hello", headers={"Content-Length": "9"})}) as site:
        assert "breaks off" in str(await fault(f"{site.url}/a"))


async def test_a_circle_of_redirects_ends() -> None:
    async with serving_site({"/a": Reply(status=301, headers={"Location": "/a"})}) as site:
        assert "redirects more than 5 times" in str(await fault(f"{site.url}/a"))

    assert len(site.asked) == 6


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, FetchMissingError),
        (410, FetchMissingError),
        (401, FetchRefusedError),
        (403, FetchRefusedError),
        (206, FetchRefusedError),
        (304, FetchRefusedError),
        (500, FetchFailedError),
        (429, FetchFailedError),
    ],
)
async def test_each_status_has_its_error(status: int, kind: type[DocumentError]) -> None:
    async with serving_site({"/a": Reply(status=status)}) as site:
        refused = await fault(f"{site.url}/a")

    assert type(refused) is kind
    assert str(status) in str(refused)


async def test_a_busy_server_is_asked_again_when_it_says() -> None:
    busy = Reply(status=503, headers={"Retry-After": "0"})
    replies = iter([busy, Reply(b"Hello")])
    async with serving_site({"/a": lambda: next(replies)}) as site:
        limits = FetchLimits(interval_seconds=0, tries=2)
        _, fetched = await fetch(f"{site.url}/a", limits=limits)

    assert fetched is not None
    assert site.statuses == [503, 200]


async def test_a_server_that_wants_a_long_wait_is_not_asked_again() -> None:
    busy = Reply(status=503, headers={"Retry-After": "Wed, 01 Jan 2200 00:00:00 GMT"})
    async with serving_site({"/a": busy}) as site:
        failed = await fault(f"{site.url}/a", limits=FetchLimits(tries=3))

    assert isinstance(failed, FetchFailedError)
    assert len(site.asked) == 1


async def test_requests_to_one_host_keep_their_distance() -> None:
    limits = FetchLimits(interval_seconds=0.1)
    async with (
        serving_site({"/a": Reply(b"Hello")}) as site,
        open_fetcher(Guard(Names("127.0.0.1"), allow_private=True), limits) as fetcher,
    ):
        for _ in range(3):
            await fetcher.fetch(f"{site.url}/a", io.BytesIO())

    assert site.asked[-1].at - site.asked[0].at >= 0.18


async def test_a_certificate_must_be_for_the_host_that_was_named(tmp_path: Path) -> None:
    server, trusted = certify("right.example", tmp_path)
    async with serving_site({"/a": Reply(b"Hello")}, secured_by=server) as site:
        wrong = await fault(
            f"https://wrong.example:{site.port}/a", resolver=Names("127.0.0.1"), trusted=trusted
        )
        _, right = await fetch(
            f"https://right.example:{site.port}/a", resolver=Names("127.0.0.1"), trusted=trusted
        )

    assert isinstance(wrong, FetchRefusedError)
    assert "certificate" in str(wrong)
    assert right is not None


async def test_a_server_that_is_not_there_is_a_failure() -> None:
    async with serving_site({}) as site:
        gone = site.url

    assert "cannot be reached" in str(await fault(gone))


async def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with serving_site({"/a": Reply(b"Hello")}) as site:
        _, fetched = await fetch(f"{site.url}/a")

    assert fetched is not None
