/**
 * All commands and what they have in common.
 */
import { Command } from 'commander';
import { version } from '../version.ts';
import { controllerCommand } from './commands/controller.ts';
import { labCommand } from './commands/lab.ts';

export function program(): Command {
  const arctictern = new Command('arctictern')
    .description('Keeps the connections of VMs alive when they live-migrate to another subnet.')
    .version(version, '-V, --version')
    .showHelpAfterError('(add --help for what is possible)')
    .configureHelp({ sortSubcommands: false, showGlobalOptions: true });
  arctictern.addCommand(controllerCommand());
  arctictern.addCommand(labCommand());
  return arctictern;
}
