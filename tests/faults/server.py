"""A real HTTP service that goes wrong on purpose, and writes down what reached it.

It speaks the published API: users, user uploads, their lists and their documents. Like Argyle it
heeds no idempotency key. ``script`` says what goes wrong with the next requests of one kind;
whatever is not scripted is answered as it should be. The ledger is the judge of every test: what a
client claims counts for nothing beside what is written here.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import struct
import threading
import time
import uuid
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.faults.ledger import (
    CLOSE,
    CREATE_USER,
    FILE,
    GET,
    HANG,
    LIST,
    LIST_USERS,
    RESET,
    UPLOAD,
    Answer,
    Ledger,
    Request,
    Stored,
)

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BLOCK = 1 << 16


class FaultServer:
    """Serves until the ``with`` block ends.

    ``rename`` and ``change`` are what it makes of a file's name and of its bytes; ``created_ahead``
    are the seconds by which its ``created_at`` is ahead of its ``Date``. ``reclassified`` is the
    type that it gives to all documents, ``is_unreadable`` tells which records its lists spoil.

    Parameters
    ----------
    latency
        Seconds before every answer.
    per_second
        Above this rate the answer is 429 with ``Retry-After: 1``.
    clock_ahead
        Seconds by which the server's clock, its ``Date`` and its ``created_at``, is ahead.
    heeds_keys
        Whether a repeated ``Idempotency-Key`` gets the first document again; Argyle documents
        nothing like it.
    """

    def __init__(
        self, *, latency=0.0, per_second=None, clock_ahead=0.0, heeds_keys=False, host="127.0.0.1"
    ):
        self.ledger = Ledger()
        self.latency, self.per_second, self.clock_ahead = latency, per_second, clock_ahead
        self.heeds_keys = heeds_keys
        self.page_size = 200
        self.rename, self.change = str, bytes
        self.created_ahead = 0.0
        self.reclassified, self.is_unreadable = None, lambda _: False
        self.pending = 0
        self._scripts, self._keys, self._served = {}, {}, []
        self._lock = threading.Lock()
        self._httpd = _Httpd((host, 0), _Handler)
        self._httpd.service = self
        self.closing = threading.Event()
        self.url = f"http://{host}:{self._httpd.server_port}"
        threading.Thread(
            target=self._httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def script(self, kind, faults):
        """Say what goes wrong with the next requests of a kind.

        ``faults`` is a list, one for each request in turn, ``None`` for one that goes well; or a
        function of the `Request` that gives a `Fault` or ``None``.
        """
        self._scripts[kind] = faults if callable(faults) else list(faults)

    def fault_for(self, request):
        """Give the next fault of a kind, and take it off its list."""
        with self._lock:
            script = self._scripts.get(request.kind)
            if callable(script):
                return script(request)
            return script.pop(0) if script else None

    def too_fast(self):
        """Tell whether one more request now is over the limit."""
        if not self.per_second:
            return False
        now = time.monotonic()
        with self._lock:
            self._served = [at for at in self._served if at > now - 1]
            if len(self._served) >= self.per_second:
                return True
            self._served.append(now)
            return False

    def now(self):
        """Tell the time by the server's clock."""
        return time.time() + self.clock_ahead

    def store(self, request, fault):
        """Keep the document of a request, at once or late."""
        form = form_of(request)
        if fault and fault.late is not None:
            self.pending += 1
            threading.Timer(fault.late, self._keep_late, (form, fault.hidden)).start()
            return None
        key = request.headers.get("idempotency-key")
        if self.heeds_keys and key in self._keys:
            return self._keys[key]
        stored = self.keep(form, fault.hidden if fault else 0.0)
        if key:
            self._keys[key] = stored
        return stored

    def _keep_late(self, form, hidden):
        self.keep(form, hidden)
        self.pending -= 1

    def keep(self, form, hidden=0.0):
        """Keep one document."""
        name, content = form["upload"]
        stored = Stored(
            id=str(uuid.uuid4()),
            user=form["user"],
            document_type=form["document_type"],
            file_name=self.rename(name),
            content=content,
            sha256=hashlib.sha256(content).hexdigest(),
            created_at=datetime.fromtimestamp(self.now() + self.created_ahead, UTC),
            visible_from=time.monotonic() + hidden,
        )
        with self.ledger.lock:
            self.ledger.documents.append(stored)
        return stored

    def shown(self, stored):
        """Write a document as the API does."""
        return {
            "id": stored.id,
            "account": stored.user,
            "document_type": self.reclassified or stored.document_type,
            "file_name": stored.file_name,
            "file_url": f"{self.url}/v2/user-uploads/{stored.id}/file",
            "metadata": {},
            "processing": {"classification": "completed", "ocr": "idle", "authenticity": "idle"},
            "created_at": "soon"
            if self.is_unreadable(stored)
            else stored.created_at.isoformat(timespec="milliseconds")[:-6] + "Z",
            "updated_at": None,
        }

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closing.set()
        self._httpd.shutdown()
        self._httpd.server_close()


