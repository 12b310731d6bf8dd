/**
 * Puts a lab that stays up back to where every attack begins: nobody is blocked, no verdict or flight is under way, the
 * guest is at home and has no other anchor, nothing is usual yet, and no bridge knows a connection of an attacker. Each is
 * asked for, and then looked for; an attack that met what the one before has left would be another one.
 *
 * Leaving a guest's defence off ends its verdicts, and forgets what is usual and who holds connections open. The blocks
 * go after that: as long as a verdict lasts, it makes its block anew.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../../controller/clock.ts';
import { hasLanded } from '../../../controller/network/flight.ts';
import type { Topology } from '../../../topologies/schema.ts';
import type { DefencePolicyObject } from '../../api/defence-objects.ts';
import type { LabSession } from '../../lab/session.ts';
import { NotAsBeforeError } from '../errors.ts';

export const GUEST = 'web';
const HOME = 'a1';
const POLL_MS = 200;
const CALM_MS = 20_000;
/** A move may be under way, and one back home follows. */
const MOVE_MS = 90_000;

/** Afterwards the guest's defence is off. Throws `BENCH_NOT_AS_BEFORE`. */
export async function reset(
  session: LabSession,
  topology: Topology,
  policy: DefencePolicyObject,
): Promise<void> {
  const { api, lab } = session;
  await api.defend(GUEST, { ...policy, policy: 'off' });
  await until(MOVE_MS, async () => [...(await onTheWay(session)), ...(await flights(session))]);
  if ((await api.guest(GUEST)).host !== HOME) {
    await api.migrate({ guest: GUEST, to: HOME });
    await until(MOVE_MS, async () => [...(await onTheWay(session)), ...(await elsewhere(session))]);
  }
  await until(CALM_MS, () => verdicts(session));
  for (const { number, origin } of await api.blocks()) {
    if (origin === 'verdict') await api.removeBlock(number);
  }
  if ((await anchorsElsewhere(session)).length > 0) await api.release(GUEST, {});
  // Nobody has a connection open, so nobody misses what is forgotten.
  const bridges = [...lab.network.hosts, ...lab.network.edges].map(({ name }) => name);
  for (const bridge of bridges) await lab.run(bridge, ['ovs-appctl', 'dpctl/flush-conntrack']);
  const attackers = Object.values(topology.lab!.attackers).flatMap(({ addresses }) => addresses);
  await until(CALM_MS, async () => [
    ...(await verdicts(session)),
    ...(await api.blocks()).map(({ number, reason }) => `block ${number} is there (${reason})`),
    ...(await elsewhere(session)),
    ...(await anchorsElsewhere(session)),
    ...(await known(session, bridges, attackers)),
  ]);
}

/** What there is that should not be, in words. */
type Look = Promise<string[]>;

const onTheWay = async ({ api }: LabSession): Look =>
  (await api.guest(GUEST)).migration === null ? [] : [`${GUEST} is on the move`];

const flights = async ({ api }: LabSession): Look =>
  (await api.flights()).flatMap((flight) =>
    hasLanded(flight) ? [] : [`flight ${flight.id} is ${flight.phase}`],
  );

async function elsewhere({ api }: LabSession): Look {
  const { host } = await api.guest(GUEST);
  return host === HOME ? [] : [`${GUEST} is at ${host ?? 'no host'}`];
}

const verdicts = async ({ api }: LabSession): Look =>
  (await api.verdicts()).flatMap(({ id, ended }) => (ended === null ? [`verdict ${id} lasts`] : []));

const anchorsElsewhere = async ({ api }: LabSession): Look =>
  (await api.guest(GUEST)).anchors.flatMap(({ host }) =>
    host === HOME ? [] : [`${GUEST} has an anchor at ${host}`],
  );

/** Connections of attackers that bridges know. */
async function known({ lab }: LabSession, bridges: readonly string[], attackers: readonly string[]): Look {
  const counts = await Promise.all(
    bridges.map(async (bridge) => {
      const lines = (await lab.run(bridge, ['ovs-appctl', 'dpctl/dump-conntrack'])).split('\n');
      return lines.filter((line) => attackers.some((address) => line.includes(`=${address},`))).length;
    }),
  );
  return bridges.flatMap((bridge, i) =>
    counts[i] === 0 ? [] : [`${bridge} knows ${counts[i]} connections of attackers`],
  );
}

async function until(ms: number, look: () => Look): Promise<void> {
  const end = systemClock.now() + ms;
  for (;;) {
    const wrong = await look();
    if (wrong.length === 0) return;
    if (systemClock.now() >= end) throw new NotAsBeforeError(wrong, ms);
    await sleep(POLL_MS);
  }
}
