/**
 * All bridges under control: their sessions, and the flows that each should hold.
 *
 * What a bridge should hold follows from the network's state through `recipes`; whenever the state changes,
 * each bridge's program is derived anew and its reconciler sends the difference.
 */
import { asError } from '../errors.ts';
import type { Clock } from '../clock.ts';
import { switchView, type SwitchView } from '../network/bridge-view.ts';
import type { NetworkState } from '../network/model.ts';
import type { SwitchName } from '../network/names.ts';
import { type Action, match, type Message, packetOut, Port } from '../openflow/index.ts';
import { output } from './flow.ts';
import { ControllerReplacedError, SwitchClosedError, SwitchRefusedError } from './errors.ts';
import { Table, type TableName } from './pipeline.ts';
import { compile, emptyProgram, type BlockRecipe, type Program } from './program.ts';
import { readFlows } from './read-flows.ts';
import { type ReadBack, Reconciler, type Staged } from './reconciler.ts';
import type { SwitchSession } from './session.ts';

export type Recipes = (view: SwitchView, state: NetworkState) => Iterable<BlockRecipe>;

export interface FabricHandlers {
  /** Called before flows are put on a bridge that held none of ours: its conntrack is empty, too. */
  readonly onFresh: (host: SwitchName) => void;
  readonly onReady: (host: SwitchName, readBack: ReadBack) => void;
  readonly onLost: (host: SwitchName) => void;
  readonly onMessage: (host: SwitchName, message: Message) => void;
  readonly onError: (host: SwitchName, error: Error) => void;
}

export interface StagedSwitchover {
  /** The bridges that it changes, without those that are away: they get it when they come back. */
  readonly hosts: readonly SwitchName[];
  /** Sends all commits before it returns; resolves when these bridges have answered: has each acknowledged its own? */
  commit(onAcknowledged?: (host: SwitchName) => void): Promise<boolean>;
  discard(): void;
}

interface Member {
  readonly reconciler: Reconciler;
  session: SwitchSession | undefined;
  ready: boolean;
}

export class Fabric {
  readonly #clock: Clock;
  readonly #recipes: Recipes;
  readonly #epoch: bigint;
  readonly #handlers: FabricHandlers;
  readonly #members = new Map<SwitchName, Member>();
  /** Sessions of switches that no host or edge is known for yet, by datapath id. */
  readonly #waiting = new Map<string, SwitchSession>();
  #state: NetworkState;

  /** `epoch` goes with the role request: a switch refuses a controller with an older one. */
  constructor(state: NetworkState, recipes: Recipes, epoch: bigint, clock: Clock, handlers: FabricHandlers) {
    this.#state = state;
    this.#recipes = recipes;
    this.#epoch = epoch;
    this.#clock = clock;
    this.#handlers = handlers;
  }

  /** The bridge's session is up and its flows are as they should be. */
  ready(host: SwitchName): boolean {
    return this.#members.get(host)?.ready === true;
  }

  session(host: SwitchName): SwitchSession | undefined {
    return this.#members.get(host)?.session;
  }

