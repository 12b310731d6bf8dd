/**
 * An attack of an experiment: its commands, in the attackers' own namespaces, from the first one's start to the last
 * one's end. They end by themselves (topologies/attacks/command.ts); an attack that is stopped ends at once.
 */
import type { Clock } from '../../controller/clock.ts';
import { attack as limits } from '../../controller/limits.ts';
import { opensConnections } from '../../controller/network/attack-kind.ts';
import { type BotReport, readBotReport } from '../../topologies/attacks/bot-report.ts';
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

  /** `target`: an address, or the name that bots look up. */
  constructor(
    lab: Lab,
    name: string,
    section: AttackSection,
    target: string,
    topology: Topology,
    clock: Clock,
  ) {
    const commands = attackCommands(section, target, topology.lab!.attackers);
    this.name = name;
    const startedAt = clock.now();
    this.startedAt = startedAt;
    const running = commands.map(({ attacker, argv }) => ({ attacker, process: lab.exec(attacker, argv) }));
    this.#processes = running.map(({ process }) => process);
    this.ended = (async () => {
      const said = await Promise.all(running.map((one) => this.#finished(one)));
      const { kind, sources, from, to: guest, at, rate } = section;
      const went = outcomeOf(kind, target, said);
      return { name, kind, sources, from, guest, target, at, ...went, rate, startedAt, endedAt: clock.now() };
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
  async #finished({ attacker, process }: { attacker: string; process: LabProcess }): Promise<string> {
    const [output, said, { code, signal }] = await Promise.all([
      process.text(),
      process.errors(),
      process.exit,
    ]);
    const isKilled = signal === 'SIGKILL' || code === KILLED;
    if (code === 0 || isKilled || said.includes('hping statistic')) return output;
    if (this.#stopped) return '';
    throw new AttackFailedError(
      this.name,
      attacker,
      said.trim() === '' ? `it ended with ${code}` : said.trim(),
    );
  }
}

function outcomeOf(
  kind: AttackSection['kind'],
  target: string,
  said: readonly string[],
): Pick<AttackRecord, 'addresses' | 'connections'> {
  if (!opensConnections(kind)) return { addresses: [target], connections: null };
  const reports = said.flatMap((text) => readBotReport(text) ?? []);
  const sum = (of: (report: BotReport) => number): number => reports.reduce((all, one) => all + of(one), 0);
  return {
    addresses: [...new Set(reports.flatMap(({ addresses }) => addresses))],
    connections: { opened: sum(({ opened }) => opened), completed: sum(({ completed }) => completed) },
  };
}
