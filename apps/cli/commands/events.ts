/** `arctictern events`: what happens, as it happens. */
import { type Command, Option } from 'commander';
import { clientCommand, type ClientCommandOptions, clientFor } from '../client-command.ts';
import type { Terminal } from '../terminal.ts';
import { eventText, isAtLeast, type Level, levels } from '../views/events.ts';

interface Options extends ClientCommandOptions {
  readonly level: Level;
}

export function eventsCommand(terminal: Terminal): Command {
  return clientCommand(
    'events',
    'Follow what happens at the controller, until interrupted.',
    "the API's own objects, one a line",
  )
    .addOption(new Option('--level <least>', 'leave out what is less').choices(levels).default('info'))
    .addHelpText(
      'after',
      `
Columns: local time; level; what it is about; what happened; the code of an error, for scripts.
Only what happens from now on is shown; nothing is kept for those who come late.

Examples:
  arctictern events
  arctictern events --level debug --json | jq -c 'select(.subject == "guest web")'`,
    )
    .action(async (options: Options) => {
      const { out } = terminal;
      await clientFor(options, terminal).follow(
        (event) => {
          if (!isAtLeast(event.level, options.level)) return;
          out.write(options.json ? `${JSON.stringify(event)}\n` : eventText(event, out.colors));
        },
        () => {
          if (out.interactive && !options.json)
            out.write(out.colors.dim('Waiting for events; Ctrl-C ends this.\n'));
        },
        terminal.interrupted(),
      );
    });
}
