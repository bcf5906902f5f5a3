"""The socket that the service listens on."""

import asyncio
import socket

from serving.run import bound_socket
from serving.settings import Settings


async def _no_delay(listener: socket.socket) -> int:
    """The option TCP_NODELAY of a connection that asyncio took on ``listener``."""
    found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    class Protocol(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            own = transport.get_extra_info("socket")
            found.set_result(own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    server = await asyncio.get_running_loop().create_server(Protocol, sock=listener)
    async with server:
        _, writer = await asyncio.open_connection(*listener.getsockname()[:2])
        try:
            return await asyncio.wait_for(found, 10)
        finally:
            writer.close()
            await writer.wait_closed()


def test_answers_do_not_wait_for_the_clients_acknowledgement() -> None:
    listener = bound_socket(Settings(host="127.0.0.1", port=0))
    assert asyncio.run(_no_delay(listener))
