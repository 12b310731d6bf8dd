#!/usr/bin/python3
"""ICMP echo at a steady pace, for the `ping` probe: ping(8) sends at most every 15 ms or so, and does not say when.

Usage: icmp.py ADDRESS INTERVAL_MS. Prints "from ADDRESS IDENTIFIER", then "s NUMBER TIME" for each request and "r NUMBER TIME" for each reply,
TIME in milliseconds since the Unix epoch. Sends until its standard input ends, and listens until it is killed.
"""

import os
import select
import socket
import struct
import sys
import time

V4 = {'family': socket.AF_INET, 'protocol': socket.IPPROTO_ICMP, 'request': 8, 'reply': 0}
V6 = {'family': socket.AF_INET6, 'protocol': socket.IPPROTO_ICMPV6, 'request': 128, 'reply': 129}
MAGIC = b'arctictern'


def checksum(data):
    """RFC 1071; the length of `data` is even."""
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def request(kind, identifier, number):
    """An echo request; the whole number is in its data, since the sequence number has 16 bits only."""
    data = MAGIC + struct.pack('!Q', number)
    header = struct.pack('!BBHHH', kind['request'], 0, 0, identifier, number & 0xFFFF)
    # The kernel fills in ICMPv6's checksum, which covers addresses as well.
    value = checksum(header + data) if kind is V4 else 0
    return struct.pack('!BBHHH', kind['request'], 0, value, identifier, number & 0xFFFF) + data


def number_of(kind, identifier, packet):
    """The number of a reply to one of our requests, or None."""
    if kind is V4:
        packet = packet[(packet[0] & 15) * 4 :]  # after the IP header
    size = 8 + len(MAGIC) + 8
    if len(packet) < size or packet[0] != kind['reply'] or packet[8 : 8 + len(MAGIC)] != MAGIC:
        return None
    if struct.unpack('!H', packet[4:6])[0] != identifier:
        return None
    return struct.unpack('!Q', packet[8 + len(MAGIC) : size])[0]


def main():
    target, interval = sys.argv[1], float(sys.argv[2]) / 1000
    kind = V6 if ':' in target else V4
    link = socket.socket(kind['family'], socket.SOCK_RAW, kind['protocol'])
    link.connect((target, 0))
    link.setblocking(False)
    identifier = os.getpid() & 0xFFFF
    print(f'from {link.getsockname()[0]} {identifier}', flush=True)
    number = 0
    due = time.monotonic()
    sending = True
    while True:
        while sending and time.monotonic() >= due:
            lines = f's {number} {time.time() * 1000:.3f}\n'
            try:
                link.send(request(kind, identifier, number))
            except OSError:
                pass  # no route, or no room: it is lost
            os.write(1, lines.encode())
            number += 1
            due += interval
        watched = [link, sys.stdin] if sending else [link]
        timeout = max(0.0, due - time.monotonic()) if sending else None
        readable = select.select(watched, [], [], timeout)[0]
        if sys.stdin in readable:
            sending = bool(os.read(0, 4096))
        while link in readable:
            try:
                packet = link.recv(2048)
            except BlockingIOError:
                break
            except OSError:
                continue  # an ICMP error about an earlier request
            got = number_of(kind, identifier, packet)
            if got is not None:
                os.write(1, f'r {got} {time.time() * 1000:.3f}\n'.encode())


if __name__ == '__main__':
    main()
