/**
 * Clients, attackers and the name server.
 */
import { basename } from 'node:path';
import { parsePrefix } from '../../../controller/network/address.ts';
import { NAME_SERVER, nameServerSite } from '../../naming.ts';
import { BIND_DIRECTORIES, namedConf, resolvConf, ZONE_FILE, zoneText } from '../bind-files.ts';
import { managementAddress } from '../management.ts';
import type { NodePlan, StepPlan } from '../plan.ts';
import { addAddress, addressing } from './addressing.ts';
import { type Context, ends, step, sysctl } from './context.ts';
import { privateDirectories } from './directories.ts';

export function stationNode(context: Context, name: string, kind: 'client' | 'attacker'): NodePlan {
  const { site, addresses } = ends(context.lab)[name]!;
  const { dns } = context.topology;
  const resolver = `${context.runDirectory}/${name}/resolv.conf`;
  return {
    name,
    kind,
    directories: [],
    files: dns === undefined ? [] : [{ path: resolver, text: resolvConf(dns.server.address) }],
    start: [
      sysctl(context, false),
      congestionControl(context),
      step('loopback up', 'ip', 'link', 'set', 'lo', 'up'),
      step('eth0 up', 'ip', 'link', 'set', 'eth0', 'up'),
      ...addressing(context, site, addresses, 'eth0'),
      ...(dns === undefined
        ? []
        : [step('tell the name server', 'mount', '--bind', resolver, '/etc/resolv.conf')]),
    ],
  };
}

function congestionControl({ lab: { congestionControl: name } }: Context): StepPlan {
  const setting = `net.ipv4.tcp_congestion_control=${name}`;
  return step(`congestion control by ${name}`, 'sysctl', '-q', '-w', setting);
}

/** BIND, in a lab whose file has `dns`. */
export function nameServerNodes(context: Context): NodePlan[] {
  const { topology, network, lab, runDirectory } = context;
  const site = nameServerSite(topology);
  const key = network.dns?.key;
  if (topology.dns === undefined || site === undefined || key === undefined || !('base64' in key.secret))
    return [];
  const { address } = topology.dns.server;
  const bind = { zone: topology.dns.zone, key: { ...key, secret: key.secret }, address };
  const directories = privateDirectories(runDirectory, NAME_SERVER, BIND_DIRECTORIES);
  const fileIn = (mount: string, name: string): string =>
    `${directories.find((it) => it.mount === mount)!.source}/${name}`;
  const node: NodePlan = {
    name: NAME_SERVER,
    kind: 'name-server',
    directories,
    files: [
      { path: fileIn('/etc/bind', 'named.conf'), text: namedConf(bind) },
      { path: fileIn('/var/lib/bind', basename(ZONE_FILE)), text: zoneText(bind) },
    ],
    start: [
      sysctl(context, false),
      step('loopback up', 'ip', 'link', 'set', 'lo', 'up'),
      step('eth0 up', 'ip', 'link', 'set', 'eth0', 'up'),
      step('mgmt up', 'ip', 'link', 'set', 'mgmt', 'up'),
      addAddress(
        `${managementAddress(topology, NAME_SERVER)}/${parsePrefix(lab.management)!.length}`,
        'mgmt',
      ),
      ...addressing(context, site, [address], 'eth0'),
      // It goes into the background once it serves.
      step('start named', 'named', '-c', '/etc/bind/named.conf'),
    ],
  };
  return [node];
}
