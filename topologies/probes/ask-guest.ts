/**
 * Asks a lab guest to do something, prints its answer, and holds the connection, so that the guest goes on with it,
 * until it is stopped:
 *
 *     node dist/topologies/probes/ask-guest.js 10.1.0.100 dirty 20 32 60
 */
import { GuestControl } from './guest-control.ts';
import { untilStopped } from './probe.ts';

const HOLD_MS = 1_800_000;

const [address = '', ...words] = process.argv.slice(2);
if (words.length === 0) throw new Error('usage: ask-guest ADDRESS COMMAND...');
const control = await GuestControl.to(address);
process.stdout.write(`${JSON.stringify(await control.ask(...words))}\n`);
await untilStopped(HOLD_MS);
control.close();
process.exit(0);
