/**
 * What `nsupdate` of BIND 9.18 sent for
 *
 *     update delete web.example.test A
 *     update delete web.example.test AAAA
 *     update add web.example.test 1 A 10.2.0.200
 *     update add web.example.test 1 AAAA 2001:db8:2::c000
 *
 * and what `named` answered; `refused` adds a TXT record, which the key may not; `unknownKey` and `wrongSecret` are
 * signed with those.
 */
import { readFileSync } from 'node:fs';
import type { TsigKey } from '../../../controller/dns/tsig.ts';

interface Recorded {
  readonly request: Buffer;
  readonly answer: Buffer;
}

const hex = JSON.parse(readFileSync(new URL('bind.json', import.meta.url), 'utf8')) as Record<
  string,
  { readonly request: string; readonly answer: string }
>;

export function recorded(name: 'sha256' | 'sha512' | 'wrongSecret' | 'unknownKey' | 'refused'): Recorded {
  const { request, answer } = hex[name]!;
  return { request: Buffer.from(request, 'hex'), answer: Buffer.from(answer, 'hex') };
}

const secret = Buffer.from('c2VjcmV0IG9mIHRoZSB0ZXN0cyE=', 'base64');
export const sha256Key: TsigKey = { name: 'k1', algorithm: 'hmac-sha256', secret };
export const sha512Key: TsigKey = { name: 'k2', algorithm: 'hmac-sha512', secret };
