#!/usr/bin/python3
"""Delays links in user space, for kernels that have no netem.

    node a                        this process                        node b
    TAP  ---- frame, arrival time ---> queue ---- when it is due ---> TAP
         <----------------------------queue--------------------------

Each link is a pair of TAP devices, made in the namespaces of the two nodes. A frame that comes in at time t
is due at t + delay; with a rate, first when the frames before it have been sent. Each direction is one
queue that is filled at one end and emptied at the other, so frames are neither reordered nor duplicated.
A queue that is full drops the newest frame and counts it.

Links come as JSON on standard input: [{delayUs, queuePackets, bitsPerSecond?, ends: [{pid, interface, mac}]}].
"ready" is printed when all devices exist. SIGUSR1 writes the counters to the file named as the argument.
"""

import ctypes
import fcntl
import gc
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from collections import deque

CLONE_NEWNET = 0x40000000
PR_SET_TIMERSLACK = 29
TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
SIOCSIFHWADDR = 0x8924
SIOCSIFTXQLEN = 0x8943
ARPHRD_ETHER = 1
DEVICE_QUEUE = 5000  # frames the kernel keeps for this process while it is not scheduled
FRAME = 65536
BURST = 64  # frames taken from one device before the others have their turn

libc = ctypes.CDLL(None, use_errno=True)


def enter(pid):
    """Enters the network namespace of a process."""
    namespace = os.open(f'/proc/{pid}/ns/net', os.O_RDONLY)
    if libc.setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f'cannot enter the network namespace of process {pid}')
    os.close(namespace)


def open_tap(end):
    """A TAP device in the namespace of its node. Without offloads, the kernel hands over finished frames."""
    enter(end['pid'])
    tap = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    name = end['interface'].encode()
    fcntl.ioctl(tap, TUNSETIFF, struct.pack('16sH22x', name, IFF_TAP | IFF_NO_PI))
    mac = bytes.fromhex(end['mac'].replace(':', ''))
    fcntl.ioctl(tap, SIOCSIFHWADDR, struct.pack('16sH6s16x', name, ARPHRD_ETHER, mac))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFTXQLEN, struct.pack('16si20x', name, DEVICE_QUEUE))
    return tap


def go_first():
    """Runs before processes that would use a whole core, as a guest in software emulation does.

    Without it, one frame in a hundred is 3 ms late. What this process does with the core is bounded by the
    frames that come in, and it sleeps in between.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except OSError:
        os.setpriority(os.PRIO_PROCESS, 0, -15)


class Direction:
    """One way of one link."""

    def __init__(self, link, source, sink):
        self.source = source
        self.sink = sink
        self.delay = link['delayUs'] / 1e6
        self.seconds_per_byte = 8 / link['bitsPerSecond'] if link.get('bitsPerSecond') else 0
        self.limit = link['queuePackets']
        self.queue = deque()
        self.free_at = 0.0
        self.forwarded = 0
        self.dropped = 0
        self.latest = 0.0

    def take(self, now):
        """Reads what has arrived; false if there may be more."""
        queue = self.queue
        for _ in range(BURST):
            try:
                frame = os.read(self.source, FRAME)
            except BlockingIOError:
                return True
            except OSError:
                return True  # the device is down: nothing arrives on a link that is not there
            if len(queue) >= self.limit:
                self.dropped += 1
                continue
            due = now + self.delay
            if self.seconds_per_byte:
                self.free_at = max(now, self.free_at) + len(frame) * self.seconds_per_byte
                due = self.free_at + self.delay
            queue.append((due, frame))
        return False

    def give(self, now):
        """Writes what is due. Returns when the next frame is, or None."""
        queue = self.queue
        while queue:
            due, frame = queue[0]
            if due > now:
                return due
            queue.popleft()
            try:
                os.write(self.sink, frame)
                self.forwarded += 1
            except OSError:
                self.dropped += 1
            if now - due > self.latest:
                self.latest = now - due
        return None

    def counters(self):
        """What has happened so far; `latestMs`: the longest that a frame waited beyond its time."""
        return {
            'forwarded': self.forwarded,
            'dropped': self.dropped,
            'queued': len(self.queue),
            'latestMs': round(self.latest * 1e3, 3),
        }


def carry(directions):
    """Forever: waits for a frame or for the next one that is due."""
    by_source = {direction.source: direction for direction in directions}
    sources = list(by_source)
    clock = time.monotonic
    while True:
        now = clock()
        next_due = None
        for direction in directions:
            if direction.queue:
                due = direction.give(now)
                if due is not None and (next_due is None or due < next_due):
                    next_due = due
        timeout = None if next_due is None else max(0.0, next_due - clock())
        readable = select.select(sources, [], [], timeout)[0]
        if readable:
            now = clock()
            for source in readable:
                by_source[source].take(now)


def main():
    links = json.load(sys.stdin)
    directions = []
    report = []
    for link in links:
        taps = [open_tap(end) for end in link['ends']]
        pair = [Direction(link, taps[0], taps[1]), Direction(link, taps[1], taps[0])]
        directions += pair
        names = [f'{end["node"]}:{end["interface"]}' for end in link['ends']]
        report += [(f'{names[0]} > {names[1]}', pair[0]), (f'{names[1]} > {names[0]}', pair[1])]

    def write_counters(*_):
        partial = sys.argv[1] + '.new'
        with open(partial, 'w', encoding='utf-8') as stream:
            json.dump({name: direction.counters() for name, direction in report}, stream)
        os.rename(partial, sys.argv[1])

    signal.signal(signal.SIGUSR1, write_counters)
    libc.prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)
    go_first()
    gc.disable()  # nothing here makes cycles, and a collection would be a pause
    print('ready', flush=True)
    carry(directions)


if __name__ == '__main__':
    main()
