/** `arctictern status`: is the controller well? */
import type { Command } from 'commander';
import { clientCommand, type ClientCommandOptions, clientFor, show } from '../client-command.ts';
import type { Terminal } from '../terminal.ts';
import { statusText } from '../views/status.ts';

export function statusCommand(terminal: Terminal): Command {
  return clientCommand('status', 'Tell how the controller is: hosts, guests and migrations in figures.')
    .addHelpText(
      'after',
      `
Lines:
  controller   version, and how long it has been running
  hosts        connected: their bridges are under control and hold the flows that they should
  guests       running: seen at a host under control
  migrations   under way: the guest is on the move or being put back

Example:
  arctictern status --json | jq .hosts.connected`,
    )
    .action(async (options: ClientCommandOptions) => {
      const answer = await clientFor(options, terminal).status();
      show(terminal, options.json, answer, (value) =>
        statusText(value, terminal.clock.now(), terminal.out.colors),
      );
    });
}
