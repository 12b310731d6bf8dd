#!/usr/bin/python3
"""Real TCP connections, bounded in rate, number and time.

crowd.py serve ADDRESS PORT SECONDS
    Accepts connections, answers what comes, and closes when the client does.

crowd.py open RATE SECONDS HOLD ADDRESS PORT SOURCE...
    Opens RATE connections a second, from each of the sources in turn, says a few bytes and closes each when it has an
    answer and HOLD seconds have passed. Writes the time of the first and how many were opened, as JSON.
"""

import json
import selectors
import socket
import sys
import time

MOST = 2_000  # connections/s
LONGEST = 40  # seconds


def serve(address, port, seconds):
    """Until the time is over."""
    selector = selectors.DefaultSelector()
    listener = socket.create_server((address, int(port)), backlog=4096)
    listener.setblocking(False)
    selector.register(listener, selectors.EVENT_READ)
    end = time.time() + min(float(seconds), LONGEST)
    while time.time() < end:
        for key, _ in selector.select(0.1):
            try:
                if key.fileobj is listener:
                    accepted, _ = listener.accept()
                    accepted.setblocking(False)
                    selector.register(accepted, selectors.EVENT_READ)
                    continue
                data = key.fileobj.recv(4096)
                if data:
                    key.fileobj.send(data)
                    continue
            except BlockingIOError:
                continue
            except OSError:
                pass
            if key.fileobj is not listener:
                selector.unregister(key.fileobj)
                key.fileobj.close()


def connect(source, target):
    """A connection under way."""
    opened = socket.socket()
    opened.setblocking(False)
    opened.setsockopt(socket.SOL_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
    opened.bind((source, 0))
    try:
        opened.connect(target)
    except BlockingIOError:
        pass
    return opened


def crowd(rate, seconds, hold, target, sources):
    """Opens evenly, in steps of some milliseconds."""
    selector = selectors.DefaultSelector()
    start = now = time.time()
    begun = answered = 0
    held = []
    while (now := time.time()) < start + seconds or held:
        while now < start + seconds and begun < (now - start) * rate:
            opened = connect(sources[begun % len(sources)], target)
            selector.register(opened, selectors.EVENT_WRITE, now)
            begun += 1
        for key, events in selector.select(0.003):
            try:
                if events & selectors.EVENT_WRITE:
                    key.fileobj.send(b'hello')
                    selector.modify(key.fileobj, selectors.EVENT_READ, key.data)
                    continue
                key.fileobj.recv(64)
                answered += 1
                held.append((key.data + hold, key.fileobj))
            except OSError:
                key.fileobj.close()
            selector.unregister(key.fileobj)
        while held and held[0][0] <= now:
            held.pop(0)[1].close()
    return {'first': start, 'last': now, 'begun': begun, 'answered': answered}


def main():
    """See above."""
    _, what, *rest = sys.argv
    if what == 'serve':
        serve(*rest)
        return
    rate, seconds, hold, address, port, *sources = rest
    told = crowd(
        min(float(rate), MOST), min(float(seconds), LONGEST), min(float(hold), LONGEST), (address, int(port)), sources
    )
    print(json.dumps(told))


main()
