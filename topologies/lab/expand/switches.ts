/**
 * An edge, and the Open vSwitch of edges and hosts.
 */
import { lab as labLimits } from '../../../controller/limits.ts';
import { parsePrefix } from '../../../controller/network/address.ts';
import type { EdgeDescription } from '../../../controller/network/description.ts';
import { FIRST_NICE, goFirstCommand } from '../go-first.ts';
import { datapathIdOf, macOf, uuidOf } from '../identity.ts';
import { managementAddress } from '../management.ts';
import type { NodePlan, StepPlan } from '../plan.ts';
import { addAddress, addressing } from './addressing.ts';
import { type Context, stationsOf, step, type Switch, sysctl } from './context.ts';
import { OVS_DIRECTORIES, privateDirectories } from './directories.ts';

export function edgeNode(context: Context, edge: EdgeDescription): NodePlan {
  return {
    name: edge.name,
    kind: 'edge',
    directories: privateDirectories(context.runDirectory, edge.name, OVS_DIRECTORIES),
    files: [],
    start: switchSteps(
      context,
      edge,
      stationsOf(context, edge.site).map((name) => `in-${name}`),
    ),
  };
}

/** An Open vSwitch with its two bridges. Tunnels need the underlay address on a bridge of the same datapath. */
export function switchSteps(context: Context, it: Switch, insidePorts: readonly string[]): StepPlan[] {
  const { topology, runDirectory, options, lab } = context;
  const management = parsePrefix(lab.management)!;
  const reach = managementAddress(topology, it.name);
  const database = `${runDirectory}/${it.name}/conf.db`;
  const mac = macOf('02', topology.name, it.name, 'br-ex');
  const bridge = (name: string, failMode: string, ...more: string[]): string[] => [
    ...['--', 'add-br', name, '--', 'set', 'bridge', name, 'datapath_type=netdev', `fail_mode=${failMode}`],
    'other_config:disable-in-band=true',
    ...more,
  ];
  const patch = (on: string, port: string, peer: string): string[] => [
    ...['--', 'add-port', on, port, '--', 'set', 'interface', port, 'type=patch', `options:peer=${peer}`],
  ];
  return [
    sysctl(context, false),
    step('loopback up', 'ip', 'link', 'set', 'lo', 'up'),
    step('uplink up', 'ip', 'link', 'set', 'uplink', 'up'),
    step('mgmt up', 'ip', 'link', 'set', 'mgmt', 'up'),
    addAddress(`${reach}/${management.length}`, 'mgmt'),
    step('create the database', 'ovsdb-tool', 'create', database, '/usr/share/openvswitch/vswitch.ovsschema'),
    step(
      'start ovsdb-server',
      'ovsdb-server',
      database,
      '--remote=punix:/run/openvswitch/db.sock',
      `--remote=ptcp:${labLimits.ovsdbPort}:${reach.includes(':') ? `[${reach}]` : reach}`,
      ...['--pidfile', '--log-file', '--detach', '--no-chdir'],
    ),
    step('initialise the database', 'ovs-vsctl', '--no-wait', 'init'),
    step(
      'name the switch',
      ...['ovs-vsctl', '--no-wait', 'set', 'open_vswitch', '.'],
      `external_ids:system-id=${uuidOf(topology.name, it.name, 'system')}`,
      `external_ids:hostname=${it.name}`,
    ),
    step(
      'tell the version of OVS',
      ...[
        'sh',
        '-c',
        'ovs-vsctl --no-wait set open_vswitch . ovs_version="$(ovs-vswitchd --version | sed -n "1s/.* //p")"',
      ],
    ),
    step(
      'start ovs-vswitchd',
      // As ovs-ctl(8) starts it, or guests under software emulation keep it from its packets.
      ...['nice', '-n', `${FIRST_NICE}`],
      'ovs-vswitchd',
      '--disable-system',
      '--pidfile',
      '--log-file',
      '--detach',
      '--no-chdir',
    ),
    step('let ovs-vswitchd go first', ...goFirstCommand('/run/openvswitch/ovs-vswitchd.pid')),
    step(
      'create the bridges',
      ...['ovs-vsctl', '--timeout=10'],
      ...bridge('br-ex', 'standalone', `other_config:hwaddr="${mac}"`),
      ...['--', 'add-port', 'br-ex', 'ex-wire', '--', 'set', 'Interface', 'ex-wire', 'type=tap'],
      ...bridge(
        it.bridge,
        options.failMode ?? 'secure',
        'protocols=OpenFlow15',
        `other_config:datapath-id=${datapathIdOf(topology.name, it.name)}`,
      ),
      ...patch(it.bridge, it.uplink, 'ex-int'),
      ...patch('br-ex', 'ex-int', it.uplink),
      ...insidePorts.flatMap((port) => ['--', 'add-port', it.bridge, port]),
    ),
    ...insidePorts.map((port) => step(`${port} up`, 'ip', 'link', 'set', port, 'up')),
    // OVS would read the uplink by a packet socket, whose buffer holds a hundred packets; a TAP's queue holds what
    // comes while OVS does not run.
    step(
      'create the wire',
      ...['ip', 'link', 'add', 'wire', 'type', 'bridge'],
      'forward_delay',
      '0',
      'mcast_snooping',
      '0',
    ),
    step('queue of ex-wire', 'ip', 'link', 'set', 'ex-wire', 'txqueuelen', `${labLimits.uplinkQueuePackets}`),
    ...['uplink', 'ex-wire'].map((port) =>
      step(`attach ${port}`, 'ip', 'link', 'set', port, 'master', 'wire', 'up'),
    ),
    step('wire up', 'ip', 'link', 'set', 'wire', 'up'),
    step('offloads of ex-wire off', 'ethtool', '-K', 'ex-wire', 'tx', 'off'),
    step('offloads of br-ex off', 'ethtool', '-K', 'br-ex', 'tx', 'off'),
    step('br-ex up', 'ip', 'link', 'set', 'br-ex', 'up'),
    ...addressing(context, it.site, [it.underlay], 'br-ex'),
  ];
}