  /** Does a bridge under control connect from this address? */
  connectedFrom(address: string): boolean {
    for (const { session } of this.#members.values()) if (session?.address === address) return true;
    return false;
  }

  switchConnected(session: SwitchSession): void {
    const host = this.#hostOf(session.datapathId);
    if (host === undefined) this.#waiting.set(session.datapathId, session);
    else this.#adopt(host, session);
  }

  switchClosed(session: SwitchSession): void {
    if (this.#waiting.get(session.datapathId) === session) this.#waiting.delete(session.datapathId);
    for (const [host, member] of this.#members) {
      if (member.session !== session) continue;
      member.session = undefined;
      member.ready = false;
      member.reconciler.detach();
      this.#handlers.onLost(host);
    }
  }

  message(session: SwitchSession, message: Message): void {
    for (const [host, member] of this.#members) {
      if (member.session !== session) continue;
      if (message.type === 'role_status' && message.role === 'secondary') {
        this.#handlers.onError(host, new ControllerReplacedError(session.peer, this.#epoch));
      }
      this.#handlers.onMessage(host, message);
    }
  }

  /** Follows the network. */
  update(state: NetworkState): void {
    this.#state = state;
    for (const session of [...this.#waiting.values()]) {
      const host = this.#hostOf(session.datapathId);
      if (host === undefined) continue;
      this.#waiting.delete(session.datapathId);
      this.#adopt(host, session);
    }
    // Edges first: what is to be dropped is dropped as early on its way as it can be, as soon as it can be.
    const isEdge = ([name]: readonly [SwitchName, Member]): boolean => state.edges.has(name);
    const members = [...this.#members];
    for (const [name, member] of members.filter(isEdge)) this.#program(name, member, state);
    for (const [name, member] of members.filter((one) => !isEdge(one))) this.#program(name, member, state);
  }

  /** Prepares every bridge for `after`. Throws when one refuses. */
  async stage(after: NetworkState): Promise<StagedSwitchover> {
    const changes = [...this.#members].flatMap(([host, { reconciler }]) => {
      const program = this.#compile(host, after, reconciler.wanted);
      return sameBlocks(program, reconciler.wanted)
        ? []
        : [{ host, reconciler, program, away: !this.ready(host) }];
    });
    // All at once: shortly before a switchover the round trips of every bridge one after the other would be felt.
    const attempts = await Promise.allSettled(
      changes.map(({ reconciler, program }) => reconciler.stage(program)),
    );
    const staged = attempts.flatMap((one): Staged[] => (one.status === 'fulfilled' ? [one.value] : []));
    const discard = (): void => {
      for (const one of staged) one.discard();
    };
    for (const attempt of attempts) {
      if (attempt.status === 'fulfilled') continue;
      discard();
      throw attempt.reason;
    }
    return {
      hosts: changes.filter(({ away }) => !away).map(({ host }) => host),
      commit: async (onAcknowledged) => {
        const answers = await Promise.all(
          staged.map(async (one, i) => {
            const { host, away } = changes[i]!;
            const acknowledged = await one.commit();
            if (acknowledged && !away) onAcknowledged?.(host);
            return acknowledged || away;
          }),
        );
        return answers.every(Boolean);
      },
      discard,
    };
  }

  /**
   * Turns meters to these rates at every bridge whose flows name them. All is sent when it returns; resolves when the bridges
   * have answered: has each acknowledged it?
   */
  turn(rates: ReadonlyMap<number, number>): { switches: SwitchName[]; acknowledged: Promise<boolean> } {
    const turned = [...this.#members].flatMap(([host, { reconciler }]) => {
      const acknowledged = reconciler.turn(rates);
      return acknowledged === undefined ? [] : [{ host, acknowledged }];
    });
    return {
      switches: turned.map(({ host }) => host),
      acknowledged: Promise.all(turned.map(({ acknowledged }) => acknowledged)).then((all) =>
        all.every(Boolean),
      ),
    };
  }

  /** Meters that were shut, at whichever bridge, hold everything back. */
  metersHold(): boolean {
    return [...this.#members.values()].every(({ reconciler }) => !reconciler.leaking);
  }

  /** Resolves when every connected bridge holds what the state of now asks for. */
  async settled(): Promise<void> {
    await Promise.all([...this.#members.values()].map(({ reconciler }) => reconciler.settled()));
  }

  /** Sends a frame out of a port of the host's bridge. Dropped silently when the bridge is not connected. */
  packetOut(host: SwitchName, port: number, frame: Uint8Array): void {
    this.packetThrough(host, [output(port)], frame);
  }

  /** Puts a frame through actions at the host's bridge. Dropped silently when the bridge is not connected. */
  packetThrough(host: SwitchName, actions: readonly Action[], frame: Uint8Array): void {
    this.session(host)?.send(
      packetOut({ match: match({ in_port: Port.CONTROLLER }), actions: [...actions], data: frame }),
    );
  }

  /** Packets that flows with this cookie in one of these tables have matched; undefined when not connected. */
  async packets(host: SwitchName, cookie: bigint, tables: readonly TableName[]): Promise<number | undefined> {
    const session = this.session(host);
    if (session === undefined) return undefined;
    const numbers = new Set<number>(tables.map((table) => Table[table]));
    const flows = await readFlows(session, { cookie, mask: 0xffff_ffff_ffff_ffffn });
    return flows
      .filter(({ table }) => numbers.has(table))
      .reduce((sum, { stats }) => sum + Number(stats.packetCount ?? 0n), 0);
  }

  /** Forgets all connections of a conntrack zone. */
  async flushZone(host: SwitchName, zone: number): Promise<void> {
    const session = this.session(host);
    if (session === undefined) throw new SwitchClosedError(host, 'flushing a conntrack zone');
    session.send({ type: 'nx_ct_flush_zone', zone });
    await session.barrier('flushing a conntrack zone');
  }

  #hostOf(datapathId: string): SwitchName | undefined {
    for (const bridge of this.#state.bridges.values()) {
      if (bridge.datapathId === datapathId) return bridge.host;
    }
    return undefined;
  }

  #adopt(host: SwitchName, session: SwitchSession): void {
    let member = this.#members.get(host);
    if (member === undefined) {
      const reconciler = new Reconciler(this.#clock, (error) => this.#handlers.onError(host, error));
      member = { reconciler, session: undefined, ready: false };
      this.#members.set(host, member);
    }
    const old = member.session;
    member.session = session;
    member.ready = false;
    old?.close();
    this.#prepare(host, member, session).catch((error: unknown) => {
      const reason = asError(error);
      this.#handlers.onError(host, reason);
      session.close(reason);
    });
  }

  async #prepare(host: SwitchName, member: Member, session: SwitchSession): Promise<void> {
    await this.#lead(session);
    session.send({ type: 'nx_set_packet_in_format', format: 'nxt_packet_in2' });
    const readBack = await member.reconciler.attach(session, (found) => {
      if (found === 0) this.#handlers.onFresh(host);
      this.#program(host, member, this.#state);
    });
    if (member.session !== session) return;
    member.ready = true;
    this.#handlers.onReady(host, readBack);
  }

  /** From now on the switch obeys us, unless it has obeyed a later controller already. */
  async #lead(session: SwitchSession): Promise<void> {
    const generationId = this.#epoch;
    try {
      await session.request(
        { type: 'role_request', role: 'primary', shortId: 0xffff, generationId },
        'taking the primary role',
      );
    } catch (error) {
      const isStale = error instanceof SwitchRefusedError && error.error.error === 'OFPRRFC_STALE';
      throw isStale ? new ControllerReplacedError(session.peer, generationId, error) : error;
    }
  }

  #program(host: SwitchName, { reconciler }: Member, state: NetworkState): void {
    const program = this.#compile(host, state, reconciler.wanted);
    if (!sameBlocks(program, reconciler.wanted)) reconciler.setProgram(program);
  }

  #compile(host: SwitchName, state: NetworkState, before: Program): Program {
    const view = switchView(state, host);
    return view === undefined ? emptyProgram : compile(this.#recipes(view, state), before);
  }
}

function sameBlocks(a: Program, b: Program): boolean {
  if (a.size !== b.size) return false;
  for (const [key, block] of a) if (b.get(key) !== block) return false;
  return true;
}
