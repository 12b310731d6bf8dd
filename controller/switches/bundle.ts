/**
 * Flow mods that take effect together or not at all (OpenFlow 1.5.1, section 7.3.9).
 *
 * OVS commits the rest of a bundle when one of its messages was refused, if the commit has been sent already.
 * So a barrier comes first, and the commit only when it has shown that nothing was refused. A bundle may be
 * held open: its flows wait in the switch, and at the moment itself only the commit travels.
 */
import type { Clock } from '../clock.ts';
import { switches as limits } from '../limits.ts';
import { BundleFlag, type ErrorMessage, MessageType, OFP_VERSION, type Writer } from '../openflow/index.ts';
import { Slice } from '../slices.ts';
import type { Difference } from './diff.ts';
import { BundleRefusedError } from './errors.ts';
import { describeFlowMod, encodeAdd, encodeDelete } from './installed.ts';
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
 * Puts a difference into a new bundle, removals first, and waits for the barrier. Throws
 * `SWITCH_BUNDLE_REFUSED` with all that was refused, the bundle then being gone.
 */
export async function openBundle(
  session: SwitchSession,
  difference: Difference,
  clock: Clock,
): Promise<OpenBundle> {
  lastBundleId = (lastBundleId % 0x7fff_ffff) + 1;
  const bundleId = lastBundleId;
  const control = { type: 'bundle_control', bundleId, flags: FLAGS, properties: NOTHING } as const;
  const discard = (): void => {
    if (!session.closed) session.send({ ...control, control: 'discard_request' });
  };

  const count = difference.remove.length + difference.put.length;
  const first = session.allocateXids(count);
  const refused: { index: number; error: ErrorMessage }[] = [];
  const unwatch = session.watchErrors(first, count, (error) =>
    refused.push({ index: (error.xid ?? 0) - first, error }),
  );
  try {
    const opened = session.request({ ...control, control: 'open_request' }, 'opening a bundle');
    // It may fail while the flows are still on their way; that is told below.
    opened.catch(() => undefined);
    const slice = new Slice(clock);
    for (let done = 0; done < count && !session.closed; done += limits.bundleBatch) {
      const end = Math.min(done + limits.bundleBatch, count);
      session.compose((out) => {
        for (let i = done; i < end; i++) addMessage(out, bundleId, difference, i, first + i);
      });
      await session.drained();
      if (slice.isOver) await slice.next();
    }
    await Promise.all([opened, session.barrier('checking a bundle', limits.bundleTimeout)]);
  } catch (error) {
    discard();
    throw error;
  } finally {
    unwatch();
  }
  if (refused.length > 0) {
    discard();
    throw new BundleRefusedError(
      session.peer,
      refused.map(({ index, error }) => ({ what: describe(difference, index), error })),
    );
  }

  // OVS drops a bundle that is idle for 10 s; repeating its first message changes nothing and keeps it.
  let cancelFeed = clock.after(limits.bundleFeedInterval, feed);
  function feed(): void {
    if (session.closed || count === 0) return;
    session.compose((out) => addMessage(out, bundleId, difference, 0, session.allocateXids(1)));
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

/** `struct ofp_bundle_add_msg` around the flow mod of that index. */
function addMessage(
  out: Writer,
  bundleId: number,
  { put, remove }: Difference,
  index: number,
  xid: number,
): void {
  const start = out.position;
  out.u8(OFP_VERSION, 'bundle_add_message');
  out.u8(MessageType.BUNDLE_ADD_MESSAGE, 'bundle_add_message');
  out.u16(0, 'bundle_add_message');
  out.u32(xid, 'bundle_add_message');
  out.u32(bundleId, 'bundle_add_message');
  out.u32(FLAGS, 'bundle_add_message');
  if (index < remove.length) encodeDelete(out, remove[index]!, xid);
  else encodeAdd(out, put[index - remove.length]!, xid);
  out.length16(start + 2, start, 'bundle_add_message');
}

function describe({ put, remove }: Difference, index: number): string {
  if (index < remove.length) return describeFlowMod(encodeDelete, remove[index]!);
  return describeFlowMod(encodeAdd, put[index - remove.length]!);
}
