import { expect, test } from 'vitest';
import { PacketRate } from '../../../apps/migration/packet-rate.ts';
import { cookie } from '../../../controller/switches/pipeline.ts';
import { ManualClock } from '../../controller/libvirt/manual-clock.ts';
import { atHome } from '../../controller/network/sites.ts';

const guest = atHome().guests.get('web')!;

test('a rate needs two counts, a second apart', async () => {
  const clock = new ManualClock(0);
  const asked: unknown[] = [];
  let packets = 1_000;
  const rate = new PacketRate(
    {
      packets: (...question) => {
        asked.push(question);
        return Promise.resolve(packets);
      },
    },
    'home-1',
    guest,
    clock,
  );
  expect(rate.packetsPerSecond).toBeUndefined();
  await rate.count(clock.now());
  expect(rate.packetsPerSecond).toBeUndefined();
  expect(asked).toEqual([['home-1', cookie('migration', 'interface', 1), ['deliver', 'deliverRelayed']]]);

  clock.advance(500);
  await rate.count(clock.now());
  expect(asked).toHaveLength(1);

  clock.advance(1_500);
  packets += 4_000;
  await rate.count(clock.now());
  expect(rate.packetsPerSecond).toBe(2_000);
});

function rateOf(...counts: (number | undefined)[]) {
  const clock = new ManualClock(0);
  const rate = new PacketRate({ packets: () => Promise.resolve(counts.shift()) }, 'home-1', guest, clock);
  return async (): Promise<number | undefined> => {
    await rate.count(clock.now());
    clock.advance(1_000);
    return rate.packetsPerSecond;
  };
}

test('a bridge that was away for a while has a rate over that time', async () => {
  const count = rateOf(undefined, 5_000, undefined, 9_000);
  expect([await count(), await count(), await count(), await count()]).toEqual([
    undefined,
    undefined,
    undefined,
    2_000,
  ]);
});

test('counters that begin anew make no negative rate', async () => {
  const count = rateOf(5_000, 100, 1_100);
  expect([await count(), await count(), await count()]).toEqual([undefined, 0, 1_000]);
});
