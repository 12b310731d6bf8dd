/**
 * All commands and what they have in common.
 */
import { Command } from 'commander';
import { version } from '../version.ts';
import { abortCommand } from './commands/abort.ts';
import { allowCommand, allowedCommand, disallowCommand } from './commands/allow.ts';
import { blockCommand, blocksCommand, unblockCommand } from './commands/block.ts';
import { controllerCommand } from './commands/controller.ts';
import { edgesCommand } from './commands/edges.ts';
import { eventsCommand } from './commands/events.ts';
import { flightsCommand } from './commands/flights.ts';
import { flowsCommand } from './commands/flows.ts';
import { guestsCommand } from './commands/guests.ts';
import { hostsCommand } from './commands/hosts.ts';
import { labCommand } from './commands/lab.ts';
import { migrateCommand } from './commands/migrate.ts';
import { migrationsCommand } from './commands/migrations.ts';
import { openflowCommand } from './commands/openflow.ts';
import { releaseCommand } from './commands/release.ts';
import { reportCommand } from './commands/report.ts';
import { statusCommand } from './commands/status.ts';
import { verdictsCommand } from './commands/verdicts.ts';
import { processTerminal, type Terminal } from './terminal.ts';

export function program(terminal: Terminal = processTerminal()): Command {
  const { out, err } = terminal;
  const arctictern = new Command('arctictern')
    .description('Keeps the connections of VMs alive when they live-migrate to another subnet.')
    .version(version, '-V, --version')
    // `lab exec NODE ping -c 3 …`: what follows a command's name is that command's own.
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for what is possible)')
    .configureHelp({ sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: (text) => err.write(text),
      getOutHelpWidth: () => out.width,
      getErrHelpWidth: () => err.width,
      getOutHasColors: () => out.colors.isColorSupported,
      getErrHasColors: () => err.colors.isColorSupported,
      outputError: (text, write) => write(text.replace(/^error:/, err.colors.red('error:'))),
    })
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  arctictern controller network.yaml            run the controller of a network
  arctictern status                             is it well?
  arctictern migrate web --to b1                move a guest and watch it
  arctictern block 203.0.113.7 --for 10m        drop what comes from there
  arctictern flows a1 --hit                     what forwards packets at a host, and how many

All commands but controller, lab, report and openflow ask a running controller, by its HTTP API.`,
    );
  const commands = [
    controllerCommand(),
    statusCommand(terminal),
    hostsCommand(terminal),
    edgesCommand(terminal),
    guestsCommand(terminal),
    migrationsCommand(terminal),
    verdictsCommand(terminal),
    flightsCommand(terminal),
    flowsCommand(terminal),
    migrateCommand(terminal),
    abortCommand(terminal),
    blockCommand(terminal),
    unblockCommand(terminal),
    blocksCommand(terminal),
    allowCommand(terminal),
    disallowCommand(terminal),
    allowedCommand(terminal),
    releaseCommand(terminal),
    eventsCommand(terminal),
    labCommand(),
    reportCommand(terminal),
    openflowCommand(terminal),
  ];
  for (const command of commands) {
    inherit(command, arctictern);
    arctictern.addCommand(command);
  }
  return arctictern;
}

/** Output, width, colours and exits as the parent has them, all the way down. */
function inherit(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inherit(child, command);
}
