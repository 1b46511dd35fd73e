"""Why nothing was reached: the address, the name, the certificate or the proxy is named, with what to do."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from server import Endpoint, Fault

from inpars.errors import InparsError
from inpars.models.language.base import Prompt, Sampling
from inpars.models.language.openai import OpenAIModel
from inpars.models.language.openai.connection import explain, proxy_of
from inpars.models.language.options import OpenAIOptions

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def failure(url: str) -> str:
    with pytest.raises(InparsError) as caught:
        list(OpenAIModel("tiny", OpenAIOptions(base_url=url)).complete([Prompt("d1", "wings")], Sampling()))
    return str(caught.value)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that nobody but itself has signed, its key in the same file."""
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificate")
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", "2"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *made, *names], check=True, capture_output=True
    )
    return folder / "cert.pem"


@pytest.fixture
def secure(certificate: Path) -> Iterator[Endpoint]:
    """The endpoint behind TLS."""
    server = Endpoint()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    server.server.socket = context.wrap_socket(server.server.socket, server_side=True)
    server.url = f"https://localhost:{server.server.server_port}/v1"
    yield server
    server.close()


@pytest.fixture
def proxy() -> Iterator[Callable[[int, bytes], str]]:
    """A proxy that answers whatever it is asked with one status and page; gives its address."""
    servers = []

    def start(status: int, page: bytes) -> str:
        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)
                self.close_connection = True

            do_CONNECT = do_POST = answer

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def closed() -> str:
    """An address where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_a_certificate_that_nobody_known_has_signed_names_the_variable(secure: Endpoint) -> None:
    said = failure(secure.url)
    assert f"the certificate of {secure.url} is not accepted (self-signed certificate)" in said
    assert "SSL_CERT_FILE=" in said


def test_with_the_variable_it_is_accepted(secure: Endpoint, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    [answer] = OpenAIModel("tiny", OpenAIOptions(base_url=secure.url)).complete([Prompt("d1", "wings")], Sampling())
    assert answer.completions


def test_a_certificate_for_another_name_says_so(
    secure: Endpoint, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    said = failure(secure.url.replace("localhost", "127.0.0.1"))
    assert "made for another name" in said
    assert "SSL_CERT_FILE" not in said


def test_a_file_of_certificates_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    assert f"SSL_CERT_FILE={tmp_path / 'none.pem'} cannot be read" in failure("https://localhost:1/v1")


def test_https_to_a_server_without_it_gives_the_other_address(endpoint: Endpoint) -> None:
    said = failure(endpoint.url.replace("http://", "https://"))
    assert "speaks no TLS" in said
    assert f"--openai.base-url {endpoint.url}" in said


def test_http_to_a_server_that_wants_https_gives_the_other_address(endpoint: Endpoint) -> None:
    page = b"<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>"
    endpoint.faults = lambda seen, attempt: Fault(400, body=page, content_type="text/html")
    assert f"--openai.base-url {endpoint.url.replace('http://', 'https://')}" in failure(endpoint.url)
    endpoint.faults = lambda seen, attempt: Fault(400, body=b"Client sent an HTTP request to an HTTPS server.\n")
    assert "the server speaks https" in failure(endpoint.url)


def test_a_name_that_does_not_resolve_is_named() -> None:
    assert "the name 'no-such-host.invalid' does not resolve" in failure("http://no-such-host.invalid/v1")


def test_a_proxy_where_nothing_answers_is_named_with_its_variable(
    endpoint: Endpoint, closed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", closed.replace("http://", "http://me:secret@"))
    said = failure(endpoint.url)
    assert f"nothing answers at {endpoint.url} through the proxy {closed}" in said
    assert "HTTP_PROXY" in said
    assert "NO_PROXY=127.0.0.1" in said
    assert "secret" not in said
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    [answer] = OpenAIModel("tiny", OpenAIOptions(base_url=endpoint.url)).complete([Prompt("d1", "x")], Sampling())
    assert answer.completions


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_does_not_let_https_through_is_named(
    proxy: Callable[[int, bytes], str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = proxy(status, b"")
    monkeypatch.setenv("https_proxy", address)
    said = failure("https://api.example/v1")
    assert f"the proxy {address} does not let https://api.example/v1 through ({status}" in said
    assert "is https_proxy right? NO_PROXY=api.example" in said


def test_the_page_of_a_proxy_in_place_of_an_answer_names_the_proxy(
    proxy: Callable[[int, bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = b"<html><head><title>Access blocked by policy</title></head></html>"
    for status in (200, 403):
        address = proxy(status, page)
        monkeypatch.setenv("HTTP_PROXY", address)
        said = failure("http://api.example/v1")
        assert "Access blocked by policy" in said
        assert f"requests go through the proxy {address} (HTTP_PROXY)" in said


@pytest.mark.parametrize("address", ["socks5://127.0.0.1:1080", "ftp://127.0.0.1:21"])
def test_a_proxy_that_cannot_be_used_is_named_before_anything_is_sent(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", address)
    assert f"the proxy {address} (ALL_PROXY) cannot be used" in failure("http://api.example/v1")


def test_the_proxy_is_the_one_that_goes_with_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    found = proxy_of("https://api.example/v1")
    assert found is not None
    assert (found.address, found.variable) == ("http://proxy.example:3128", "HTTPS_PROXY")
    assert proxy_of("http://api.example/v1") is None


@pytest.mark.parametrize(
    ("cause", "hint"),
    [
        ("certificate verify failed: certificate has expired (_ssl.c:1006)", "renew it"),
        ("certificate verify failed: unable to get local issuer certificate (_ssl.c:1006)", "SSL_CERT_FILE"),
        ("[Errno -3] Temporary failure in name resolution", "is there a network"),
        ("[Errno 104] Connection reset by peer", "is the server running"),
    ],
)
def test_each_cause_has_its_way_out(cause: str, hint: str) -> None:
    assert hint in explain(OSError(cause), "https://api.example/v1").hint
