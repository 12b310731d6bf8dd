/** What a host's datapath lacks is told, by the names that OVS has for it. */
import { expect, it } from 'vitest';
import { presentEdge, presentHost } from '../../../apps/api/present.ts';
import type { HostObject } from '../../../apps/api/objects.ts';
import { fakeState } from './fake-controller.ts';

/** As OVS 3.1 tells of its user-space datapath. */
const ALL = {
  ...{ max_vlan_headers: '1', recirc: 'true', lb_output_action: 'true', ufid: 'true', trunc: 'true' },
  ...{ masked_set_action: 'true', tnl_push_pop: 'true', nd_ext: 'true', sample_nesting: '10' },
  ...{ ct_state: 'true', ct_zone: 'true', ct_mark: 'true', ct_label: 'true', ct_state_nat: 'true' },
  ...{ ct_orig_tuple: 'true', ct_orig_tuple6: 'true', ct_eventmask: 'true', ct_timeout: 'true' },
  ...{ check_pkt_len: 'true', explicit_drop_action: 'true', ct_zero_snat: 'true', max_hash_alg: '1' },
};

/** Of host a1, with these capabilities. */
function datapath(capabilities: Readonly<Record<string, string>>): HostObject['datapath'] {
  const state = fakeState();
  const bridge = state.bridges.get('a1')!;
  const told = { ...bridge.datapath, capabilities: new Map(Object.entries(capabilities)) };
  const bridges = new Map(state.bridges).set('a1', { ...bridge, datapath: told });
  return presentHost({ ...state, bridges }, state.hosts.get('a1')!, 'connected').datapath;
}

it('nothing, where all is there', () => {
  expect(datapath(ALL)).toEqual({ type: 'netdev', ovsVersion: '3.1.0', unknown: false, missing: [] });
});

it.each(Object.keys(ALL))('%s, where the pipeline needs it', (name) => {
  const needed = [
    ...['ct_state', 'ct_state_nat', 'ct_zone', 'ct_mark', 'ct_orig_tuple', 'ct_orig_tuple6'],
    ...['recirc', 'check_pkt_len'],
  ];
  expect(datapath({ ...ALL, [name]: 'false' })?.missing).toEqual(needed.filter((one) => one === name));
});

it('that it is not known, where OVS does not tell', () => {
  expect(datapath({})).toMatchObject({ unknown: true, missing: [] });
});

it('of a bridge that has not been seen, nothing; of an edge as of a host', () => {
  const state = fakeState();
  expect(presentHost(state, state.hosts.get('b2')!, 'disconnected').datapath).toBeNull();
  const capabilities = new Map([['ct_mark', 'false']]);
  const bridge = state.bridges.get('eb')!;
  const bridges = new Map(state.bridges).set('eb', {
    ...bridge,
    datapath: { ...bridge.datapath, capabilities },
  });
  expect(presentEdge({ ...state, bridges }, state.edges.get('eb')!, 'connected').datapath?.missing).toEqual([
    'ct_mark',
  ]);
});
