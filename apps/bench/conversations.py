#!/usr/bin/python3
"""UDP conversations through a network: how many a second, and many of them at a time.

usage: conversations.py answer PORT SECONDS
       conversations.py ask ADDRESS PORT SIZE IN-FLIGHT SECONDS
       conversations.py hear PORT COUNT SECONDS
       conversations.py begin ADDRESS PORT COUNT ROUNDS

`answer` sends back what comes, until an empty datagram does, or for so long. `ask` keeps so many datagrams on their way, from the
first answer on for so long, and writes how many were answered in a second. `hear` answers until it has heard from so many ports, and writes how many that were;
`begin` sends from that many ports, at a rate that switches in user space keep up with, in so many rounds.
"""

import socket
import struct
import sys
import time

#: In which the other end has to be there.
PATIENCE = 10
#: A datagram that has not come back after this time is lost, and another one is sent instead.
LOST = 0.2
FIRST_PORT = 10_000


def bound(port):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    server.bind(('0.0.0.0', port))
    server.settimeout(0.2)
    return server


def answer(port, seconds):
    server = bound(port)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            data, peer = server.recvfrom(65535)
        except TimeoutError:
            continue
        if not data:
            return
        server.sendto(data, peer)


def ask(address, port, size, in_flight, seconds):
    """Each datagram carries its number; an answer is the next one's turn."""
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    client.connect((address, port))
    client.settimeout(LOST)
    pad = bytes(size - 4)
    number = 0
    waiting = set()

    def send():
        nonlocal number
        client.send(struct.pack('!I', number) + pad)
        waiting.add(number)
        number += 1

    def fill():
        waiting.clear()
        for _ in range(in_flight):
            send()

    patient = time.monotonic() + PATIENCE
    start = None
    answered = 0
    send()
    while (now := time.monotonic()) < (patient if start is None else start + seconds):
        try:
            came = struct.unpack('!I', client.recv(65535)[:4])[0]
        except TimeoutError:
            fill()
            continue
        except ConnectionRefusedError:
            time.sleep(0.05)
            send()
            continue
        if start is None:
            start = now
            fill()
        elif came in waiting:
            waiting.discard(came)
            answered += 1
            send()
    client.send(b'')
    print(answered / seconds)


def hear(port, count, seconds):
    server = bound(port)
    heard, deadline = set(), time.monotonic() + seconds
    while len(heard) < count and time.monotonic() < deadline:
        try:
            data, peer = server.recvfrom(64)
        except TimeoutError:
            continue
        heard.add(peer[1])
        server.sendto(data, peer)
    print(len(heard))


def begin(address, port, count, rounds):
    """By a raw socket: one of its own for each port would take as many descriptors."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as client:
        for _ in range(rounds):
            for i in range(count):
                client.sendto(struct.pack('!HHHH', FIRST_PORT + i, port, 12, 0) + b'ping', (address, 0))
                if i % 32 == 31:
                    time.sleep(0.003)
            time.sleep(0.1)


command, arguments = sys.argv[1], sys.argv[2:]
if command == 'answer':
    answer(*map(int, arguments))
elif command == 'ask':
    ask(arguments[0], *map(int, arguments[1:]))
elif command == 'hear':
    hear(*map(int, arguments))
else:
    begin(arguments[0], *map(int, arguments[1:]))
