import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { dropsOf } from '../../../topologies/probes/udp-drops.ts';

const table = (): string => readFileSync('/proc/net/udp', 'latin1');

test('a socket that is not read in time has dropped what its buffer does not hold', async () => {
  const receiver = createSocket({ type: 'udp4', recvBufferSize: 4_096 });
  const sender = createSocket('udp4');
  try {
    receiver.bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    const { port } = receiver.address();
    let received = 0;
    receiver.on('message', () => received++);
    sender.connect(port, '127.0.0.1');
    await once(sender, 'connect');
    expect(dropsOf(table(), port)).toBe(0);

    const SENT = 200;
    // The kernel has them all before this process reads one.
    for (let i = 0; i < SENT; i++) sender.send('x');
    const until = performance.now() + 5_000;
    while (received + dropsOf(table(), port) < SENT && performance.now() < until) await sleep(5);
    expect(dropsOf(table(), port)).toBeGreaterThan(0);
    expect(received + dropsOf(table(), port)).toBe(SENT);
  } finally {
    receiver.close();
    sender.close();
  }
});

test('other sockets are not counted', () => {
  const text = [
    '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops',
    '  77: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0000000000000000 9',
    '  90: 0B0071CB:C001 6400010A:004D 01 00000000:00000000 00:00000000 00000000     0        0 2 2 0000000000000000 27',
    '',
  ].join('\n');
  expect(dropsOf(text, 0xc001)).toBe(27);
  expect(dropsOf(text, 53)).toBe(9);
  expect(dropsOf(text, 54)).toBe(0);
});
