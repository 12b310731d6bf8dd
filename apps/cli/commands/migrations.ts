/** `arctictern migrations`: all migrations that the controller knows of. */
import type { Command } from 'commander';
import { clientCommand, type ClientCommandOptions, clientFor, show } from '../client-command.ts';
import type { Terminal } from '../terminal.ts';
import { migrationsText, migrationText } from '../views/migrations.ts';

export const PHASES_HELP = `Phases:
  planned       care-of addresses are leased, and the store knows of it
  preparing     libvirt prepares the destination; the flows of the switchover are staged
  copying       memory is copied while the guest runs on
  switching     the guest is stopped at the source: the blackout; traffic goes to the destination already
  relaying      completed: the guest runs at the destination, its old connections are relayed
  drained       the anchor that it left has gone, or has relayed nothing for a while
  failed        traffic is being brought back to the source
  rolled-back   the guest is where it was, and so is its traffic`;

export function migrationsCommand(terminal: Terminal): Command {
  return clientCommand('migrations', 'List all migrations, oldest first, or tell about one.')
    .argument('[migration]', 'tell about this one, when it entered each phase included')
    .addHelpText(
      'after',
      `
Columns:
  PHASE      see below
  BEGAN      how long ago it was planned, or noticed when somebody else began it
  BLACKOUT   from the guest's stop to its resume, by QEMU's own account
  NOTE       why it failed, or who began it

${PHASES_HELP}

Examples:
  arctictern migrations
  arctictern migrations --json | jq '.[-1].blackoutMs'`,
    )
    .action(async (id: string | undefined, options: ClientCommandOptions) => {
      const client = clientFor(options, terminal);
      const now = terminal.clock.now();
      const { colors } = terminal.out;
      if (id === undefined) {
        const migrations = await client.migrations();
        show(terminal, options.json, migrations, (value) => migrationsText(value, now, colors));
      } else {
        const one = await client.migration(id);
        show(terminal, options.json, one, (value) => migrationText(value, now, colors));
      }
    });
}
