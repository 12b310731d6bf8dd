/** The ports that came to, or went from, bridges between two states of the network. Pure. */
import type { Bridge, NetworkState } from '../controller/network/model.ts';
import type { Moment } from './events.ts';

type PortMoment = Extract<Moment, { kind: 'port' }>;

export function portChanges(next: NetworkState, before: NetworkState): PortMoment[] {
  if (next.bridges === before.bridges) return [];
  const hosts = new Set([...before.bridges.keys(), ...next.bridges.keys()]);
  return [...hosts].flatMap((host) => {
    const [now, then] = [next.bridges.get(host), before.bridges.get(host)];
    if (now?.ports === then?.ports) return [];
    const ports = (bridge: Bridge | undefined) => [...(bridge?.ports ?? [])];
    const moment = (change: PortMoment['change'], mac: string | undefined, port: string): PortMoment => ({
      kind: 'port',
      host,
      port,
      change,
      guest: ownerOf(next, mac),
    });
    return [
      ...ports(then).flatMap(([name, { attachedMac }]) =>
        now?.ports.has(name) === true ? [] : [moment('gone', attachedMac, name)],
      ),
      ...ports(now).flatMap(([name, { attachedMac }]) =>
        then?.ports.has(name) === true ? [] : [moment('appeared', attachedMac, name)],
      ),
    ];
  });
}

function ownerOf({ guests }: NetworkState, mac: string | undefined): string | null {
  if (mac === undefined) return null;
  for (const guest of guests.values()) if (guest.interfaces.some((nic) => nic.mac === mac)) return guest.name;
  return null;
}
