#!/usr/bin/python3
"""A bounded flood of raw frames out of one interface.

flood.py INTERFACE KIND RATE SECONDS SOURCE ETH_FROM ETH_TO IP_TO PORT [FROM_PORT]

KIND is syn, ack, udp, icmp, or, by IPv6, advert or solicit: neighbour discovery as a router would pass it on. SOURCE is an address of the target's family, or `random` for another one in each frame; so is
FROM_PORT, without which it is random, too.
Writes the time of the first frame and of the last (seconds since the epoch), and how many there were, as JSON.
"""

import json
import random
import socket
import struct
import sys
import time

MOST = 60_000  # frames/s
LONGEST = 20  # seconds
PROTOCOL = {'syn': 6, 'ack': 6, 'udp': 17, 'icmp': 1}
ICMPV6 = 58
DISCOVERY = {'solicit': 135, 'advert': 136}


def checksum(data):
    """RFC 1071."""
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack(f'>{len(data) // 2}H', data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def segment(kind, source, target, port, from_port):
    """What IP carries."""
    is_v6 = len(target) == 16
    if kind in DISCOVERY:
        # RFC 4861, sections 4.3 and 4.4; a solicitation asks for the target's own address.
        about = target if kind == 'solicit' else random.randbytes(16)
        message = struct.pack('>BBHI', DISCOVERY[kind], 0, 0, 0) + about
        over = source + target + struct.pack('>II', len(message), ICMPV6)
        return message[:2] + struct.pack('>H', checksum(over + message)) + message[4:]
    if kind == 'icmp':
        # An echo request; ICMPv6 sums over its addresses, too (RFC 4443, section 2.3).
        echo = struct.pack('>BBHHH', 128 if is_v6 else 8, 0, 0, random.randrange(65536), 1) + bytes(24)
        over = source + target + struct.pack('>II', len(echo), ICMPV6) if is_v6 else b''
        return echo[:2] + struct.pack('>H', checksum(over + echo)) + echo[4:]
    from_port = from_port or random.randrange(1024, 65536)
    if kind == 'udp':
        header = struct.pack('>HHHH', from_port, port, 8 + 32, 0)
        # Over IPv6 a sum there must be (RFC 8200, section 8.1).
        over = source + target + struct.pack('>II', 8 + 32, PROTOCOL['udp'])
        total = struct.pack('>H', checksum(over + header + bytes(32)) or 0xFFFF) if is_v6 else b'\0\0'
        return header[:6] + total + bytes(32)
    flags = 0x02 if kind == 'syn' else 0x10
    sequence, acknowledged = random.getrandbits(32), 0 if kind == 'syn' else random.getrandbits(32)
    header = struct.pack('>HHIIBBHHH', from_port, port, sequence, acknowledged, 0x50, flags, 8192, 0, 0)
    pseudo = source + target + struct.pack('>BBH', 0, 6, len(header))
    return header[:16] + struct.pack('>H', checksum(pseudo + header)) + header[18:]


def frame(kind, source, eth_from, eth_to, target, port, from_port):
    """An Ethernet frame."""
    ethernet = bytes.fromhex((eth_to + eth_from).replace(':', ''))
    address = packed(source) if source != 'random' else random_source(len(target))
    body = segment(kind, address, target, port, from_port)
    if len(target) == 16:
        protocol = ICMPV6 if kind == 'icmp' or kind in DISCOVERY else PROTOCOL[kind]
        return ethernet + b'\x86\xdd' + struct.pack('>IHBB', 6 << 28, len(body), protocol, 64) + address + target + body
    header = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(body), 0, 0x4000, 64, PROTOCOL[kind], 0) + address + target
    header = header[:10] + struct.pack('>H', checksum(header)) + header[12:]
    return ethernet + b'\x08\x00' + header + body


def packed(address):
    """As it is on the wire, of either family."""
    return socket.inet_pton(socket.AF_INET6 if ':' in address else socket.AF_INET, address)


def random_source(length):
    """A unicast address that is nobody's here, of so many bytes."""
    if length == 16:
        return bytes([0x26, *random.randbytes(15)])
    return bytes([random.randrange(11, 223), *random.randbytes(3)])


def main():
    """Sends evenly, in steps of a millisecond, and never more than was asked for."""
    interface, kind, rate, seconds, source, eth_from, eth_to, target, port, *more = sys.argv[1:]
    from_port = int(more[0]) if more else None
    rate, seconds = min(int(rate), MOST), min(float(seconds), LONGEST)
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    opened.bind((interface, 0))
    target = packed(target)
    frames = [
        frame(kind, source, eth_from, eth_to, target, int(port), from_port)
        for _ in range(min(20_000, int(rate * seconds)))
    ]
    start = now = time.time()
    sent = 0
    while (now := time.time()) < start + seconds:
        while sent < (now - start) * rate:
            opened.send(frames[sent % len(frames)])
            sent += 1
        time.sleep(0.001)
    print(json.dumps({'first': start, 'last': now, 'sent': sent}))


main()
