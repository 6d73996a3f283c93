"""Serve until a signal says stop: `python -m app`."""

import os
import signal
import sys
import threading

import uvicorn
from uvicorn.config import LOGGING_CONFIG


def stop(*_: object) -> None:
    """End the process: that stop is no failure. Threads that still work get two seconds."""
    deadline = threading.Timer(2, os._exit, (0,))
    deadline.daemon = True
    deadline.start()
    sys.exit(0)


def main() -> None:
    """Listen on every address, of IPv4 and IPv6, on PORT or 8080."""
    # uvicorn finishes the requests in flight and raises the signal again.
    signal.signal(signal.SIGTERM, stop)

    # Everything goes to stdout, what the service itself logs included.
    LOGGING_CONFIG["handlers"]["default"]["stream"] = "ext://sys.stdout"
    LOGGING_CONFIG["root"] = {"handlers": ["default"], "level": "INFO"}

    uvicorn.run(
        "app.main:app",
        host="",
        port=int(os.environ.get("PORT") or "8080"),
        # Whoever hangs up first loses no request only if it is the balancer in front, and many, AWS'
        # and nginx among them, keep a connection for 60 seconds. Google's keeps it for 600.
        timeout_keep_alive=75,
        # compose.yaml has a container killed that still runs ten seconds after SIGTERM. uvicorn says
        # how many requests, such as streams, it cuts off before that.
        timeout_graceful_shutdown=7,
    )


if __name__ == "__main__":
    main()
