/**
 * The codec against a real switch: everything it says is decoded whole and encodes to the same bytes, everything
 * we say is understood, and flows are printed as `ovs-ofctl` prints them.
 */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  actions,
  BundleFlag,
  Bucket,
  bundleAdd,
  bundleControl,
  decode,
  encode,
  flowDescRequest,
  FlowModFlag,
  FlowMonitorFlag,
  flowMod,
  formatFlow,
  Group,
  instructions,
  isRawEntry,
  match,
  Meter,
  MeterFlag,
  NO_BUFFER,
  packetOut,
  Port,
  Queue,
  Table,
  toJson,
  type AsyncConfig,
  type FlowDesc,
  type FlowMod,
  type Message,
  type Received,
} from '../../../controller/openflow/index.ts';
import type { Fixture } from '../../controller/openflow/fixture.ts';
import { ofpPrint } from './ofp-print.ts';
import { RealSwitch, type Client } from './real-switch.ts';

const ovs = new RealSwitch();
let client: Client;

beforeAll(() => ovs.up());
afterAll(() => ovs.stop());
beforeEach(async () => {
  client = await ovs.connect();
});
afterEach(() => client.close());

const frame = Uint8Array.from([
  ...[0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1, 0x08, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0],
  ...[10, 0, 0, 1, 10, 0, 0, 2, 0, 7, 0, 9, 0, 8, 0, 0, ...new Array<number>(18).fill(0)],
]);

