/** The reverse oracle: `ovs-ofctl ofp-print` reads what the codec writes. */
import { describe, expect, it } from 'vitest';
import {
  ALL_FIELDS,
  Bucket,
  bundleAdd,
  bundleControl,
  encode,
  ERROR_NAMES,
  flowDescRequest,
  flowMod,
  formatActions,
  formatFlow,
  hello,
  instructions,
  actions,
  match,
  NO_BUFFER,
  packetOut,
  Port,
  type Message,
  type FlowDesc,
  type StackAction,
} from '../../../controller/openflow/index.ts';
import { ofpPrint, ofpPrintBody } from './ofp-print.ts';

const NOT_OVS = ['in_phy_port', 'pbb_isid', 'pbb_uca', 'ipv6_exthdr'];
const none = new Uint8Array(0);
const data = Uint8Array.of(6, 14, 0, 8, 0, 0, 0, 1);

describe('errors', () => {
  it('have the names and numbers that OVS gives them', async () => {
    const printed: string[] = [];
    for (const error of ERROR_NAMES) {
      const text = await ofpPrintBody(encode({ type: 'error', error, data }));
      printed.push(text.split('\n')[0]!);
    }
    expect(printed).toEqual(ERROR_NAMES);
  });
});

describe('fields', () => {
  // Group buckets are not checked against a match, so that every field can stand alone in one.
  const fields = ALL_FIELDS.filter(({ name, variable }) => !variable && !NOT_OVS.includes(name));

  it.each(fields)('$oxmName has the class, number and width that OVS gives it', async (field) => {
    const push: StackAction = { type: 'stack_push', subfield: { field, start: 0, bits: field.bits } };
    const bytes = encode({
      type: 'group_mod',
      command: 'add',
      groupType: 'all',
      groupId: 1,
      commandBucketId: Bucket.ALL,
      buckets: [{ bucketId: 0, actions: [push] }],
    });
    expect(await ofpPrintBody(bytes)).toBe(
      ` ADD group_id=1,type=all,bucket=bucket_id:0,actions=${formatActions([push])}`,
    );
  });
});

