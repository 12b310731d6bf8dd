/** DNS UPDATE (RFC 2136) of one name, signed; the answer is believed only if it is signed, too. */
import { randomInt } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { DnsMessageError, DnsRefusedError, DnsSignatureError } from './errors.ts';
import { exchange, type NameServer, serverText } from './exchange.ts';
import { decodeAnswer, encodeUpdate, type NameUpdate } from './message.ts';
import { distrust, sign, type TsigKey } from './tsig.ts';

/**
 * Resolves when the server has said, and signed, that the name has these addresses and no others. To ask for the same
 * again changes nothing. Throws `DnsUnreachableError`, `DnsRefusedError`, `DnsSignatureError` or `DnsMessageError`.
 */
export async function updateName(
  server: NameServer,
  key: TsigKey,
  update: NameUpdate,
  clock: Clock,
): Promise<void> {
  const id = randomInt(0x10000);
  const { signed, mac } = sign(encodeUpdate(id, update), key, clock.now() / 1_000);
  const bytes = await exchange(server, signed, clock);
  const answer = decodeAnswer(bytes);
  if (answer.id !== id || !answer.isUpdate) throw new DnsMessageError('it answers another question');
  const wrong = distrust(bytes, answer.last, key, clock.now() / 1_000, mac);
  if (wrong !== undefined)
    throw new DnsSignatureError(serverText(server), `${wrong}; it says ${answer.rcode}`);
  if (answer.rcode !== 'NOERROR') throw new DnsRefusedError(serverText(server), update.name, answer.rcode);
}