/** What was heard is decoded without leftovers, encodes to what came, and OVS reads it without complaint. */
async function expectWhole(): Promise<void> {
  for (const { bytes, message } of client.heard) {
    expect(Buffer.from(encode(message)).equals(Buffer.from(bytes)), message.type).toBe(true);
    expect(JSON.stringify(toJson(message)), message.type).not.toMatch(/"raw"|"multipart_re/);
    // An error is followed by OVS's reading of what was refused, which is no better for being read again.
    const printed = await ofpPrint(bytes);
    expect(message.type === 'error' ? printed.split('\n')[0] : printed).not.toMatch(/decode error/);
  }
}

const flowsOf = (parts: readonly Received[]): FlowDesc[] =>
  parts.flatMap((part) =>
    part.type === 'flow_desc_reply' ? part.flows.filter((flow): flow is FlowDesc => !isRawEntry(flow)) : [],
  );

async function clear(): Promise<void> {
  const all = flowMod({ command: 'delete', table: Table.ALL });
  expect(await client.commit([all])).toEqual([]);
}

describe('requests about the switch', () => {
  const requests: readonly [Message, string][] = [
    [{ type: 'features_request' }, 'features_reply'],
    [{ type: 'get_config_request' }, 'get_config_reply'],
    [{ type: 'get_async_request' }, 'get_async_reply'],
    [{ type: 'echo_request', data: Uint8Array.of(1, 2, 3) }, 'echo_reply'],
    [{ type: 'role_request', role: 'nochange', shortId: 0, generationId: 0n }, 'role_reply'],
    [{ type: 'desc_request' }, 'desc_reply'],
    [{ type: 'table_stats_request' }, 'table_stats_reply'],
    [{ type: 'table_desc_request' }, 'table_desc_reply'],
    [{ type: 'table_features_request', tables: [] }, 'table_features_reply'],
    [{ type: 'port_desc_request', portNo: Port.ANY }, 'port_desc_reply'],
    [{ type: 'port_stats_request', portNo: Port.ANY }, 'port_stats_reply'],
    [{ type: 'queue_stats_request', portNo: Port.ANY, queueId: Queue.ALL }, 'queue_stats_reply'],
    [{ type: 'group_features_request' }, 'group_features_reply'],
    [{ type: 'meter_features_request' }, 'meter_features_reply'],
    [{ type: 'nx_tlv_table_request' }, 'nx_tlv_table_reply'],
    [flowDescRequest(), 'flow_desc_reply'],
    [{ ...flowDescRequest(), type: 'aggregate_stats_request' }, 'aggregate_stats_reply'],
  ];

  it.each(requests.map(([request, reply]) => ({ type: request.type, request, reply })))(
    '$type is answered',
    async ({ request, reply }) => {
      const parts = await client.request(request);
      expect(parts.map(({ type }) => type)).toEqual(parts.map(() => reply));
      await expectWhole();
    },
  );

  it('give the datapath id and the ports', async () => {
    const [features] = await client.request({ type: 'features_request' });
    expect(features).toMatchObject({ datapathId: 0x123n, auxiliaryId: 0 });
    const [ports] = await client.request({ type: 'port_desc_request', portNo: 1 });
    expect(ports).toMatchObject({ ports: [{ portNo: 1, name: 'p1' }] });
  });
});

describe('flows', () => {
  const fixtures = JSON.parse(
    readFileSync(new URL('../../controller/openflow/fixtures/ovs-ofctl.json', import.meta.url), 'utf8'),
  ) as Fixture[];
  const mods = fixtures
    .filter(({ command }) => command.startsWith('add-flow '))
    .flatMap(({ messages }) => messages.map(({ hex }) => decode(Buffer.from(hex, 'hex'))))
    .filter((message): message is Received & FlowMod => message.type === 'flow_mod')
    // ovs-ofctl 3.1 does not print the mask of tunnel metadata that the switch reports.
    .filter(
      (mod) =>
        !mod.match.some(({ field, mask }) => field.variable && mask instanceof Uint8Array && mask.length > 0),
    );

  it('are printed as ovs-ofctl prints them', async () => {
    await clear();
    const maps = Array.from({ length: 11 }, (_, index) => ({
      optionClass: 1,
      optionType: index,
      optionLen: 8,
      index,
    }));
    expect(await client.commit([{ type: 'nx_tlv_table_mod', command: 'add', maps }])).toEqual([]);
    expect(
      await client.commit([
        {
          type: 'group_mod',
          command: 'add',
          groupType: 'indirect',
          groupId: 5,
          commandBucketId: Bucket.ALL,
          buckets: [{ bucketId: 0, actions: [actions.output(1)] }],
        },
      ]),
    ).toEqual([]);
    const spread = mods.map((mod, table) => ({ ...mod, table: table % 250, cookie: BigInt(table) + 1n }));
    const errors = await client.commit(spread);
    // What needs hardware, meters or groups that are not there is refused; nearly everything is not.
    expect(errors.length).toBeLessThan(spread.length / 8);
    const flows = flowsOf(await client.request(flowDescRequest()));
    expect(flows.length).toBeGreaterThan(150);
    const printed = await ovs.ofctl('dump-flows', ovs.target, '--no-stats', '--no-names');
    const wanted = printed
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    expect(flows.map(formatFlow).sort()).toEqual(wanted.sort());
    await expectWhole();
    await clear();
  });

  it('are refused with an error by name and the refused message', async () => {
    const mod = flowMod({ match: match({ in_port: 1 }), flags: FlowModFlag.CHECK_OVERLAP });
    const [error] = await client.commit([flowMod({ match: match({ metadata: 1n }) }), mod]);
    expect(error).toMatchObject({ type: 'error', error: 'OFPFMFC_OVERLAP' });
    if (error?.type === 'error')
      expect(Buffer.from(error.data).equals(Buffer.from(encode(mod, error.xid)))).toBe(true);
    await clear();
  });

  it('are announced when they go, and watched', async () => {
    const monitor = {
      monitorId: 7,
      outPort: Port.ANY,
      outGroup: Group.ANY,
      flags:
        FlowMonitorFlag.INITIAL |
        FlowMonitorFlag.ADD |
        FlowMonitorFlag.REMOVED |
        FlowMonitorFlag.MODIFY |
        FlowMonitorFlag.INSTRUCTIONS,
      table: Table.ALL,
      command: 'add',
      match: [],
    } as const;
    const masks = [{ type: 'flow_removed_primary', mask: 0x3f } as const];
    expect(await client.commit([{ type: 'set_async', masks }])).toEqual([]);
    await client.request({ type: 'flow_monitor_request', monitors: [monitor] });
    const mod = flowMod({
      table: 9,
      cookie: 0x99n,
      flags: FlowModFlag.SEND_FLOW_REM,
      match: match({ eth_type: 0x0800, ip_dst: '10.0.0.0/8' }),
      instructions: [instructions.apply(actions.output(2))],
    });
    // OVS 3.1 refuses NO_ABBREV: what the watcher changes itself comes abbreviated.
    const other = await ovs.connect();
    expect(await other.commit([mod])).toEqual([]);
    other.close();
    const own = client.send(flowMod({ table: 10, match: match({ in_port: 3 }) }));
    const abbreviated = await client.wait(
      (message) =>
        message.type === 'flow_monitor_reply' &&
        message.updates.some((u) => 'event' in u && u.event === 'abbrev'),
    );
    expect(abbreviated).toMatchObject({ updates: [{ event: 'abbrev', abbrevXid: own }] });
    const added = await client.wait(
      (message) =>
        message.type === 'flow_monitor_reply' &&
        message.updates.some((u) => 'event' in u && u.event === 'added'),
    );
    expect(added).toMatchObject({
      updates: [{ event: 'added', table: 9, cookie: 0x99n, instructions: mod.instructions }],
    });
    await clear();
    const removed = await client.wait((message) => message.type === 'flow_removed');
    expect(removed).toMatchObject({ table: 9, reason: 'delete', cookie: 0x99n, stats: { packetCount: 0n } });
    await expectWhole();
  });
});

describe('bundles', () => {
  it('are committed as one', async () => {
    const flags = BundleFlag.ATOMIC | BundleFlag.ORDERED;
    const mods = [1, 2, 3].map((priority) => flowMod({ priority, match: match({ in_port: priority }) }));
    await client.request(bundleControl(5, 'open_request', flags));
    for (const mod of mods) client.send(bundleAdd(5, flags, mod));
    const [committed] = await client.request(bundleControl(5, 'commit_request', flags));
    expect(committed).toMatchObject({ type: 'bundle_control', control: 'commit_reply' });
    const flows = flowsOf(await client.request(flowDescRequest()));
    expect(flows.map(({ priority }) => priority).sort()).toEqual([1, 2, 3]);
    await expectWhole();
    await clear();
  });

  it('that do not exist are refused by name', async () => {
    const [error] = await client.request(bundleControl(99, 'commit_request', BundleFlag.ATOMIC));
    expect(error).toMatchObject({ type: 'error', error: 'OFPBFC_BAD_ID' });
  });
});

describe('packets', () => {
  const userdata = Uint8Array.of(1, 2, 3);

  it('come to the controller, and go on where they were paused', async () => {
    expect(
      await client.commit([
        { type: 'nx_set_packet_in_format', format: 'nxt_packet_in2' },
        { type: 'set_config', flags: 0, missSendLen: 0xffff },
        { type: 'nx_set_controller_id', controllerId: 3 },
        flowMod({
          match: match({ in_port: 1 }),
          cookie: 0x77n,
          instructions: [
            instructions.apply(
              actions.setField('reg1', 0x1234),
              actions.controller({ controllerId: 3, pause: true, userdata }),
              actions.resubmit(1),
            ),
          ],
        }),
        flowMod({ table: 1, cookie: 0x78n, instructions: [instructions.apply(actions.output(2))] }),
      ]),
    ).toEqual([]);
    await ovs.appctl('netdev-dummy/receive', 'p1', Buffer.from(frame).toString('hex'));
    const packetIn = await client.wait(({ type }) => type === 'nx_packet_in2');
    if (packetIn.type !== 'nx_packet_in2') throw new Error('not a packet-in');
    expect(packetIn).toMatchObject({ cookie: 0x77n, reason: 'action', table: 0, userdata });
    expect(packetIn.continuation).toBeDefined();
    expect(Buffer.from(packetIn.packet ?? []).equals(Buffer.from(frame))).toBe(true);
    expect(packetIn.metadata?.map(({ field }) => field.name)).toContain('xreg0');
    const { packet, metadata, continuation, reason, table, cookie } = packetIn;
    expect(
      await client.commit([{ type: 'nx_resume', packet, table, cookie, reason, metadata, continuation }]),
    ).toEqual([]);
    const hits = flowsOf(await client.request(flowDescRequest({ table: 1 })));
    expect(hits[0]?.stats.packetCount).toBe(1n);
    await expectWhole();
    await clear();
  });

  it('come in the standard form too', async () => {
    expect(
      await client.commit([
        { type: 'set_config', flags: 0, missSendLen: 0xffff },
        flowMod({
          match: match({ in_port: 2 }),
          instructions: [instructions.apply(actions.output(Port.CONTROLLER))],
        }),
      ]),
    ).toEqual([]);
    client.send(
      packetOut({ match: match({ in_port: 2 }), actions: [actions.output(Port.TABLE)], data: frame }),
    );
    const packetIn = await client.wait(({ type }) => type === 'packet_in');
    expect(packetIn).toMatchObject({ bufferId: NO_BUFFER, totalLen: frame.length, table: 0 });
    await expectWhole();
    await clear();
  });
});

describe('groups and meters', () => {
  it('are added, described and counted', async () => {
    const select: Message = {
      type: 'group_mod',
      command: 'add',
      groupType: 'select',
      groupId: 77,
      commandBucketId: Bucket.ALL,
      buckets: [
        { bucketId: 1, actions: [actions.output(1)], weight: 10 },
        {
          bucketId: 2,
          actions: [actions.setField('eth_dst', '02:00:00:00:00:09'), actions.output(2)],
          weight: 20,
        },
      ],
      selectionMethod: { method: 'hash', param: 5n, fields: match({ eth_type: 0xffff, ip_src: undefined }) },
    };
    const insert: Message = {
      type: 'group_mod',
      command: 'insert_bucket',
      groupType: 'select',
      groupId: 77,
      commandBucketId: 1,
      buckets: [{ bucketId: 9, actions: [], weight: 1 }],
    };
    const meter: Message = {
      type: 'meter_mod',
      command: 'add',
      flags: MeterFlag.PKTPS | MeterFlag.STATS,
      meterId: 1,
      bands: [{ type: 'drop', rate: 100, burstSize: 0 }],
    };
    expect(await client.commit([select, insert, meter])).toEqual([]);
    const [desc] = await client.request({ type: 'group_desc_request', groupId: 77 });
    expect(desc).toMatchObject({
      groups: [{ groupId: 77, groupType: 'select', selectionMethod: { method: 'hash', param: 5n } }],
    });
    if (desc?.type === 'group_desc_reply') {
      const [group] = desc.groups;
      expect(
        group !== undefined && 'buckets' in group ? group.buckets.map(({ bucketId }) => bucketId) : [],
      ).toEqual([1, 9, 2]);
    }
    await client.request({ type: 'group_stats_request', groupId: Group.ALL });
    const [meters] = await client.request({ type: 'meter_desc_request', meterId: Meter.ALL });
    expect(meters).toMatchObject({ meters: [{ meterId: 1, bands: [{ type: 'drop', rate: 100 }] }] });
    await client.request({ type: 'meter_stats_request', meterId: Meter.ALL });
    await expectWhole();
  });
});

describe('connection tracking', () => {
  it('is flushed by zone and by tuple', async () => {
    expect(
      await client.commit([
        { type: 'nx_ct_flush_zone', zone: 5 },
        {
          type: 'nx_ct_flush',
          ipProto: 6,
          orig: { src: '10.0.0.1', dst: '10.0.0.2', srcPort: 1, dstPort: 2 },
          zone: 5,
        },
        {
          type: 'nx_ct_flush',
          ipProto: 58,
          orig: { src: 'fc00::1', dst: 'fc00::2' },
          reply: { src: 'fc00::2' },
        },
      ]),
    ).toEqual([]);
  });
});

describe('the session', () => {
  it('takes roles, fenced by generation', async () => {
    const [primary] = await client.request({
      type: 'role_request',
      role: 'primary',
      shortId: 0,
      generationId: 10n,
    });
    expect(primary).toMatchObject({ type: 'role_reply', role: 'primary', generationId: 10n });
    const other = await ovs.connect();
    const [stale] = await other.request({
      type: 'role_request',
      role: 'primary',
      shortId: 0,
      generationId: 9n,
    });
    expect(stale).toMatchObject({ type: 'error', error: 'OFPRRFC_STALE' });
    await other.request({ type: 'role_request', role: 'primary', shortId: 0, generationId: 11n });
    const status = await client.wait(({ type }) => type === 'role_status');
    expect(status).toMatchObject({ role: 'secondary', reason: 'primary_request', generationId: 11n });
    other.close();
    await expectWhole();
  });

  it('says which asynchronous messages it wants', async () => {
    const masks: AsyncConfig['masks'][number][] = [{ type: 'port_status_primary', mask: 7 }];
    expect(await client.commit([{ type: 'set_async', masks }])).toEqual([]);
    const [config] = await client.request({ type: 'get_async_request' });
    expect(config).toMatchObject({ masks: expect.arrayContaining(masks) as AsyncConfig['masks'][number][] });
  });

  it('hears of ports', async () => {
    // A connection to the management socket hears of nothing until it asks.
    const masks = [{ type: 'port_status_primary', mask: 7 } as const];
    expect(await client.commit([{ type: 'set_async', masks }])).toEqual([]);
    await ovs.vsctl(
      'add-port',
      'br0',
      'p3',
      '--',
      'set',
      'Interface',
      'p3',
      'type=dummy',
      'ofport_request=3',
    );
    const added = await client.wait((message) => message.type === 'port_status' && message.reason === 'add');
    expect(added).toMatchObject({ port: { portNo: 3, name: 'p3' } });
    if (added.type !== 'port_status') throw new Error('not a port status');
    const { portNo, hwAddr } = added.port;
    expect(await client.commit([{ type: 'port_mod', portNo, hwAddr, config: 1, mask: 1 }])).toEqual([]);
    await ovs.vsctl('del-port', 'br0', 'p3');
    await client.wait((message) => message.type === 'port_status' && message.reason === 'delete');
    await expectWhole();
  });
});
