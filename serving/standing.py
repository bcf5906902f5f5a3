"""How a helper process notices that the process that started it has ended."""

import os
import select
import sys
import threading


def ending() -> threading.Event:
    """An event that is set when standard input ends, however its other side ended."""
    event = threading.Event()

    def watch() -> None:
        while not event.is_set():
            ready, _, _ = select.select([sys.stdin.fileno()], [], [], 1.0)
            if ready and not os.read(sys.stdin.fileno(), 1024):
                event.set()

    threading.Thread(target=watch, daemon=True).start()
    return event
