/** `arctictern allow`, `disallow` and `allowed`: sources that are never dropped by a block. */
import type { Command } from 'commander';
import { clientCommand, type ClientCommandOptions, clientFor, show } from '../client-command.ts';
import type { Terminal } from '../terminal.ts';
import { allowedText } from '../views/blocks.ts';

export function allowCommand(terminal: Terminal): Command {
  return clientCommand('allow', 'Let an address or prefix pass, whatever is blocked now or later.')
    .argument('<source>', 'an address, or a prefix such as 203.0.113.0/24')
    .option('--reason <text>', 'why, for whoever looks at it later')
    .addHelpText(
      'after',
      `
A block that stands goes on around it. A new one that would cover it is refused.

Example:
  arctictern allow 198.51.100.0/28 --reason "the office"`,
    )
    .action(async (source: string, options: ClientCommandOptions & { readonly reason?: string }) => {
      const allowance = await clientFor(options, terminal).allow(source, options.reason ?? '');
      show(terminal, options.json, allowance, (made) => `Allowed ${made.source}.\n`);
    });
}

export function disallowCommand(terminal: Terminal): Command {
  return clientCommand('disallow', 'Take a source off the allow-list; blocks around it hold for it again.')
    .argument('<source>', 'an address or prefix as it was allowed')
    .action(async (source: string, options: ClientCommandOptions) => {
      const gone = await clientFor(options, terminal).disallow(source);
      show(terminal, options.json, gone, (allowance) => `${allowance.source} is no longer allowed.\n`);
    });
}

export function allowedCommand(terminal: Terminal): Command {
  return clientCommand('allowed', 'List the sources that are never dropped by a block.').action(
    async (options: ClientCommandOptions) => {
      const allowed = await clientFor(options, terminal).allowed();
      const now = terminal.clock.now();
      show(terminal, options.json, allowed, (list) => allowedText(list, now, terminal.out.colors));
    },
  );
}
