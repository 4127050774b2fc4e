"""The two listeners of one regional SMTP endpoint (STARTTLS, and TLS from the first byte) on a thread of their own."""

from __future__ import annotations

import asyncio
import itertools
import socket
import threading
from typing import Any

from rotator.sandbox.keys import FrontEnd
from rotator.sandbox.smtp import LINE_LIMIT, Endpoint, Session, serve

BACKLOG = 512  # 100 costs a second of SYN retries with 200 clients at once


class SmtpServer:
    """Listens on two free ports of 127.0.0.1; front ends take connections in turn, like a load balancer."""

    def __init__(self, endpoint: Endpoint, fronts: list[FrontEnd]) -> None:
        self.fronts = fronts
        self._endpoint, self._turn = endpoint, itertools.cycle(fronts)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox-smtp", daemon=True)
        self._sockets = [socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) for _ in range(2)]
        self.port, self.tls_port = (int(one.getsockname()[1]) for one in self._sockets)
        self._servers: list[asyncio.Server] = []

    def start(self) -> None:
        """Serve from now on."""
        self._loop.set_exception_handler(_unheard)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()

    def stop(self) -> None:
        """Close the ports, cut the sessions, end the thread."""
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> None:
        for sock, secure in zip(self._sockets, (False, True), strict=True):
            context = self._endpoint.tls if secure else None
            server = await asyncio.start_server(
                self._client(secure), sock=sock, ssl=context, limit=LINE_LIMIT, backlog=BACKLOG
            )
            self._servers.append(server)

    def _client(self, secure: bool) -> Any:
        async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await serve(Session(self._endpoint, next(self._turn), reader, writer, secure=secure), writer)

        return client

    async def _shut(self) -> None:
        for server in self._servers:
            server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_default_executor()


def _unheard(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Clients that fail their TLS handshake are their own business; asyncio would print them."""
