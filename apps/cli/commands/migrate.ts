/** `arctictern migrate`: moves a guest, and shows how it goes. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { MigrationObject, MigrationRequest } from '../../api/objects.ts';
import { DEFAULT_MAX_BLACKOUT_MS, migration as limits } from '../../../controller/limits.ts';
import { STRATEGIES, type Strategy } from '../../../controller/network/migration.ts';
import { type Admit, ADMITS } from '../../../controller/network/anchor.ts';
import { RELAY_MODES, type RelayMode } from '../../../controller/network/relay.ts';
import { TUNNEL_OVERHEAD } from '../../../controller/switches/pipeline.ts';
import { clientCommand, type ClientCommandOptions, clientFor } from '../client-command.ts';
import { MigrationNotCompletedError } from '../errors.ts';
import { Spinner } from '../spinner.ts';
import type { Terminal } from '../terminal.ts';
import { clean, duration } from '../text.ts';
import { type EnteredPhase, phasesOf } from '../views/migrations.ts';
import { watchMigration } from '../watch-migration.ts';
import { PHASES_HELP } from './migrations.ts';

interface Options extends ClientCommandOptions {
  readonly to: string;
  readonly strategy?: Strategy;
  readonly admit?: Admit;
  readonly relay?: RelayMode;
  readonly bandwidth?: number;
  readonly copyStorage?: 'all' | 'inc';
  readonly maxBlackout?: number;
  readonly autoConverge?: true;
  readonly postCopy?: true;
  readonly wait: boolean;
}

export function migrateCommand(terminal: Terminal): Command {
  return clientCommand(
    'migrate',
    'Live-migrate a guest to another host, its connections with it, and watch it.',
  )
    .argument('<guest>', 'a guest; `arctictern guests` lists them')
    .requiredOption('--to <host>', 'where it goes; `arctictern hosts` lists them')
    .addOption(
      new Option(
        '--strategy <name>',
        'when traffic goes to the destination; redirect: as soon as the guest stops at the source (default); bicast: to both shortly before; rarp: when the guest has announced itself there',
      ).choices(STRATEGIES),
    )
    .addOption(
      new Option(
        '--admit <which>',
        'connections from outside that the anchor left behind admits; all: new ones, too (default); established: none but those that live',
      ).choices(ADMITS),
    )
    .addOption(
      new Option(
        '--relay <mode>',
        'how old connections reach the guest: tunnel (default), rewrite or direct; see below',
      ).choices(RELAY_MODES),
    )
    .addOption(
      new Option('--bandwidth <MiB/s>', 'the most that the copy may take of the network').argParser(
        wholeNumber('MiB/s'),
      ),
    )
    .addOption(
      new Option(
        '--copy-storage <what>',
        'copy disks that only the source has; all: whole; inc: what differs from images that the destination has',
      ).choices(['all', 'inc']),
    )
    .addOption(
      new Option(
        '--max-blackout <ms>',
        `the longest blackout that memory left to copy may cause; a shorter one may take a longer copy (default: ${DEFAULT_MAX_BLACKOUT_MS})`,
      ).argParser(wholeNumber('ms', limits.maxBlackoutMsMost)),
    )
    .option('--auto-converge', 'let QEMU slow the guest down when it dirties memory faster than it is copied')
    .option(
      '--post-copy',
      'after two passes over its memory let the guest run at the destination, and the rest come after it; from then on it cannot go back',
    )
    .option('--no-wait', 'begin it, and do not watch it')
    .addHelpText(
      'after',
      `
Shown are the phases, each with the time since the migration was planned, then the outcome and the blackout:
from the guest's stop to its resume, by QEMU's own account. The exit code is 1 when the guest did not get there.
An interrupt (Ctrl-C) ends the watching, not the migration.

${PHASES_HELP}

Ways to relay what was born on an address that the guest left behind:
  tunnel     from the anchor through a Geneve tunnel, and back through it; suits any network, takes ${TUNNEL_OVERHEAD[4]} bytes of
             each packet (${TUNNEL_OVERHEAD[6]} over IPv6)
  rewrite    the edge at the client's site sends it straight to the new site, full size, the old site left out; a
             client whose site has no edge is relayed by the anchor, which suits networks that let packets out
             from addresses that are not their own (no ingress filtering, BCP 38), at the old and the new site
  direct     from the anchor through a tunnel; answers leave at the new site with the old address, which suits
             networks without ingress filtering at the new site

Examples:
  arctictern migrate web --to b1
  arctictern migrate web --to b1 --admit established      flee from an attack: nothing new is relayed
  arctictern migrate web --to b1 --bandwidth 32 --no-wait
  arctictern migrate db --to b1 --copy-storage all        its disk is a file of its host
  arctictern migrate web --to b1 --strategy bicast        lose nothing; some packets arrive twice
  arctictern migrate web --to b1 --json | jq .blackoutMs`,
    )
    .action(async (guest: string, options: Options) => {
      const client = clientFor(options, terminal);
      const wish: MigrationRequest = {
        guest,
        to: options.to,
        ...(options.strategy === undefined ? {} : { strategy: options.strategy }),
        ...(options.admit === undefined ? {} : { admit: options.admit }),
        ...(options.relay === undefined ? {} : { relay: options.relay }),
        ...(options.bandwidth === undefined ? {} : { bandwidthMiBps: options.bandwidth }),
        ...(options.copyStorage === undefined ? {} : { copyStorage: options.copyStorage }),
        ...(options.maxBlackout === undefined ? {} : { maxBlackoutMs: options.maxBlackout }),
        ...(options.autoConverge === undefined ? {} : { autoConverge: options.autoConverge }),
        ...(options.postCopy === undefined ? {} : { postCopy: options.postCopy }),
      };
      if (!options.wait) {
        const begun = await client.migrate(wish);
        terminal.out.write(
          options.json ? jsonOf(begun) : `${begunText(begun)}See \`arctictern migrations ${begun.id}\`.\n`,
        );
        return;
      }
      const signal = terminal.interrupted();
      const progress = options.json ? undefined : new Progress(terminal);
      try {
        const ended = await watchMigration(client, wish, {
          clock: terminal.clock,
          signal,
          onBegun: (migration) => progress?.begun(migration),
          onState: (migration) => progress?.state(migration),
          onAway: (away) => progress?.away(away),
        });
        progress?.end(ended);
        if (options.json) terminal.out.write(jsonOf(ended));
        if (ended.outcome !== 'completed') throw new MigrationNotCompletedError(ended);
      } finally {
        progress?.stop();
      }
    });
}

const jsonOf = (migration: MigrationObject): string => `${JSON.stringify(migration, null, 2)}\n`;

function begunText({ guest, id, from, fromSubnet, to, toSubnet }: MigrationObject): string {
  return `Migrating guest ${guest} from ${from} (${fromSubnet}) to ${to} (${toSubnet}), migration ${id}\n`;
}

/** Shows each phase once, as it is entered, and turns a spinner for the one that lasts. */
class Progress {
  readonly #terminal: Terminal;
  readonly #spinner: Spinner;
  readonly #shown = new Set<string>();
  #phase: string | undefined;
  #warning: string | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#spinner = new Spinner(terminal.out, terminal.clock);
  }

  begun(migration: MigrationObject): void {
    this.#spinner.print(begunText(migration));
  }

  state(migration: MigrationObject): void {
    if (migration.warning !== null && migration.warning !== this.#warning) {
      this.#warning = migration.warning;
      const { err } = this.#terminal;
      this.#spinner.stop();
      this.#phase = undefined;
      err.write(`${err.colors.yellow('warning:')} ${clean(migration.warning)}\n`);
    }
    const phases = phasesOf(migration);
    const start = phases[0]?.at ?? 0;
    for (const entered of phases) {
      if (this.#shown.has(entered.phase)) continue;
      this.#shown.add(entered.phase);
      this.#spinner.print(this.#line(entered, start, migration));
    }
    if (migration.phase === this.#phase) return;
    this.#phase = migration.phase;
    const { clock } = this.#terminal;
    const since = clock.now();
    this.#spinner.show(() => `${migration.phase} ${duration(Math.floor((clock.now() - since) / 100) * 100)}`);
  }

  away(away: boolean): void {
    const { err } = this.#terminal;
    this.#spinner.stop();
    this.#phase = undefined;
    err.write(
      away
        ? `${err.colors.yellow('warning:')} the controller is away; waiting for it. What the flows do, they go on doing.\n`
        : 'The controller is back.\n',
    );
  }

  end({ outcome, blackoutMs, copyMs, entered }: MigrationObject): void {
    this.#spinner.stop();
    if (outcome !== 'completed') return;
    const { out } = this.#terminal;
    const took = (entered['relaying'] ?? 0) - (entered['planned'] ?? entered['preparing'] ?? 0);
    const blackout = blackoutMs === null ? 'blackout unknown' : `blackout ${duration(blackoutMs)}`;
    const copy = copyMs === null ? '' : `, copied for ${duration(copyMs)}`;
    out.write(`${out.colors.green('Completed')} in ${duration(took)}: ${blackout}${copy}.\n`);
  }

  stop(): void {
    this.#spinner.stop();
  }

  #line({ phase, at }: EnteredPhase, start: number, { outcome }: MigrationObject): string {
    const { colors } = this.#terminal.out;
    const bad = phase === 'failed' || phase === 'rolled-back';
    const good = outcome === 'completed' && (phase === 'relaying' || phase === 'drained');
    const name = phase.padEnd('rolled-back'.length);
    const shown = bad ? colors.red(name) : good ? colors.green(name) : name;
    return `  ${shown}  + ${duration(at - start)}\n`;
  }
}

function wholeNumber(unit: string, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < 1 || value > most) {
      const range = most === Number.MAX_SAFE_INTEGER ? 'at least 1' : `from 1 to ${most}`;
      throw new InvalidArgumentError(`It should be a whole number of ${unit}, ${range}.`);
    }
    return value;
  };
}
