"""An internet of one's own on loopback: a proxy that leads every https host to one TLS server.

The real client goes out to ``api.argyle.com`` as it would anywhere: through the proxy that
``HTTPS_PROXY`` names, with the certificates that ``REQUESTS_CA_BUNDLE`` names. The ledger of each
host tells what really reached it.
"""

from __future__ import annotations

import select
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.servers import Answer, HostileServer

HOSTS = (
    "api.argyle.com",
    "api-sandbox.argyle.com",
    "www.argyle.com",
    "files.eu.argyle.com",
    "argyle.com",
    "evilargyle.com",
    "argyle.com.evil.example",
    "evil.example",
    "storage.example",
)


@cache
def authority():
    """Make a certificate authority of one day, and a certificate for every host; give the folder.

    ``ca.pem`` is what clients are to trust, ``host.pem`` and ``host.key`` are the server's.
    """
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed, so there are no certificates to test with")
    folder = Path(tempfile.mkdtemp(prefix="authority_"))
    names = ",".join([*(f"DNS:{host}" for host in HOSTS), "DNS:localhost", "IP:127.0.0.1"])
    (folder / "extensions").write_text(
        f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n"
        "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
    )
    new_key = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    commands = [
        f"{new_key} -x509 -keyout ca.key -out ca.pem -days 1 -subj /CN=Invented",
        f"{new_key} -keyout host.key -out host.csr -subj /CN=hosts",
        "x509 -req -in host.csr -out host.pem -CA ca.pem -CAkey ca.key -CAcreateserial",
    ]
    options = ["-addext keyUsage=critical,keyCertSign", "", "-days 1 -extfile extensions"]
    for command, more in zip(commands, options, strict=True):
        subprocess.run(
            ["openssl", *command.split(), *more.split()],
            cwd=folder,
            check=True,
            capture_output=True,
        )
    return folder


def tls_of_hosts():
    """Give the server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority() / "host.pem", authority() / "host.key")
    return context


class _Tunnel(BaseHTTPRequestHandler):
    """Leads ``CONNECT`` to the one server there is, whatever host was asked for."""

    def do_CONNECT(self):
        self.server.asked.append(self.path)
        with socket.create_connection(self.server.target) as there:
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            ends = {self.connection: there, there: self.connection}
            while ends:
                for end in select.select([*ends], [], [], 30)[0]:
                    block = end.recv(1 << 16)
                    if not block:
                        return
                    ends[end].sendall(block)

    def do_GET(self):
        """Take a request in the clear; none should ever come."""
        self.server.asked.append(self.path)
        self.send_error(403)

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        pass


class _Httpd(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


class Proxy:
    """A real proxy; ``asked`` holds each host and port it was asked for."""

    def __init__(self, target):
        self._httpd = _Httpd(("127.0.0.1", 0), _Tunnel)
        self._httpd.target = ("127.0.0.1", int(target.rpartition(":")[2]))
        self._httpd.asked = self.asked = []
        self.url = f"http://127.0.0.1:{self._httpd.server_port}"
        threading.Thread(
            target=self._httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def close(self):
        self._httpd.shutdown()
        self._httpd.server_close()


class Internet:
    """All hosts behind one proxy; ``hosts`` says what each answers, 404 where nothing is said.

    An answer is what `HostileServer` takes: an `Answer`, bytes, or a function of the request.
    """

    def __init__(self):
        self._server = HostileServer(self._answer, tls=tls_of_hosts())
        self.proxy = Proxy(self._server.url)
        self.hosts = {}

    def _answer(self, seen):
        answer = self.hosts.get(seen.headers["host"].lower(), Answer(404))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return answer(seen) if callable(answer) else answer

    def variables(self):
        """Give the environment variables that lead a client here."""
        return {
            "HTTPS_PROXY": self.proxy.url,
            "HTTP_PROXY": self.proxy.url,
            "REQUESTS_CA_BUNDLE": str(authority() / "ca.pem"),
        }

    def at(self, host):
        """Give the requests that reached a host."""
        return [seen for seen in self._server.seen if seen.headers["host"].lower() == host]

    @property
    def seen(self):
        """All requests, whatever host they reached."""
        return self._server.seen

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.__exit__()
        self.proxy.close()
