/** Bad JSON is refused with its place. */
import { describe, expect, it } from 'vitest';
import {
  actions,
  flowMod,
  fromJson,
  instructions,
  match,
  OpenFlowBadJsonError,
  toJson,
} from '../../../controller/openflow/index.ts';

const good = () =>
  JSON.parse(
    JSON.stringify(
      toJson(
        flowMod({
          match: match({
            eth_type: 0x0800,
            ip_dst: '10.0.0.0/8',
            metadata: 5n,
            eth_src: '02:00:00:00:00:01',
          }),
          instructions: [instructions.apply(actions.output(1), actions.setField('ipv6_dst', 'fc00::1'))],
        }),
      ),
    ),
  ) as Record<string, unknown> & {
    match: Record<string, unknown>[];
    instructions: { actions: Record<string, unknown>[] }[];
  };

describe('fromJson', () => {
  it('shows addresses as addresses', () => {
    expect(good().match).toEqual([
      { field: 'eth_src', value: '02:00:00:00:00:01' },
      { field: 'eth_type', value: 0x0800 },
      { field: 'ip_dst', value: '10.0.0.0', mask: '255.0.0.0' },
      { field: 'metadata', value: '0x5' },
    ]);
    expect(good().instructions[0]?.actions[1]).toEqual({
      type: 'set_field',
      field: 'ipv6_dst',
      value: 'fc00::1',
    });
  });

  it.each<[string, (json: ReturnType<typeof good>) => unknown, string]>([
    ['no object', () => null, '$: null is not an object'],
    ['no type', () => ({}), '$.type: undefined is not one of'],
    ['an unknown type', () => ({ type: 'flow_mood' }), '$.type: "flow_mood" is not one of hello, error,'],
    ['a missing member', (json) => ({ ...json, table: undefined }), '$.table: it is missing'],
    ['an unknown member', (json) => ({ ...json, tables: 3 }), '$.tables: there is no such member'],
    [
      'a number too large',
      (json) => ({ ...json, table: 256 }),
      '$.table: 256 is not a whole number of 8 bits',
    ],
    ['a fraction', (json) => ({ ...json, table: 1.5 }), '$.table: 1.5 is not a whole number of 8 bits'],
    [
      'a 64-bit number as a number',
      (json) => ({ ...json, cookie: 5 }),
      '$.cookie: 5 is not a number written as "0x…"',
    ],
    [
      'a 64-bit number too large',
      (json) => ({ ...json, cookie: '0x10000000000000000' }),
      '$.cookie: 0x10000000000000000 does not fit in 64 bits',
    ],
    [
      'an unknown field',
      (json) => ((json.match[0]!['field'] = 'ip_dest'), json),
      '$.match[0].field: "ip_dest" is not the name of a field',
    ],
    [
      'an address with a prefix',
      (json) => ((json.match[2]!['value'] = '10.0.0.0/8'), json),
      '$.match[2].value: "10.0.0.0/8": not an IPv4 address like 192.0.2.1',
    ],
    [
      'an unknown action',
      (json) => ((json.instructions[0]!.actions[0]!['type'] = 'out'), json),
      '$.instructions[0].actions[0].type: "out" is not one of',
    ],
    ['odd hex', () => ({ type: 'echo_request', data: '123' }), '$.data: "123" is not bytes in hex digits'],
    ['no list', (json) => ({ ...json, match: {} }), '$.match: {} is not a list'],
    ['no flag', () => ({ type: 'nx_flow_mod_table_id', set: 1 }), '$.set: 1 is not true or false'],
    [
      'an unknown error',
      () => ({ type: 'error', error: 'OFPXX', data: '' }),
      '$.error: "OFPXX" is not one of',
    ],
    [
      '__proto__',
      () => JSON.parse('{"type":"barrier_request","__proto__":1}') as unknown,
      '$.__proto__: there is no such member',
    ],
  ])('refuses %s', (_name, change, message) => {
    const json = change(good());
    expect(() => fromJson(json)).toThrow(OpenFlowBadJsonError);
    expect(() => fromJson(json)).toThrow(message);
  });
});
