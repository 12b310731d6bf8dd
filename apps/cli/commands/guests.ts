/** `arctictern guests`: the guests, where they are and by which addresses they are reached. */
import type { Command } from 'commander';
import { clientCommand, type ClientCommandOptions, clientFor, show } from '../client-command.ts';
import type { Terminal } from '../terminal.ts';
import { guestsText, guestText } from '../views/guests.ts';

export function guestsCommand(terminal: Terminal): Command {
  return clientCommand('guests', 'List the guests, or tell about one: where it is, and how it is reached.')
    .argument('[guest]', 'tell about this one, its anchors and services included')
    .addHelpText(
      'after',
      `
Columns:
  HOST        where the guest's traffic is delivered; - while it has not been seen running
  STATE       what libvirt says of it there
  HOME        its home addresses, as configured inside the guest; they never change
  CARE-OF     its addresses in the subnet that it visits; - at home
  ANCHORS     hosts that hold the state of its connections, the home anchor first; those that are not the
              guest's own host relay. A care-of anchor goes when it has relayed nothing for a while (drain
              in the topology file); \`arctictern guests GUEST\` shows when
  MIGRATION   the migration that it is in

Of one guest also:
  dns         its name, and what the name server says, so that new clients find it; if that should be something
              else, what, and why it is not said yet

Examples:
  arctictern guests
  arctictern guests web
  arctictern guests web --json | jq -r .host`,
    )
    .action(async (guest: string | undefined, options: ClientCommandOptions) => {
      const client = clientFor(options, terminal);
      const { colors } = terminal.out;
      if (guest === undefined) {
        const guests = await client.guests();
        show(terminal, options.json, guests, (value) => guestsText(value, colors));
      } else {
        const one = await client.guest(guest);
        show(terminal, options.json, one, (value) => guestText(value, terminal.clock.now(), colors));
      }
    });
}
