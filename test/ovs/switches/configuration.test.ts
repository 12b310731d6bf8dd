/**
 * What a bridge's OVSDB is told, by a real one.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { presentHost } from '../../../apps/api/present.ts';
import { bridgeSeen } from '../../../controller/network/changes.ts';
import { Table } from '../../../controller/switches/pipeline.ts';
import { Bed } from '../apps/bed.ts';
import { configured } from '../support/configured.ts';

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.open();
}, 60_000);
afterAll(() => bed.close());

const vsctl = (...args: string[]): Promise<string> =>
  bed.room.run(undefined, ['ovs-vsctl', `--db=${bed.ovsdb('a')}`, '--timeout=10', ...args]);

async function settings(): Promise<string[]> {
  const told = await vsctl('get', 'Open_vSwitch', '.', 'other_config');
  return [...told.matchAll(/max-\w+="?\d+/g)].map(([text]) => text.replace('"', '')).sort();
}

const configure = (session: number) => configured(bed, 'a', session);

test('counters are brought up to date soon, and idle megaflows forgotten soon, but for what somebody chose', async () => {
  await configure(1);
  expect(await settings()).toEqual(['max-idle=2000', 'max-revalidator=100']);
  await vsctl('set', 'Open_vSwitch', '.', 'other_config:max-idle=7000', 'other_config:max-revalidator=50');
  await configure(2);
  expect(await settings()).toEqual(['max-idle=7000', 'max-revalidator=50']);
});

test('tables in which addresses of strangers are looked up have tries of IPv6, too, but where somebody chose', async () => {
  const chosen = ['--', '--id=@one', 'create', 'Flow_Table', 'prefixes=none'];
  await vsctl('set', 'Bridge', 'br-int', `flow_tables={${Table.blocklist}=@one}`, ...chosen);
  await configure(3);
  const told = await vsctl('--columns=prefixes', '--bare', 'list', 'Flow_Table');
  expect(
    told
      .split('\n\n')
      .map((line) => line.trim())
      .sort(),
  ).toEqual([
    ...[
      'ip_dst ip_src ipv6_dst',
      'ip_dst ip_src ipv6_src',
      'ip_dst ip_src ipv6_src',
      'ip_dst ip_src ipv6_src',
    ],
    'none',
  ]);
});

test.each([
  [
    'that forwards by itself when it has no controller',
    ['set-fail-mode', 'br-int', 'standalone'],
    'standalone',
  ],
  ['of which nobody has said what it does then', ['del-fail-mode', 'br-int'], ''],
])('a bridge %s is told to keep to its flows', async (_, command, before) => {
  await vsctl(...command);
  expect((await vsctl('get-fail-mode', 'br-int')).trim()).toBe(before);
  await configure(4 + before.length);
  expect((await vsctl('get-fail-mode', 'br-int')).trim()).toBe('secure');
});

test('Open vSwitch tells of all that the pipeline needs, by the names that are looked for, and here it is there', async () => {
  const bridge = (await configure(100))!;
  const missing = (capabilities: ReadonlyMap<string, string>): readonly string[] => {
    const { state } = bed.network;
    const seen = bridgeSeen('a', { ...bridge, datapath: { ...bridge.datapath, capabilities } })(state);
    return presentHost(seen, state.hosts.get('a')!, 'connected').datapath!.missing;
  };
  const { capabilities } = bridge.datapath;
  expect(missing(capabilities)).toEqual([]);
  // A name that it does not tell would be taken to be there.
  expect([...missing(new Map([...capabilities.keys()].map((name) => [name, 'false'])))].sort()).toEqual([
    ...['check_pkt_len', 'ct_mark', 'ct_orig_tuple', 'ct_orig_tuple6', 'ct_state', 'ct_state_nat', 'ct_zone'],
    'recirc',
  ]);
});
