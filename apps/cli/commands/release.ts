/** `arctictern release`: gives care-of anchors up before they have drained. */
import type { Command } from 'commander';
import type { GuestObject } from '../../api/objects.ts';
import { clientCommand, type ClientCommandOptions, clientFor, show } from '../client-command.ts';
import { ReleaseUnconfirmedError } from '../errors.ts';
import type { Terminal } from '../terminal.ts';
import { addressText } from '../views/addresses.ts';
import { relayText } from '../views/guests.ts';

interface Options extends ClientCommandOptions {
  readonly anchor?: string;
  readonly yes?: true;
}

export function releaseCommand(terminal: Terminal): Command {
  return clientCommand(
    'release',
    "Give a guest's care-of anchors up now, and cut the connections born there.",
  )
    .argument('<guest>', 'a guest; `arctictern guests` lists them')
    .option('--anchor <host>', 'only the one at this host (default: all that relay)')
    .option('--yes', 'really do it')
    .addHelpText(
      'after',
      `
An anchor goes by itself when it has relayed nothing for a while; \`arctictern guests GUEST\` shows when. This is for
an address or a host that is needed before. Without --yes it only says what it would cut.

What ends: every connection that was born on the anchor's care-of addresses, and so all that the guest opened
there. What stays: its home addresses, and the connections of all its other places. The addresses are kept from
other guests for a while (the topology's \`drain\`), so that a late client does not reach a stranger.

Examples:
  arctictern release web --anchor b1
  arctictern release web --yes`,
    )
    .action(async (name: string, { anchor, yes, ...options }: Options) => {
      const client = clientFor(options, terminal);
      const before = await client.guest(name);
      const all = before.interfaces.flatMap(({ anchors }) => anchors);
      const going = all.filter(
        ({ index, host, relay }) => index !== 1 && relay !== null && (anchor ?? host) === host,
      );
      if (yes !== true && going.length > 0) {
        const now = terminal.clock.now();
        throw new ReleaseUnconfirmedError(
          name,
          going.map((one) => `${addressText(one.addresses)} at ${one.host}${relayText(one, now)}`),
        );
      }
      const guest = await client.release(name, anchor === undefined ? {} : { anchor });
      show(terminal, options.json, guest, () => releasedText(name, going));
    });
}

function releasedText(guest: string, gone: GuestObject['anchors']): string {
  return gone
    .map(({ host, addresses }) => `Released ${addressText(addresses)} of guest ${guest} at ${host}.\n`)
    .join('');
}
