"""Whom a source is believed to be: who shows a certificate that is trusted, and of its own host."""

import ipaddress
import socket
import ssl
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from market_data.errors import SourceUnavailable
from market_data.sources import connections
from market_data.sources.pacing import Breaker


def self_signed(path, host):
    """A file with a key and its certificate for an address, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "told")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    told = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(told + certificate.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def serve(tmp_path):
    """Answers one caller over TLS with a certificate for a host, and tells what was heard."""
    threads, heard = [], []

    def serve(host, *parts):
        path = self_signed(tmp_path / "own.pem", host)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        server = socket.create_server(("127.0.0.1", 0))

        def answer() -> None:
            with server, suppress(OSError):
                raw, _ = server.accept()
                raw.settimeout(10.0)
                with raw, context.wrap_socket(raw, server_side=True) as connection:
                    heard.append(connection.recv(10_000))
                    for part in parts:
                        connection.sendall(part)
                    connection.recv(1)

        threads.append(threading.Thread(target=answer))
        threads[-1].start()
        return f"https://127.0.0.1:{server.getsockname()[1]}", path, heard

    yield serve
    for thread in threads:
        thread.join()


def test_who_shows_a_trusted_certificate_of_its_own_host_is_heard(serve, http, monkeypatch):
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1]"
    base, path, heard = serve("127.0.0.1", whole)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    client = http(base=base, headers={"Authorization": "Token s3cret"})
    assert client.get("/", {}).body == b"[1]"
    assert b"Token s3cret" in heard[0]
    client.close()


@pytest.mark.parametrize(("host", "trusted"), [("127.0.0.1", False), ("127.0.0.2", True)])
def test_nobody_else_is_told_a_key(serve, http, seconds, monkeypatch, host, trusted):
    base, path, heard = serve(host)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    breaker = Breaker("told", seconds, failures=1, rest=1000.0)
    client = http(base=base, headers={"Authorization": "Token s3cret"}, breaker=breaker)
    with pytest.raises(SourceUnavailable, match="failed 1 times"):
        client.get("/", {})
    assert heard == []


def test_a_head_that_does_not_end_is_cut_off_over_tls_too(serve, http, seconds, monkeypatch):
    monkeypatch.setattr(connections, "BEGINS", 0.5)
    base, path, heard = serve("127.0.0.1", b"HTTP/1.1 200 OK\r\nX-A: ")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    breaker = Breaker("told", seconds, failures=1, rest=1000.0)
    with pytest.raises(SourceUnavailable, match="failed 1 times"):
        http(base=base, breaker=breaker).get("/", {})
    assert len(heard) == 1
