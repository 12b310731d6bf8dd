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

test('a bridge that is away, or was read anew, makes no negative rate', async () => {
  const clock = new ManualClock(0);
  const counts = [5_000, undefined];
  const rate = new PacketRate({ packets: () => Promise.resolve(counts.shift()) }, 'home-1', guest, clock);
  await rate.count(0);
  clock.advance(1_000);
  await rate.count(1_000);
  expect(rate.packetsPerSecond).toBe(0);
});
