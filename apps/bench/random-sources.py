#!/usr/bin/python3
"""Sends packets of random sources out of an interface, for a time, at a rate, and says how many.

usage: random-sources.py INTERFACE MAC-OF-NEXT-HOP DESTINATION KIND PACKETS/S SECONDS SOURCES SEED [LISTED]

KIND is syn or udp. SOURCES is how many different ones there are; LISTED, a file with an address a line, gives
every second of them. Ends by itself.
"""

import random
import socket
import struct
import sys
import time

PROTOCOLS = {'syn': 6, 'udp': 17}


def checksum(data):
    """RFC 1071."""
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(hop, source, destination, kind, rng):
    """A SYN, or a datagram of no data, to port 80."""
    ports = struct.pack('!HH', rng.randrange(1024, 65536), 80)
    if kind == 'syn':
        segment = bytearray(ports + struct.pack('!IIBBHHH', rng.getrandbits(32), 0, 0x50, 2, 512, 0, 0))
        pseudo = source + destination + struct.pack('!BBH', 0, 6, len(segment))
        segment[16:18] = struct.pack('!H', checksum(pseudo + bytes(segment)))
    else:
        segment = ports + struct.pack('!HH', 8, 0)
    header = bytearray(
        struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(segment), 1, 0, 64, PROTOCOLS[kind], 0) + source + destination
    )
    header[10:12] = struct.pack('!H', checksum(bytes(header)))
    return hop + b'\x02\x00\x00\x00\x00\xaa\x08\x00' + bytes(header) + bytes(segment)


def main():
    """Until the time is over."""
    interface, hop, destination, kind, rate, seconds, sources, seed, *listed = sys.argv[1:]
    rng = random.Random(int(seed))
    known = []
    if listed:
        with open(listed[0], encoding='ascii') as file:
            known = [socket.inet_aton(line.strip()) for line in file]
    frames = []
    for i in range(int(sources)):
        source = rng.choice(known) if known and i % 2 else struct.pack('!I', rng.randrange(0x0B000000, 0xDF000000))
        frames.append(frame(bytes.fromhex(hop.replace(':', '')), source, socket.inet_aton(destination), kind, rng))
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind((interface, 0))
    start = time.monotonic()
    sent = 0
    while (elapsed := time.monotonic() - start) < float(seconds):
        due = int(elapsed * float(rate))
        while sent < due:
            try:
                out.send(frames[sent % len(frames)])
            except OSError:
                pass
            sent += 1
        time.sleep(0.0005)
    print(sent)


main()