describe('messages', () => {
  const port = {
    portNo: 3,
    hwAddr: '02:00:00:00:00:03',
    name: 'p3',
    config: 0,
    state: 4,
    ethernet: {
      curr: 64,
      advertised: 0,
      supported: 64,
      peer: 0,
      currSpeed: 10_000_000,
      maxSpeed: 10_000_000,
    },
  };
  const flow: FlowDesc = {
    table: 3,
    priority: 5,
    idleTimeout: 0,
    hardTimeout: 0,
    flags: 0,
    importance: 0,
    cookie: 7n,
    match: match({ eth_type: 0x0800, ip_src: '10.0.0.0/8' }),
    stats: { duration: { seconds: 5, nanoseconds: 250_000_000 }, packetCount: 9n, byteCount: 900n },
    instructions: [instructions.apply(actions.output(2))],
  };

  const cases: readonly [Message, RegExp][] = [
    [hello(), /OFPT_HELLO.*version bitmap: 0x06/s],
    [
      {
        type: 'features_reply',
        datapathId: 0x123n,
        nBuffers: 0,
        nTables: 254,
        auxiliaryId: 0,
        capabilities: 0x4f,
        reserved: 0,
      },
      /dpid:0000000000000123/,
    ],
    [{ type: 'role_request', role: 'primary', shortId: 0, generationId: 5n }, /role=primary generation_id=5/],
    [
      {
        type: 'role_status',
        role: 'secondary',
        reason: 'primary_request',
        generationId: 6n,
        properties: none,
      },
      /role=secondary generation_id=6 reason=primary_request/,
    ],
    [
      {
        type: 'set_async',
        masks: [
          { type: 'packet_in_primary', mask: 3 },
          { type: 'port_status_secondary', mask: 7 },
        ],
      },
      /PACKET_IN: no_match action/,
    ],
    [
      {
        type: 'packet_in',
        bufferId: NO_BUFFER,
        totalLen: 14,
        reason: 'action',
        table: 2,
        cookie: 5n,
        match: match({ in_port: 4 }),
        data: new Uint8Array(14),
      },
      /table_id=2 cookie=0x5 total_len=14 in_port=4 \(via action\)/,
    ],
    [
      {
        type: 'nx_packet_in2',
        packet: new Uint8Array(14),
        fullLen: 64,
        table: 2,
        cookie: 5n,
        reason: 'invalid_ttl',
        metadata: match({ in_port: 4, reg0: 6 }),
        userdata: Uint8Array.of(1, 2),
      },
      /table_id=2 cookie=0x5 total_len=64 reg0=0x6,in_port=4 \(via invalid_ttl\) data_len=14.*userdata=01\.02/s,
    ],
    [
      packetOut({
        match: match({ in_port: Port.LOCAL }),
        actions: [actions.output(2)],
        data: new Uint8Array(14),
      }),
      /in_port=LOCAL actions=output:2 data_len=14/,
    ],
    [
      {
        type: 'flow_removed',
        table: 4,
        reason: 'idle_timeout',
        priority: 9,
        idleTimeout: 10,
        hardTimeout: 20,
        cookie: 5n,
        match: [],
        stats: { packetCount: 3n, byteCount: 4n },
      },
      /reason=idle table_id=4 cookie:0x5 .*pkts3 bytes4|priority=9.*reason=idle/,
    ],
    [{ type: 'port_status', reason: 'add', port }, /ADD:.*3\(p3\): addr:02:00:00:00:00:03/s],
    [{ type: 'port_desc_reply', ports: [port] }, /3\(p3\): addr:02:00:00:00:00:03/],
    [
      { type: 'flow_desc_reply', flows: [flow] },
      /cookie=0x7, duration=5\.250s, table=3, n_packets=9, n_bytes=900, priority=5,ip,nw_src=10\.0\.0\.0\/8 actions=output:2/,
    ],
    [flowDescRequest({ table: 3 }), /table=3/],
    [
      { type: 'aggregate_stats_reply', stats: { packetCount: 1n, byteCount: 2n, flowCount: 3 } },
      /packet_count=1 byte_count=2 flow_count=3/,
    ],
    [bundleControl(5, 'commit_request', 3), /bundle_id=0x5 type=COMMIT_REQUEST flags=atomic ordered/],
    [
      bundleAdd(5, 3, flowMod({ table: 2 })),
      /bundle_id=0x5 flags=atomic ordered\nOFPT_FLOW_MOD.*ADD table:2 actions=drop/s,
    ],
    [{ type: 'nx_set_controller_id', controllerId: 5 }, /id=5/],
    [
      { type: 'nx_ct_flush', ipProto: 6, orig: { src: '10.0.0.1', dstPort: 80 }, zone: 9 },
      /zone=9 'ct_nw_src=10\.0\.0\.1.*ct_tp_dst=80.*ct_nw_proto=6/,
    ],
    [
      {
        type: 'meter_desc_reply',
        meters: [
          { flags: 1, meterId: 4, bands: [{ type: 'dscp_remark', rate: 5, burstSize: 6, precLevel: 1 }] },
        ],
      },
      /meter=4 kbps bands=\s*type=dscp_remark rate=5.*prec_level=1/s,
    ],
    [
      {
        type: 'group_desc_reply',
        groups: [
          {
            groupType: 'select',
            groupId: 4,
            buckets: [{ bucketId: 1, actions: [actions.output(1)], weight: 7 }],
          },
        ],
      },
      /group_id=4,type=select,bucket=bucket_id:1,weight:7,actions=output:1/,
    ],
    [
      {
        type: 'table_stats_reply',
        tables: [{ table: 0, activeCount: 3, lookupCount: 4n, matchedCount: 5n }],
      },
      /active=3, lookup=4, matched=5/,
    ],
    [
      {
        type: 'table_status',
        reason: 'vacancy_down',
        desc: { table: 3, config: 8, properties: Uint8Array.of(0, 3, 0, 8, 10, 20, 15, 0) },
      },
      /reason=VACANCY_DOWN\ntable_desc:-\n {2}table 3/s,
    ],
    [
      {
        type: 'requestforward',
        request: { type: 'meter_mod', command: 'delete', flags: 1, meterId: 3, bands: [] },
      },
      /reason=meter_mod DEL meter=3/,
    ],
  ];

  it.each(cases.map(([message, wanted]) => ({ type: message.type, message, wanted })))(
    '$type is read as it was meant',
    async ({ message, wanted }) => {
      expect(await ofpPrint(encode(message, 1))).toMatch(wanted);
    },
  );

  it('a flow is read as it is printed', async () => {
    const printed = await ofpPrint(encode({ type: 'flow_desc_reply', flows: [{ ...flow, stats: {} }] }, 1));
    expect(
      printed
        .split('\n')[1]
        ?.replace(/duration=\S+ |n_(packets|bytes)=\S+ /g, '')
        .trim(),
    ).toBe(formatFlow(flow));
  });
});
