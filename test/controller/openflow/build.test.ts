/** Builders: readable input, strict addresses, and matches that a switch would take. */
import { describe, expect, it } from 'vitest';
import {
  actions,
  encode,
  flowMod,
  formatActions,
  formatFlow,
  formatFlowMod,
  formatIpv6,
  formatMatch,
  instructions,
  match,
  OpenFlowBadValueError,
  parseIpv4,
  parseIpv6,
  parseMac,
  Port,
  subfield,
  VLAN_PRESENT,
  type MatchInput,
} from '../../../controller/openflow/index.ts';

describe('addresses', () => {
  it.each(['1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.4 ', '', '0x1.2.3.4', '1..2.3'])(
    'refuses the IPv4 address %j',
    (text) => expect(() => parseIpv4(text)).toThrow(OpenFlowBadValueError),
  );

  it.each([
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'g::',
    '1:2:3:4:5:6:7:8::',
    '::1%eth0',
    '1.2.3.4',
    '::1.2.3',
    '1:',
  ])('refuses the IPv6 address %j', (text) => expect(() => parseIpv6(text)).toThrow(OpenFlowBadValueError));

  it.each([
    '02:00:00:00:00',
    '02:00:00:00:00:00:00',
    '2:0:0:0:0:1',
    '02-00-00-00-00-01',
    '02:00:00:00:00:0g',
  ])('refuses the MAC address %j', (text) => expect(() => parseMac(text)).toThrow(OpenFlowBadValueError));

  it.each([
    ['::', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['fe80::', 'fe80::'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
  ])('spells %s as %s', (text, canonical) => expect(formatIpv6(parseIpv6(text))).toBe(canonical));
});

describe('match', () => {
  it.each<[MatchInput, string]>([
    [{}, ''],
    [{ ipv4_dst: '10.1.2.3/8', eth_type: 0x0800 }, 'ip,nw_dst=10.0.0.0/8'],
    [
      { tcp_dst: 80, ip_proto: 6, eth_type: 0x86dd, ipv6_src: 'fc00::/7' },
      'tcp6,ipv6_src=fc00::/7,tp_dst=80',
    ],
    [
      { ct_state: { value: 0x22, mask: 0x32 }, ct_zone: 5, eth_type: 0x0800 },
      'ct_state=+est-inv+trk,ct_zone=5,ip',
    ],
    [{ vlan_vid: VLAN_PRESENT | 5 }, 'dl_vlan=5'],
    [{ eth_dst: '01:00:00:00:00:00/01:00:00:00:00:00' }, 'dl_dst=01:00:00:00:00:00/01:00:00:00:00:00'],
    [{ metadata: { value: 5n, mask: 0xffn }, reg3: { value: 1, mask: 1 } }, 'reg3=0x1/0x1,metadata=0x5/0xff'],
    [{ ip_dst: '0.0.0.0/0', eth_type: 0x0800 }, 'ip'],
    [{ tun_metadata0: Uint8Array.of(1, 2) }, 'tun_metadata0=0x102'],
  ])('%o is %s', (input, text) => expect(formatMatch(match(input))).toBe(text));

  it.each<[MatchInput, RegExp]>([
    [{ tcp_dst: 80 }, /tcp_dst: it needs eth_type of IP and ip_proto 6 before it/],
    [{ ip_dst: '10.0.0.1', eth_type: 0x86dd }, /ip_dst: it needs eth_type 0x0800/],
    [{ vlan_vid: 5 }, /VLAN_PRESENT/],
    [{ ip_dst: '10.0.0.0/33', eth_type: 0x0800 }, /\/33 is not 0 to 32/],
    [{ eth_type: 0x10000 }, /does not fit in 2 bytes/],
    [{ eth_type: { value: 1, mask: 1 } }, /cannot be masked/],
    [{ ip_dst: '10.0.0.1', nw_dst: '10.0.0.2', eth_type: 0x0800 }, /given twice/],
    [
      { ct_nw_proto: 6, ct_state: { value: 0x20, mask: 0x20 }, eth_type: 0x0800 },
      /ct_state of a valid connection/,
    ],
    [{ in_port: 1.5 }, /not a whole number/],
    [{ in_port: -1 }, /does not fit/],
    [{ ['no_such' as 'in_port']: 1 }, /no such field/],
  ])('%o is refused', (input, reason) => expect(() => match(input)).toThrow(reason));
});

describe('actions', () => {
  it('are printed as OVS prints them', () => {
    const text = formatActions([
      actions.setField('ct_mark', { value: 1, mask: 0xff }),
      actions.copyField(subfield('reg0', 0, 16), subfield('reg1', 16, 16)),
      actions.ct({
        commit: true,
        zone: subfield('reg2', 0, 16),
        actions: [actions.nat('dst', { ipv4Min: '10.0.0.1' })],
      }),
      actions.resubmit(5, { ct: true }),
      actions.controller({ userdata: Uint8Array.of(1, 2), meterId: 3 }),
      actions.conjunction(7, 1, 2),
      actions.checkPktLarger(1400, 'reg0', 3),
      actions.learn({
        table: 3,
        specs: [
          { type: 'match', src: 'eth_src', dst: 'eth_dst' },
          { type: 'output', src: 'nxm_in_port' },
        ],
      }),
      actions.output(Port.CONTROLLER),
      actions.output(Port.LOCAL),
    ]);
    expect(text).toBe(
      'set_field:0x1/0xff->ct_mark,move:NXM_NX_REG0[0..15]->NXM_NX_REG1[16..31],' +
        'ct(commit,zone=NXM_NX_REG2[0..15],nat(dst=10.0.0.1)),resubmit(,5,ct),' +
        'controller(userdata=01.02,meter_id=3),conjunction(7,1/2),check_pkt_larger(1400)->NXM_NX_REG0[3],' +
        'learn(table=3,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[]),CONTROLLER:65535,LOCAL',
    );
  });

  it.each<[string, () => unknown, RegExp]>([
    ['a read-only field', () => actions.setField('eth_type', 1), /read-only/],
    ['bits beyond a field', () => subfield('reg0', 30, 4), /the field has bits 0 to 31/],
    [
      'copies of two sizes',
      () => encodeAction(actions.copyField(subfield('reg0', 0, 4), 'reg1')),
      /4 bits cannot be copied into 32/,
    ],
    [
      'a table that is no table',
      () => encodeAction(actions.resubmit(256)),
      /256 is not an unsigned number of 8 bits/,
    ],
    [
      'a bad NAT address',
      () => encodeAction(actions.nat('src', { ipv4Min: '10.0.0' })),
      /not an IPv4 address/,
    ],
    [
      'a port that is no number',
      () => encodeAction(actions.output(NaN)),
      /NaN is not an unsigned number of 32 bits/,
    ],
  ])('refuse %s', (_name, act, reason) => expect(act).toThrow(reason));

  function encodeAction(action: ReturnType<(typeof actions)[keyof typeof actions]>): Uint8Array {
    return encode(flowMod({ instructions: [instructions.apply(action)] }));
  }
});

describe('flows', () => {
  const mod = flowMod({
    table: 3,
    priority: 10,
    cookie: 0x1n,
    idleTimeout: 5,
    flags: 1,
    match: match({ eth_type: 0x0806 }),
    instructions: [instructions.gotoTable(4), instructions.clear(), instructions.apply(actions.output(1))],
  });

  it('are printed as ovs-ofctl dumps them', () => {
    expect(formatFlow(mod)).toBe(
      'cookie=0x1, table=3, idle_timeout=5, send_flow_rem priority=10,arp actions=output:1,clear_actions,goto_table:4',
    );
    expect(formatFlowMod(mod)).toBe(
      'ADD table:3 priority=10,arp cookie:0x1 idle:5 send_flow_rem actions=output:1,clear_actions,goto_table:4',
    );
  });

  it('are refused whole when too long for a message', () => {
    const long = flowMod({
      instructions: [
        instructions.apply(
          ...(new Array(5000).fill(actions.output(1)) as ReturnType<typeof actions.output>[]),
        ),
      ],
    });
    expect(() => encode(long)).toThrow(/do not fit in a 16-bit length/);
  });
});
