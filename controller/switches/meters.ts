/**
 * The meters of the pipeline. Flows refer to them, so they stand before any flow; they are few and never go
 * while the controller is in charge. OVS does not take meter mods in bundles.
 */
import { MeterFlag, type MeterMod } from '../openflow/index.ts';
import { switches as limits } from '../limits.ts';
import { SwitchRefusedError } from './errors.ts';
import { Meter } from './pipeline.ts';
import type { SwitchSession } from './session.ts';

const rates: Readonly<Record<keyof typeof Meter, number>> = {
  tooLarge: limits.tooLargePerSecond,
  neighbour: limits.neighbourPerSecond,
  sampleStrangers: limits.samplesPerSecond,
  sampleConnections: limits.samplesPerSecond,
  sampleKnown: limits.samplesPerSecond,
};

/** Puts every meter there, or sets its rate anew. */
export async function installMeters(session: SwitchSession): Promise<void> {
  for (const [name, meterId] of Object.entries(Meter)) {
    const rate = rates[name as keyof typeof Meter];
    const mod: MeterMod = {
      type: 'meter_mod',
      command: 'add',
      flags: MeterFlag.PKTPS | MeterFlag.BURST | MeterFlag.STATS,
      meterId,
      bands: [{ type: 'drop', rate, burstSize: rate }],
    };
    const refusal = await attempt(session, mod);
    if (refusal === undefined) continue;
    if (refusal.error !== 'OFPMMFC_METER_EXISTS') throw refusal.asError();
    const second = await attempt(session, { ...mod, command: 'modify' });
    if (second !== undefined) throw second.asError();
  }
}

async function attempt(session: SwitchSession, mod: MeterMod) {
  const xid = session.allocateXids(1);
  let refused: { error: unknown; asError: () => SwitchRefusedError } | undefined;
  const unwatch = session.watchErrors(xid, 1, (message) => {
    refused = {
      error: message.error,
      asError: () => new SwitchRefusedError(session.peer, `meter ${mod.meterId}`, message),
    };
  });
  try {
    session.send({ ...mod, xid });
    await session.barrier('installing meters');
  } finally {
    unwatch();
  }
  return refused;
}
