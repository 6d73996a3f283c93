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
        # Longer than the load balancer in front, or requests get lost when the service hangs
        # up first. AWS's and nginx keep a connection for 60 seconds, Google's for 600.
        timeout_keep_alive=75,
        # Docker kills the container ten seconds after SIGTERM. Before that, uvicorn cuts off
        # what is left, such as streams, and logs how many there were.
        timeout_graceful_shutdown=7,
    )


if __name__ == "__main__":
    main()
