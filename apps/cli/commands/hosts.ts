/** `arctictern hosts`: the hosts, and how the controller is connected to each. */
import type { Command } from 'commander';
import { clientCommand, type ClientCommandOptions, clientFor, show } from '../client-command.ts';
import type { Terminal } from '../terminal.ts';
import { hostsText, hostText } from '../views/hosts.ts';

export function hostsCommand(terminal: Terminal): Command {
  return clientCommand(
    'hosts',
    'List the hosts, or tell about one, and how the controller is connected to them.',
  )
    .argument('[host]', 'tell about this one')
    .addHelpText(
      'after',
      `
Columns:
  SITE       the site whose subnets the host is in
  UNDERLAY   the address at which its tunnels end
  OPENFLOW   connected; reading-back: the flows are being compared and repaired; disconnected: the flows stay
             in force, but nothing can be changed
  OVSDB      seen: the bridge was read at least once since the controller started
  LIBVIRT    connected: guests' events arrive, and migrations can begin here
  DATAPATH   who forwards: netdev (user space) or system (the kernel), and the version of OVS
  GUESTS     guests whose traffic is delivered here

Examples:
  arctictern hosts
  arctictern hosts a1 --json`,
    )
    .action(async (host: string | undefined, options: ClientCommandOptions) => {
      const client = clientFor(options, terminal);
      const now = terminal.clock.now();
      const { colors } = terminal.out;
      if (host === undefined) {
        const hosts = await client.hosts();
        show(terminal, options.json, hosts, (value) => hostsText(value, now, colors));
      } else {
        const one = await client.host(host);
        show(terminal, options.json, one, (value) => hostText(value, now, colors));
      }
    });
}
