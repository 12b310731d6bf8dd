/** A bridge's OVSDB as a controller that has just started configures it. */
import { systemClock } from '../../../controller/clock.ts';
import { BridgeDatabase } from '../../../controller/switches/bridge-database.ts';
import type { ObservedBridge } from '../../../controller/switches/bridge-observation.ts';
import type { Bed, SwitchKey } from '../apps/bed.ts';

/** Configures a bridge for a session of so many; gives what is seen of it. */
export async function configured(
  bed: Bed,
  key: SwitchKey,
  session: number,
): Promise<ObservedBridge | undefined> {
  const { hosts, edges } = bed.network.state;
  const known = { ...(hosts.get(key) ?? edges.get(key))!, ovsdb: bed.ovsdb(key) };
  const targets = { controller: bed.controllerOf(key), samples: '127.0.0.1:4739', session };
  let database: BridgeDatabase | undefined;
  let seen: ObservedBridge | undefined;
  await new Promise<void>((resolve, reject) => {
    database = new BridgeDatabase(known, () => targets, systemClock, {
      onBridge: (bridge) => (seen = bridge),
      onConnection: () => undefined,
      onConfigured: resolve,
      onError: reject,
    });
    database.start();
  });
  await database?.close();
  return seen;
}
