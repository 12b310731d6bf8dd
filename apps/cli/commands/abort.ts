/** `arctictern abort`: gives a migration up. */
import type { Command } from 'commander';
import { clientCommand, type ClientCommandOptions, clientFor, show } from '../client-command.ts';
import type { Terminal } from '../terminal.ts';

export function abortCommand(terminal: Terminal): Command {
  return clientCommand('abort', 'Give a migration up that has not switched over; it is rolled back.')
    .argument('<migration>', 'its id, as `arctictern migrations` shows it')
    .addHelpText(
      'after',
      `
Example:
  arctictern abort 3f2a90c1d4e5`,
    )
    .action(async (id: string, options: ClientCommandOptions) => {
      const migration = await clientFor(options, terminal).abort(id);
      show(
        terminal,
        options.json,
        migration,
        ({ guest, from }) =>
          `Asked libvirt to give migration ${id} up; guest ${guest} stays at ${from}. See \`arctictern migrations ${id}\`.\n`,
      );
    });
}
