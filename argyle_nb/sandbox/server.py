"""Starting and stopping a local sandbox: its socket, threads and connections."""

from __future__ import annotations

import atexit
import logging
import math
import secrets
import socket
import sqlite3
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import h11
import uvicorn

from argyle_nb.errors import ConfigurationError
from argyle_nb.platforms import share_port
from argyle_nb.sandbox import limits
from argyle_nb.sandbox.app import ADMITTED, KEY_PREFIX, Credentials, build_app
from argyle_nb.sandbox.deliveries import Deliverer, Times
from argyle_nb.sandbox.endpoints import FIRST_STATUSES
from argyle_nb.sandbox.faults import CuttableProtocol, FaultMiddleware
from argyle_nb.sandbox.inspector import Inspector
from argyle_nb.sandbox.objects import NULL_STYLES
from argyle_nb.sandbox.processing import LEASE_SECONDS, Worker, failing, next_state
from argyle_nb.sandbox.store import Store

if TYPE_CHECKING:
    from asyncio import TimerHandle, Transport
    from types import TracebackType

    from argyle_nb.sandbox.faults import Faults
    from argyle_nb.sandbox.processing import Inspect, Step

START_SECONDS = 60.0  # a busy machine takes its time
STOP_SECONDS = 10.0

# Without a handler, Python would print the libraries' warnings into the notebook.
for _name in ("argyle_nb", "python_multipart", "uvicorn"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


class Sandbox:
    """The local sandbox: the Argyle User Uploads API on this computer, with simulated scores.

    It listens on 127.0.0.1 only, makes a new API key at each start, saves users, uploads and
    documents in a folder, and inspects documents itself: its scores are not Ocrolus scores.
    Several sandboxes, in several processes, may share one folder.

    Parameters
    ----------
    folder
        Data folder; created if missing, readable by its owner only.
    port
        Port to listen on; 0 for any free port.
    stage_seconds
        Seconds per processing stage (classification, OCR, authenticity); 0 for at once.
    ocr
        ``"full"``; ``"classification"``, which leaves OCR and authenticity unauthorized; or
        ``"off"``, which leaves all three unauthorized.
    requests_per_second
        Rate limit; requests above it get 429. ``None`` for no limit (Argyle: 50).
    faults
        Simulated faults; ``None`` for none.
    null_style
        How missing metadata is returned; Argyle's examples show both: ``"null"``, or ``"empty"``
        for ``{}``.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, Sandbox(folder) as sandbox:
    ...     sandbox.url.startswith("http://127.0.0.1:")
    True
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        port: int = 0,
        stage_seconds: float = 0.2,
        ocr: Literal["off", "classification", "full"] = "full",
        requests_per_second: int | None = None,
        faults: Faults | None = None,
        null_style: Literal["null", "empty"] = "null",
    ) -> None:
        _check(stage_seconds, ocr, requests_per_second, null_style)
        self.folder = Path(folder).expanduser().resolve()
        self._port = port
        self._stage_seconds = stage_seconds
        self._ocr = ocr
        self._requests_per_second = requests_per_second
        self._faults = faults
        self._null_style = null_style
        self._inspect: Inspect | None = None
        self._lease_seconds = LEASE_SECONDS
        self._delivery_times = Times()
        self._running: _Running | None = None

    def start(self) -> Self:
        """Start to serve and return when requests are answered; nothing happens when it runs.

        Raises
        ------
        ConfigurationError
            The port is taken, or the folder cannot be used.
        """
        if self._running is None:
            self._running = self._launch()
            atexit.register(self.stop)
        return self

    def stop(self) -> None:
        """Stop serving, free port and threads, keep the folder; nothing happens when stopped."""
        running, self._running = self._running, None
        if running is not None:
            atexit.unregister(self.stop)
            running.stop()

    @property
    def url(self) -> str:
        """The address, such as ``http://127.0.0.1:40321``."""
        return f"http://127.0.0.1:{self._started().port}"

    @property
    def api_key_id(self) -> str:
        """The key's id; it begins with ``sbx_local_`` and is new at each start."""
        return self._started().credentials.api_key_id

    @property
    def api_key_secret(self) -> str:
        """The key's secret, new at each start."""
        return self._started().credentials.api_key_secret

    @property
    def id(self) -> str:
        """The id of the folder's data: the same for all sandboxes of one folder, for ever."""
        return self._started().store.id

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        where = self.url if self._running else "stopped"
        return f"<Sandbox {where}, folder {str(self.folder)!r}>"

    def _started(self) -> _Running:
        if self._running is None:
            raise ConfigurationError(
                f"The local sandbox in {self.folder} is not running. Call start() first."
            )
        return self._running

    def _launch(self) -> _Running:
        store = self._open_store()
        try:
            listener = _listen(self._port)
        except BaseException:
            store.close()
            raise
        inspector = Inspector()
        worker = Worker(
            store,
            self._inspect or inspector,
            stage_seconds=self._stage_seconds,
            lease_seconds=self._lease_seconds,
            step=_step(self._faults),
        )
        return self._serve(store, inspector, worker, listener)

    def _serve(
        self, store: Store, inspector: Inspector, worker: Worker, listener: socket.socket
    ) -> _Running:
        port = listener.getsockname()[1]
        credentials = Credentials(KEY_PREFIX + secrets.token_hex(8), secrets.token_urlsafe(32))
        rate = self._requests_per_second
        app = build_app(
            store,
            port=port,
            credentials=credentials,
            ocr=self._ocr,
            bucket=limits.TokenBucket(rate) if rate else None,
            wake=worker.wake,
            null_style=self._null_style,
        )
        server = _Server(_config(FaultMiddleware(app, self._faults) if self._faults else app))
        deliverer = Deliverer(store.database, self._delivery_times)
        running = _Running(port, credentials, store, inspector, worker, deliverer, server, listener)
        running.start()
        return running

    def _open_store(self) -> Store:
        try:
            return Store(self.folder)
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(
                f"{self.folder}: the local sandbox can't use this folder ({error}). Choose one "
                "that you can write to."
            ) from error


@dataclass
class Peers:
    """The connections of one server, by what they do; `busy` are those that a key lets work."""

    strangers: limits.WaitingPeers
    asking: limits.WaitingPeers
    refused: limits.WaitingPeers
    idle: limits.WaitingPeers
    busy: limits.WaitingPeers

    @classmethod
    def of_one_server(cls) -> Self:
        """Make them, empty."""
        bounds = (limits.MAX_STRANGERS, limits.MAX_ASKING, limits.MAX_REFUSED, limits.MAX_IDLE)
        return cls(*map(limits.WaitingPeers, (*bounds, math.inf)))  # the last ones wait for nobody

    def put(self, transport: Transport, into: limits.WaitingPeers | None) -> None:
        """Move a connection to where it is now, or to none of them."""
        for peers in (self.strangers, self.asking, self.refused, self.idle, self.busy):
            if peers is not into:
                peers.discard(transport)
        if into is not None:
            into.add(transport)


class TimedProtocol(CuttableProtocol):
    """A connection that is closed when what it owes does not arrive in time.

    That is the head of a request, the rest of a request that was refused by its head, or, without
    a key, that it reads its answers. uvicorn itself closes idle connections, but only after their
    first answer, and not those on which something arrives byte by byte. So that connections without
    a key keep nobody out, they are few in each state, the one that has been in it longest makes
    room, and their requests do not count as requests at once.
    """

    _timer: TimerHandle | None = None
    _has_key = False

    def __init__(self, *arguments: Any, peers: Peers, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._peers = peers

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Start the timer of the first request."""
        super().connection_made(transport)
        self.access_log = False  # uvicorn would write down query strings
        self.app_state = {**self.app_state, ADMITTED: self._admit}
        self._look()

    def data_received(self, data: bytes) -> None:
        """See what the connection owes now."""
        # uvicorn would count connections that wait, and requests without a key, too.
        self.limit_concurrency = 0 if len(self._peers.busy) >= limits.MAX_REQUESTS else None
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """See what the connection owes now that it is answered."""
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        """See that answers are not read."""
        super().pause_writing()
        self._look()

    def resume_writing(self) -> None:
        """See that they are again."""
        super().resume_writing()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_timer()
        self._peers.put(self.transport, None)
        super().connection_lost(exc)

    def _admit(self) -> None:
        self._has_key = True
        self._look()

    def _look(self) -> None:
        """Time what the other side owes, from the moment on that it owes it."""
        if self.transport.is_closing():
            is_owing = not self._has_key  # the last answer may not be read
        else:
            peers, is_owing = self._state()
            self._peers.put(self.transport, peers)
        if not is_owing:
            self._stop_timer()
        elif self._timer is None:
            # Closing waits until all that was answered is read.
            end = self.transport.close if self._has_key else self.transport.abort
            self._timer = self.loop.call_later(limits.HEAD_SECONDS, end)

    def _state(self) -> tuple[limits.WaitingPeers, bool]:
        """Say what this connection does, and whether the other side owes something."""
        if self.conn.their_state is h11.IDLE:
            return (self._peers.idle if self._has_key else self._peers.strangers), True
        if self.cycle is not None and self.cycle.response_complete:
            return self._peers.refused, True
        if self._has_key:
            return self._peers.busy, False
        return self._peers.asking, self.flow.write_paused

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@dataclass
class _Running:
    """What exists between start and stop."""

    port: int
    credentials: Credentials
    store: Store
    inspector: Inspector
    worker: Worker
    deliverer: Deliverer
    server: _Server
    listener: socket.socket

    def start(self) -> None:
        self.thread = threading.Thread(
            target=self.server.run, args=([self.listener],), name="argyle-sandbox", daemon=True
        )
        self.thread.start()
        self.worker.start()
        self.deliverer.start()
        if not self.server.ready.wait(START_SECONDS):
            self.stop()
            raise ConfigurationError(
                f"The local sandbox did not start on port {self.port} within {START_SECONDS:.0f} "
                "s. Try again with another port."
            )

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(STOP_SECONDS)
        self.listener.close()
        self.worker.stop()
        self.inspector.close()
        self.deliverer.stop()
        self.store.close()


def _check(
    stage_seconds: float, ocr: str, requests_per_second: int | None, null_style: str
) -> None:
    if null_style not in NULL_STYLES:
        raise ConfigurationError(f"null_style is {null_style!r}. Use {' or '.join(NULL_STYLES)}.")
    if ocr not in FIRST_STATUSES:
        raise ConfigurationError(f"ocr is {ocr!r}. Use one of {', '.join(FIRST_STATUSES)}.")
    if not stage_seconds >= 0:
        raise ConfigurationError(f"stage_seconds is {stage_seconds}. Use 0 or more.")
    if requests_per_second is not None and requests_per_second < 1:
        raise ConfigurationError(
            f"requests_per_second is {requests_per_second}. Use 1 or more, or None for no limit."
        )


def _step(faults: Faults | None) -> Step:
    return failing(next_state, faults.draws("processing_failures").draw) if faults else next_state


def _listen(port: int) -> socket.socket:
    # asyncio switches off the delay of small packets only for sockets that name their protocol.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        share_port(listener)
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        raise ConfigurationError(
            f"The local sandbox can't use port {port} ({error}). Choose another one, or 0 for any "
            "free port."
        ) from error
    return listener


def _config(app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=partial(TimedProtocol, peers=Peers.of_one_server()),  # type: ignore[arg-type]
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=limits.MAX_HEADER_BYTES,
    )
