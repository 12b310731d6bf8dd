/** `ovs-ofctl ofp-print`: what OVS reads in bytes. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** OVS's text for a message, without its trailing newline. */
export async function ofpPrint(bytes: Uint8Array): Promise<string> {
  return (await run('ovs-ofctl', ['ofp-print', Buffer.from(bytes).toString('hex')])).stdout.trimEnd();
}

/** The same, without the line's head: message type, version and transaction id. */
export async function ofpPrintBody(bytes: Uint8Array): Promise<string> {
  return (await ofpPrint(bytes)).replace(/^[^\n]*?\(xid=0x[0-9a-f]+\):\s?/, '');
}
