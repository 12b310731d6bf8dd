#!/usr/bin/python3
"""One TCP connection at a steady rate, and what arrives of it.

usage: goodput.py receive ADDRESS PORT
       goodput.py send ADDRESS PORT MBIT/S SECONDS

The receiver writes what arrived in each tenth of a second, in Mbit/s, as a JSON list, when the sender has ended.
"""

import json
import socket
import sys
import time

SLOT = 0.1


def receive(address, port):
    """Until the other end closes."""
    with socket.create_server((address, port)) as server:
        connection, _ = server.accept()
    slots = []
    start = time.monotonic()
    while data := connection.recv(262144):
        slot = int((time.monotonic() - start) / SLOT)
        slots.extend([0] * (slot + 1 - len(slots)))
        slots[slot] += len(data)
    print(json.dumps([round(size * 8 / SLOT / 1e6, 2) for size in slots]))


def send(address, port, rate, seconds):
    """At the rate; what the network holds up is made up for, but not beyond the time."""
    chunk = bytes(16384)
    with socket.create_connection((address, port), timeout=10) as connection:
        start = time.monotonic()
        sent = 0
        while (elapsed := time.monotonic() - start) < seconds:
            while sent < elapsed * rate * 1e6 / 8 and time.monotonic() - start < seconds:
                connection.sendall(chunk)
                sent += len(chunk)
            time.sleep(0.001)


if sys.argv[1] == 'receive':
    receive(sys.argv[2], int(sys.argv[3]))
else:
    send(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5]))
