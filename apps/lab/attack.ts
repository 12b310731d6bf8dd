/**
 * An attack of an experiment: its commands, in the attackers' own namespaces, from the first one's start to the last
 * one's end. They end by themselves (topologies/attacks/command.ts); an attack that is stopped ends at once.
 */
import type { Clock } from '../../controller/clock.ts';
import { attack as limits } from '../../controller/limits.ts';
import { parseAddress } from '../../controller/network/address.ts';
import { attackCommands } from '../../topologies/attacks/command.ts';
import type { Lab } from '../../topologies/lab/lab.ts';
import type { LabProcess } from '../../topologies/lab/process.ts';
import type { AttackSection, Topology } from '../../topologies/schema.ts';
import { AttackFailedError } from './errors.ts';
import type { AttackRecord } from './summary.ts';

/** What timeout(1) ends with when it killed its command. */
const KILLED = 137;

export class Attack {
  readonly name: string;
  readonly startedAt: number;
  /** Settles when all of it has ended; throws `RUN_ATTACK_FAILED` when a command could not run. */
  readonly ended: Promise<AttackRecord>;
  readonly #processes: readonly LabProcess[];
  #stopped = false;

  constructor(lab: Lab, name: string, section: AttackSection, topology: Topology, clock: Clock) {
    const target = topology.guests[section.to]!.addresses.find((text) => parseAddress(text)?.version === 4)!;
    const commands = attackCommands(section, target, topology.lab!.attackers);
    this.name = name;
    const startedAt = clock.now();
    this.startedAt = startedAt;
    const running = commands.map(({ attacker, argv }) => ({ attacker, process: lab.exec(attacker, argv) }));
    this.#processes = running.map(({ process }) => process);
    this.ended = (async () => {
      await Promise.all(running.map((one) => this.#finished(one)));
      const { kind, sources, from, to: guest, rate } = section;
      return { name, kind, sources, from, guest, target, rate, startedAt, endedAt: clock.now() };
    })();
    this.ended.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#processes.map((process) => process.stop(limits.grace)));
  }

  /**
   * Ends as it should: by itself, or killed when its time is over. hping3 gives 1 when packets were not answered, which
   * an attack does not expect.
   */
  async #finished({ attacker, process }: { attacker: string; process: LabProcess }): Promise<void> {
    const [, said, { code, signal }] = await Promise.all([process.text(), process.errors(), process.exit]);
    const isKilled = signal === 'SIGKILL' || code === KILLED;
    if (code === 0 || isKilled || said.includes('hping statistic')) return;
    if (this.#stopped) return;
    throw new AttackFailedError(
      this.name,
      attacker,
      said.trim() === '' ? `it ended with ${code}` : said.trim(),
    );
  }
}