class _Httpd(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        """A client that hangs up is no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):  # noqa: ARG002 - the library's name
        return super().date_time_string(self.server.service.now())

    def _serve(self):
        service, address = self.server.service, urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        request = Request(
            self.command,
            address.path,
            {name: texts[0] for name, texts in parse_qs(address.query).items()},
            {name.lower(): text for name, text in self.headers.items()},
            self.client_address[1],
            time.monotonic(),
            f"{self.command} {_ID.sub('{id}', address.path)}",
        )
        with service.ledger.lock:
            service.ledger.requests.append(request)
        fault = service.fault_for(request)
        wanted = length if fault is None else int(length * fault.read)
        request.body = self.rfile.read(wanted)
        whole = len(request.body) == length
        if self.headers.get("Connection") == "close" or not whole:
            self.close_connection = True
        if len(request.body) == wanted:  # else the client is gone, and nothing is stored
            self._answer(service, request, fault)

    do_GET = do_POST = _serve  # noqa: N815 - the library's names

    def _answer(self, service, request, fault):
        if service.too_fast():
            self._write(Answer(429, b'{"detail": "Slow down."}', {"Retry-After": "1"}))
            return
        true = None
        service.closing.wait(fault.before if fault else 0.0)
        if fault is None or fault.answer is None or fault.store or fault.late is not None:
            true = self._true_answer(service, request, fault)
        service.closing.wait(service.latency + (fault.wait if fault else 0.0))
        self._write(true if fault is None or fault.answer is None else fault.answer)

    def _true_answer(self, service, request, fault):
        if not request.headers.get("authorization", "").startswith("Basic "):
            return Answer(401, b'{"detail": "Authentication credentials were not provided."}')
        if request.kind == UPLOAD:
            stored = service.store(request, fault)
            return _json(service.shown(stored)) if stored else Answer(500)
        if request.kind == CREATE_USER:
            return _json(_new_user(service, request, fault))
        if request.kind == LIST_USERS:
            return _json(_users(service, request))
        if request.kind == LIST:
            return _json(_uploads(service, request))
        return _one(service, request)

    def _write(self, answer):
        if answer is RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif answer is CLOSE:
            self.connection.shutdown(socket.SHUT_RDWR)
        elif answer is HANG:
            self._wait_until_gone()
        elif isinstance(answer, bytes):
            self.wfile.write(answer)
            self.wfile.flush()
        else:
            self._write_politely(answer)
        if not isinstance(answer, Answer):
            self.close_connection = True

    def _wait_until_gone(self):
        self.connection.settimeout(0.05)
        while not self.server.service.closing.is_set():
            try:
                if not self.connection.recv(_BLOCK):
                    return
            except TimeoutError:
                continue

    def _write_politely(self, answer):
        self.send_response(answer.status)
        whole = isinstance(answer.body, bytes)
        headers = dict(answer.headers)
        if whole:
            headers.setdefault("Content-Length", str(len(answer.body)))
        elif "Content-Length" not in headers:
            headers["Connection"] = "close"
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers()
        for block in [answer.body] if whole else answer.body:
            self.wfile.write(block)
            self.wfile.flush()


def form_of(request):
    """Read the three parts of an upload: texts, and (file name, content)."""
    boundary = request.headers["content-type"].partition("boundary=")[2].strip('"').encode()
    form = {}
    for part in request.body.split(b"--" + boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        words = dict(re.findall(r'(\w+)="([^"]*)"', head.decode()))
        name = words["name"]
        form[name] = (words["filename"], content[:-2]) if "filename" in words else None
        form[name] = form[name] or content[:-2].decode()
    return form


def _json(value):
    return Answer(200, json.dumps(value).encode(), {"Content-Type": "application/json"})


def _new_user(service, request, fault):
    fields = json.loads(request.body or b"{}")
    hidden = fault.hidden if fault else 0.0
    user = {"id": str(uuid.uuid4()), **fields}
    with service.ledger.lock:
        service.ledger.users.append(user | {"visible_from": time.monotonic() + hidden})
    return user


def _users(service, request):
    wanted = request.query.get("external_id")
    with service.ledger.lock:
        found = [user for user in service.ledger.users if _visible(user["visible_from"])]
    if wanted is not None:
        found = [user for user in found if user.get("external_id") == wanted]
    shown = [{k: v for k, v in user.items() if k != "visible_from"} for user in found]
    return {"next": None, "previous": None, "results": shown}


def _uploads(service, request):
    with service.ledger.lock:
        newest = [stored for stored in service.ledger.documents if _visible(stored.visible_from)]
    newest = [s for s in reversed(newest) if request.query.get("user") in (None, s.user)]
    start = int(request.query.get("cursor", 0))
    end = start + min(service.page_size, int(request.query.get("limit", 10)))
    query = "&".join(f"{k}={v}" for k, v in (request.query | {"cursor": str(end)}).items())
    link = f"{service.url}/v2/user-uploads?{query}" if end < len(newest) else None
    results = [service.shown(stored) for stored in newest[start:end]]
    return {"next": link, "previous": None, "results": results}


def _one(service, request):
    with service.ledger.lock:
        found = [s for s in service.ledger.documents if f"/{s.id}" in request.path]
    if not found or request.kind not in (GET, FILE):
        return Answer(404, b'{"detail": "Not found."}')
    if request.kind == FILE:
        content = service.change(found[0].content)
        return Answer(
            200,
            _counted(content, service.ledger),
            {"Content-Type": "application/octet-stream", "Content-Length": str(len(content))},
        )
    return _json(service.shown(found[0]))


def _counted(content, ledger):
    """Give a document in blocks, and count those that were taken."""
    for start in range(0, len(content), _BLOCK):
        block = content[start : start + _BLOCK]
        yield block
        with ledger.lock:
            ledger.bytes_of_files += len(block)


def _visible(since):
    return time.monotonic() >= since
