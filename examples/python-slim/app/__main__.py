"""Serve until a signal stops it: `python -m app`."""

import os
import signal
import sys
import threading

import uvicorn
from uvicorn.config import LOGGING_CONFIG


def stop(*_: object) -> None:
    """End the process with success. Threads that are still running get two seconds."""
    deadline = threading.Timer(2, os._exit, (0,))
    deadline.daemon = True
    deadline.start()
    sys.exit(0)


def main() -> None:
    """Listen on every address, of IPv4 and IPv6, on PORT or 8080."""
    # uvicorn finishes the requests in flight and raises the signal again.
    signal.signal(signal.SIGTERM, stop)

    # Everything goes to stdout, including the service's own logs.
    LOGGING_CONFIG["handlers"]["default"]["stream"] = "ext://sys.stdout"
    LOGGING_CONFIG["root"] = {"handlers": ["default"], "level": "INFO"}

    uvicorn.run(
        "app.main:app",
        host="",
        port=int(os.environ.get("PORT") or "8080"),
        # Must be longer than the idle timeout of the load balancer, or requests get lost. It is 60
        # seconds for AWS and nginx, and 600 for Google.
        timeout_keep_alive=75,
        # Docker kills the container ten seconds after SIGTERM. Before that, uvicorn cuts off open
        # requests, such as streams, and logs their number.
        timeout_graceful_shutdown=7,
    )


if __name__ == "__main__":
    main()
