/**
 * Finds out the MAC address of each subnet's gateway: asks through a bridge of the site when it has come up,
 * often until there is an answer, then now and again, so that a gateway that was replaced is noticed.
 */
import type { Cancel, Clock } from '../../controller/clock.ts';
import { routing as limits } from '../../controller/limits.ts';
import { gatewayAnswered } from '../../controller/network/changes.ts';
import type { NetworkState, Subnet } from '../../controller/network/model.ts';
import type { HostName } from '../../controller/network/names.ts';
import type { Network } from '../../controller/network/network.ts';
import type { Fabric } from '../../controller/switches/fabric.ts';
import { arpProbe, neighbourSolicitation, readNeighbourAnswer } from './neighbour-packets.ts';

export class Gateways {
  readonly #network: Network;
  readonly #fabric: Fabric;
  readonly #clock: Clock;
  readonly #timers = new Map<HostName, Cancel>();

  constructor(network: Network, fabric: Fabric, clock: Clock) {
    this.#network = network;
    this.#fabric = fabric;
    this.#clock = clock;
  }

  /** The host's bridge holds its flows: answers come through. */
  bridgeReady(host: HostName): void {
    this.bridgeLost(host);
    this.#ask(host);
  }

  bridgeLost(host: HostName): void {
    this.#timers.get(host)?.();
    this.#timers.delete(host);
  }

  /** A frame that a bridge sent to the controller because it looks like an answer. */
  answered(frame: Uint8Array, host: HostName): void {
    const answer = readNeighbourAnswer(frame);
    if (answer === undefined) return;
    const subnet = subnetsOf(this.#network.state, host).find(({ gateway }) => gateway === answer.address);
    if (subnet !== undefined) this.#network.update(gatewayAnswered(subnet.prefix, answer.mac));
  }

  close(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  #ask(host: HostName): void {
    const { state } = this.#network;
    if (!state.hosts.has(host)) return;
    const bridge = state.bridges.get(host);
    const uplink = bridge?.ports.get(state.hosts.get(host)?.uplink ?? '')?.ofport;
    const subnets = subnetsOf(state, host);
    if (bridge !== undefined && uplink !== undefined) {
      for (const { family, gateway } of subnets) {
        const question =
          family === 4 ? arpProbe(bridge.mac, gateway) : neighbourSolicitation(bridge.mac, gateway);
        this.#fabric.packetOut(host, uplink, question);
      }
    }
    const known = subnets.every(({ prefix }) => state.gateways.has(prefix));
    const wait = known ? limits.gatewayRefresh : limits.gatewayRetry;
    this.#timers.set(
      host,
      this.#clock.after(wait, () => this.#ask(host)),
    );
  }
}

function subnetsOf(state: NetworkState, host: HostName): Subnet[] {
  const site = state.hosts.get(host)?.site;
  return [...state.subnets.values()].filter((subnet) => subnet.site === site);
}
