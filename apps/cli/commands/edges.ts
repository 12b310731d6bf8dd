/** `arctictern edges`: the edges, and how the controller is connected to each. */
import type { Command } from 'commander';
import { clientCommand, type ClientCommandOptions, clientFor, show } from '../client-command.ts';
import type { Terminal } from '../terminal.ts';
import { edgesText } from '../views/hosts.ts';

export function edgesCommand(terminal: Terminal): Command {
  return clientCommand('edges', 'List the edges, and how the controller is connected to them.')
    .addHelpText(
      'after',
      `
An edge is an Open vSwitch between a site's stations and its router. It knows the connections of its stations to
guests from their beginning; when a guest has moved with \`--relay rewrite\`, it sends them straight to the new site.

Columns:
  SITE       the site whose border it is
  UNDERLAY   its own address
  OPENFLOW   connected; reading-back: the flows are being compared and repaired; disconnected: the flows stay
             in force, but nothing can be changed
  OVSDB      seen: the bridge was read at least once since the controller started
  DATAPATH   who forwards: netdev (user space) or system (the kernel), and the version of OVS

Examples:
  arctictern edges
  arctictern flows ec --table edge`,
    )
    .action(async (options: ClientCommandOptions) => {
      const { colors } = terminal.out;
      show(terminal, options.json, await clientFor(options, terminal).edges(), (value) =>
        edgesText(value, colors),
      );
    });
}
