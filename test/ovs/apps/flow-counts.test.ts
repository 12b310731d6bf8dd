/**
 * What a moved guest costs: as many flows for 50,000 connections as for one. The connections are real ones, as
 * conntrack sees them: datagrams from as many ports, each answered.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { admissionLimited } from '../../../controller/network/changes.ts';
import { address, Bed } from './bed.ts';

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.open();
});
afterAll(() => bed.close());
beforeEach(() => bed.reset());
afterEach(() => expect(bed.problems).toEqual([]));

const PORT = 9100;
const FIRST = 10_000;

/** Answers until it has heard from so many ports; writes how many it heard from. */
const SERVER = `
import socket, sys, time
wanted, seconds = int(sys.argv[1]), float(sys.argv[2])
heard, deadline = set(), time.monotonic() + seconds
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    server.bind(('0.0.0.0', ${PORT}))
    server.settimeout(0.2)
    while len(heard) < wanted and time.monotonic() < deadline:
        try:
            data, peer = server.recvfrom(64)
        except TimeoutError:
            continue
        heard.add(peer[1])
        server.sendto(data, peer)
print(len(heard))
`;

/** From so many ports; what was lost comes again, at a rate that user-space switches keep up with. */
const CLIENT = `
import socket, struct, sys, time
count, to, rounds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as client:
    for _ in range(rounds):
        for i in range(count):
            client.sendto(struct.pack('!HHHH', ${FIRST} + i, ${PORT}, 12, 0) + b'ping', (to, 0))
            if i % 32 == 31:
                time.sleep(0.003)
        time.sleep(0.1)
`;

async function converse(count: number): Promise<number> {
  const heard = bed.room.run('web', ['python3', '-c', SERVER, `${count}`, '50']);
  const to = address.guest('web').ipv4;
  await bed.room.run('client', ['python3', '-c', CLIENT, `${count}`, to, count > 10_000 ? '2' : '3']);
  return Number(await heard);
}

async function flows(): Promise<number[]> {
  const count = async (host: 'a' | 'b' | 'x'): Promise<number> =>
    (await bed.ofctl(host, 'dump-flows', '--no-stats'))
      .split('\n')
      .filter((line) => line.includes('actions=')).length;
  return [await count('a'), await count('b'), await count('x')];
}

test.each(['tunnel', 'rewrite'] as const)(
  'as many flows for 1, 1,000 and 50,000 connections (%s)',
  async (relay) => {
    const counts: number[][] = [];
    for (const connections of [1, 1_000, 50_000]) {
      await bed.reset();
      // They all begin in a few seconds: more than a guest's meter lets in.
      bed.network.update(admissionLimited('web', 1_000_000));
      await bed.fabric.settled();
      expect(await converse(connections)).toBe(connections);
      const tracked = Number(await bed.appctl('x', 'dpctl/ct-get-nconns'));
      expect(tracked).toBeGreaterThanOrEqual(connections);
      await bed.move('web', 'b', 'all', relay);
      counts.push(await flows());
      // They are alive where the guest is: all of the last thousand are heard again.
      expect(await converse(Math.min(connections, 1_000))).toBe(Math.min(connections, 1_000));
      expect(await flows()).toEqual(counts[0]);
    }
    expect(counts).toEqual([counts[0], counts[0], counts[0]]);
  },
  180_000,
);
