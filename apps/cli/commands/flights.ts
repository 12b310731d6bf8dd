/** `arctictern flights`: guests under attack that moved by themselves. */
import type { Command } from 'commander';
import { clientCommand, type ClientCommandOptions, clientFor, show } from '../client-command.ts';
import type { Terminal } from '../terminal.ts';
import { flightsText, flightText } from '../views/flights.ts';

export function flightsCommand(terminal: Terminal): Command {
  return clientCommand(
    'flights',
    'List guests under attack that moved by themselves, oldest first, or tell about one.',
  )
    .argument('[flight]', 'tell about this one, why it moved, why there, and what came of it')
    .addHelpText(
      'after',
      `
A guest moves by itself when its defence says \`policy: move-when-needed\` (when filtering is not enough) or
\`move-first\`. Old connections go with it, those of blocked sources do not; new ones are refused at the place it leaves.

Phases:
  planned     a destination was chosen
  moving      its migration is under way; the place that it leaves admits nothing new
  verifying   it runs at the destination, and is looked at
  safe        no attack came along, and honest traffic is back
  pursued     the attack came along: it may move on
  failed      it did not move, or honest traffic did not come back

Examples:
  arctictern flights
  arctictern flights --json | jq '.[] | [.guest, .from, .to, .phase]'`,
    )
    .action(async (id: string | undefined, options: ClientCommandOptions) => {
      const client = clientFor(options, terminal);
      const now = terminal.clock.now();
      const { colors } = terminal.out;
      if (id === undefined) {
        show(terminal, options.json, await client.flights(), (value) => flightsText(value, now, colors));
      } else {
        show(terminal, options.json, await client.flight(id), (value) => flightText(value, now, colors));
      }
    });
}
