"""Tests of mininet/delay.py without devices: socket pairs carry whole messages, as TAP devices carry frames."""

import os
import socket
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', '..', 'mininet'))
import delay  # noqa: E402  pylint: disable=wrong-import-position


class Wire:
    """One direction of a link, whose ends the test holds."""

    def __init__(self, **link):
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2)]
        (self.near, source), (sink, self.far) = pairs
        self.held = [source, sink]
        for end in (self.near, source, sink, self.far):
            end.setblocking(False)
        settings = {'delayUs': 10_000, 'queuePackets': 100, **link}
        self.direction = delay.Direction(settings, source.fileno(), sink.fileno())

    def arrived(self):
        """What has come out so far."""
        frames = []
        while True:
            try:
                frames.append(self.far.recv(65536))
            except BlockingIOError:
                return frames

    def close(self):
        for end in (self.near, self.far, *self.held):
            end.close()


class DelayTest(unittest.TestCase):
    def wire(self, **link):
        wire = Wire(**link)
        self.addCleanup(wire.close)
        return wire

    def test_gives_a_frame_when_it_is_due_and_not_before(self):
        wire = self.wire()
        wire.near.send(b'frame')
        self.assertTrue(wire.direction.take(100.0))
        self.assertEqual(wire.direction.give(100.009), 100.01)
        self.assertEqual(wire.arrived(), [])
        self.assertIsNone(wire.direction.give(100.01))
        self.assertEqual(wire.arrived(), [b'frame'])

    def test_keeps_order_and_number(self):
        wire = self.wire(queuePackets=1000)
        frames = [b'%d' % n for n in range(150)]
        for number, frame in enumerate(frames):
            wire.near.send(frame)
            wire.direction.take(100 + number / 1000)
        wire.direction.give(101.0)
        self.assertEqual(wire.arrived(), frames)
        self.assertEqual(wire.direction.counters()['forwarded'], 150)

    def test_takes_no_more_than_a_burst_at_a_time(self):
        wire = self.wire(queuePackets=1000)
        for _ in range(delay.BURST + 1):
            wire.near.send(b'x')
        self.assertFalse(wire.direction.take(0.0))
        self.assertEqual(len(wire.direction.queue), delay.BURST)
        self.assertTrue(wire.direction.take(0.0))

    def test_drops_the_newest_when_full_and_counts_it(self):
        wire = self.wire(queuePackets=2)
        for frame in (b'1', b'2', b'3'):
            wire.near.send(frame)
        wire.direction.take(0.0)
        wire.direction.give(1.0)
        self.assertEqual(wire.arrived(), [b'1', b'2'])
        self.assertEqual(wire.direction.counters()['dropped'], 1)

    def test_sends_at_the_rate(self):
        wire = self.wire(bitsPerSecond=80_000)  # 100 bytes take 10 ms
        for _ in range(3):
            wire.near.send(bytes(100))
        wire.direction.take(0.0)
        times = [due for due, _ in wire.direction.queue]
        for due, expected in zip(times, (0.02, 0.03, 0.04)):
            self.assertAlmostEqual(due, expected)

    def test_an_idle_link_has_no_debt_and_no_credit(self):
        wire = self.wire(bitsPerSecond=80_000)
        wire.near.send(bytes(100))
        wire.direction.take(0.0)
        wire.near.send(bytes(100))
        wire.direction.take(50.0)
        self.assertAlmostEqual(wire.direction.queue[-1][0], 50.02)

    def test_a_sink_that_refuses_costs_the_frame_only(self):
        wire = self.wire()
        wire.near.send(b'x')
        wire.direction.take(0.0)
        wire.far.close()
        self.assertIsNone(wire.direction.give(1.0))
        self.assertEqual(wire.direction.counters()['dropped'], 1)


if __name__ == '__main__':
    import signal

    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    unittest.main()
