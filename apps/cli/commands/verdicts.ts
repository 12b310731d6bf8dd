/** `arctictern verdicts`: the attacks that the controller sees, and has seen. */
import type { Command } from 'commander';
import { clientCommand, type ClientCommandOptions, clientFor, show } from '../client-command.ts';
import type { Terminal } from '../terminal.ts';
import { verdictsText, verdictText } from '../views/verdicts.ts';

export function verdictsCommand(terminal: Terminal): Command {
  return clientCommand('verdicts', 'List the attacks on guests, oldest first, or tell about one.')
    .argument('[verdict]', 'tell about this one, why and from whom included')
    .option('--active', 'only those that last')
    .addHelpText(
      'after',
      `
Columns:
  AT        the host, or the edge, at whose bridge it arrives
  KIND      see below
  BEGAN     how long ago it was first seen
  RATE      as last measured, and the limit that it exceeded
  ORIGIN    real: some sources send most of it; spoofed: forged or too many to name; mixed; unknown as yet
  SOURCES   how many of them are named

Kinds:
  syn-flood          connections are begun and not completed
  ack-flood          TCP packets that belong to no connection
  udp-flood          UDP packets that are not answered, or far too many from some sources
  icmp-flood         ICMP packets
  connection-flood   few sources open connections faster than clients do
  slow-connections   few sources hold many connections open and hardly use them

Examples:
  arctictern verdicts --active
  arctictern flows a1 --verdict web-a1-syn-flood-mih0v2k8   (what it led to there)
  arctictern verdicts --json | jq '.[] | .sources[].prefix'`,
    )
    .action(async (id: string | undefined, options: ClientCommandOptions & { readonly active?: true }) => {
      const client = clientFor(options, terminal);
      const now = terminal.clock.now();
      const { colors } = terminal.out;
      if (id === undefined) {
        const all = await client.verdicts();
        const verdicts = options.active === true ? all.filter(({ ended }) => ended === null) : all;
        show(terminal, options.json, verdicts, (value) => verdictsText(value, now, colors));
      } else {
        const one = await client.verdict(id);
        show(terminal, options.json, one, (value) => verdictText(value, now, colors));
      }
    });
}
