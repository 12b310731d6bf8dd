/**
 * What a bridge's OVSDB is told, by a real one.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../../controller/clock.ts';
import { BridgeDatabase } from '../../../controller/switches/bridge-database.ts';
import { Bed } from '../apps/bed.ts';

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.open();
}, 60_000);
afterAll(() => bed.close());

const vsctl = (...args: string[]): Promise<string> =>
  bed.room.run(undefined, ['ovs-vsctl', `--db=${bed.ovsdb('a')}`, '--timeout=10', ...args]);

async function settings(): Promise<string[]> {
  const told = await vsctl('get', 'Open_vSwitch', '.', 'other_config');
  return [...told.matchAll(/max-\w+="?\d+/g)].map(([text]) => text.replace('"', '')).sort();
}

/** Configures the host's bridge as a controller that has just started does it. */
async function configure(session: number): Promise<void> {
  const host = { ...bed.network.state.hosts.get('a')!, ovsdb: bed.ovsdb('a') };
  const targets = { controller: bed.controllerOf('a'), samples: '127.0.0.1:4739', session };
  let database: BridgeDatabase | undefined;
  await new Promise<void>((resolve, reject) => {
    database = new BridgeDatabase(host, () => targets, systemClock, {
      onBridge: () => undefined,
      onConnection: () => undefined,
      onConfigured: resolve,
      onError: reject,
    });
    database.start();
  });
  await database?.close();
}

test('counters are brought up to date soon, and idle megaflows forgotten soon, but for what somebody chose', async () => {
  await configure(1);
  expect(await settings()).toEqual(['max-idle=2000', 'max-revalidator=100']);
  await vsctl('set', 'Open_vSwitch', '.', 'other_config:max-idle=7000', 'other_config:max-revalidator=50');
  await configure(2);
  expect(await settings()).toEqual(['max-idle=7000', 'max-revalidator=50']);
});
