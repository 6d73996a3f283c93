"""The server: one thread per connection, and a stop that finishes open requests."""

import contextlib
import json
import logging
import socket
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from app.main import NAME, ROUTES


class Server(ThreadingHTTPServer):
    """Serves an address until it is closed."""

    # Closing it waits for its threads.
    daemon_threads = False
    # The number of connections that can wait to be accepted.
    request_queue_size = 128

    def __init__(self, address: tuple[str, int]) -> None:
        """Listen on the address. An IPv6 address accepts IPv4 connections, too."""
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, Handler)
        # Connections without a request, and the requests of the others.
        self.waiting: set[socket.socket] = set()
        self.in_flight: dict[socket.socket, str] = {}

    def server_bind(self) -> None:
        """Bind to the address."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start the thread of a new connection."""
        self.waiting.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a closed connection."""
        self.waiting.discard(request)
        self.in_flight.pop(request, None)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Close connections without a request, and finish open requests."""
        for connection in list(self.waiting):
            # A request that has arrived can still be read.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        super().server_close()


class Handler(BaseHTTPRequestHandler):
    """Answers the request of a connection."""

    server: Server

    # Seconds until a connection without any traffic is closed.
    timeout = 5

    def parse_request(self) -> bool:
        """A request is open from its first line on."""
        self.server.waiting.discard(self.connection)
        parsed = super().parse_request()
        if parsed:
            path = self.path.partition("?")[0].encode("unicode_escape").decode()
            self.server.in_flight[self.connection] = f"{self.command} {path}"
        return parsed

    def version_string(self) -> str:
        """Set the Server header without the version of Python."""
        return NAME

    def do_GET(self) -> None:
        """Answer with what the route returns, as JSON."""
        route = ROUTES.get(self.path.partition("?")[0])
        if route is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        try:
            body = json.dumps(route()).encode()
        except Exception:
            logging.exception("no answer to GET")
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log in the usual format. A client can't start a new line in the log."""
        message = (format % args).encode("unicode_escape").decode()
        logging.info("%s %s", self.client_address[0], message)
