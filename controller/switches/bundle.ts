/**
 * Flow mods that take effect together or not at all (OpenFlow 1.5.1, section 7.3.9).
 *
 * OVS commits the rest of a bundle when one of its messages was refused, if the commit has been sent already.
 * So a barrier comes first, and the commit only when it has shown that nothing was refused. A bundle may be
 * held open: its flows wait in the switch, and at the moment itself only the commit travels.
 */
import type { Clock } from '../clock.ts';
import { switches as limits } from '../limits.ts';
import { BundleFlag, type ErrorMessage, type FlowMod, formatFlowMod } from '../openflow/index.ts';
import { BundleRefusedError } from './errors.ts';
import type { SwitchSession } from './session.ts';

const FLAGS = BundleFlag.ATOMIC | BundleFlag.ORDERED;
const NOTHING = new Uint8Array(0);

let lastBundleId = 0;

export interface OpenBundle {
  /** Sends the commit before it returns; resolves when the switch has acknowledged it. */
  commit(): Promise<void>;
  /** Gives the bundle up. */
  discard(): void;
}

/**
 * Puts the flow mods into a new bundle and waits for the barrier. Throws `SWITCH_BUNDLE_REFUSED` with all that
 * was refused, the bundle then being gone.
 */
export async function openBundle(
  session: SwitchSession,
  mods: readonly FlowMod[],
  clock: Clock,
): Promise<OpenBundle> {
  lastBundleId = (lastBundleId % 0x7fff_ffff) + 1;
  const bundleId = lastBundleId;
  const control = { type: 'bundle_control', bundleId, flags: FLAGS, properties: NOTHING } as const;
  const add = (message: FlowMod, xid: number): void => {
    session.send({ type: 'bundle_add_message', bundleId, flags: FLAGS, properties: NOTHING, message, xid });
  };

  const opened = session.request({ ...control, control: 'open_request' }, 'opening a bundle');
  const first = session.allocateXids(mods.length);
  const refused: { index: number; error: ErrorMessage }[] = [];
  const unwatch = session.watchErrors(first, mods.length, (error) =>
    refused.push({ index: (error.xid ?? 0) - first, error }),
  );
  try {
    for (const [i, mod] of mods.entries()) {
      add(mod, first + i);
      if (i % limits.bundleBatch === limits.bundleBatch - 1) await session.drained();
    }
    await Promise.all([opened, session.barrier('checking a bundle', limits.bundleTimeout)]);
  } finally {
    unwatch();
  }
  const discard = (): void => {
    if (!session.closed) session.send({ ...control, control: 'discard_request' });
  };
  if (refused.length > 0) {
    discard();
    throw new BundleRefusedError(
      session.peer,
      refused.map(({ index, error }) => ({ what: formatFlowMod(mods[index]!), error })),
    );
  }

  // OVS drops a bundle that is idle for 10 s; repeating its first message changes nothing and keeps it.
  let cancelFeed = clock.after(limits.bundleFeedInterval, feed);
  function feed(): void {
    if (session.closed || mods[0] === undefined) return;
    add(mods[0], session.allocateXids(1));
    cancelFeed = clock.after(limits.bundleFeedInterval, feed);
  }

  return {
    async commit() {
      cancelFeed();
      const committed = session.request(
        { ...control, control: 'commit_request' },
        'committing a bundle',
        limits.bundleTimeout,
      );
      session.flush();
      await committed;
    },
    discard() {
      cancelFeed();
      discard();
    },
  };
}
