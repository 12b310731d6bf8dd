/**
 * `arctictern controller`: runs the controller in the foreground until it is told to stop.
 */
import { Command, Option } from 'commander';
import { onDemand } from '../on-demand.ts';
import { endpoint } from './controller/options.ts';

export function controllerCommand(): Command {
  return new Command('controller')
    .description('Run the controller of the network that a topology file describes.')
    .argument('<topology>', 'the network: sites, hosts, guests (YAML); a `lab` section is ignored')
    .addOption(
      new Option('--openflow <address:port>', 'where switches connect to')
        .default({ address: '0.0.0.0', port: 6653 }, '0.0.0.0:6653')
        .argParser(endpoint),
    )
    .option(
      '--advertise <address>',
      'the address that switches are told to connect to (default: the one of --openflow, or 127.0.0.1 when that is any)',
    )
    .addOption(
      new Option(
        '--samples <address:port>',
        'where bridges send samples of packets, by UDP (default: the address of --openflow, any port)',
      ).argParser(endpoint),
    )
    .addOption(
      new Option('--api <address:port>', 'where the API listens')
        .default({ address: '127.0.0.1', port: 8653 }, '127.0.0.1:8653')
        .argParser(endpoint),
    )
    .option(
      '--api-token-file <file>',
      'a file with the token that API clients must send; needed beyond loopback',
    )
    .option(
      '--store <remote>',
      'an OVSDB server that serves the ArcticTern database, instead of one of our own',
    )
    .option('--state <directory>', 'where our own store is kept', '/var/lib/arctictern')
    .option('--json', 'log lines as JSON')
    .addHelpText(
      'after',
      `
The bridges of the hosts are configured over OVSDB: they are told to connect to this controller and to keep
their flows when it is away (fail_mode=secure). Stopping the controller, by an interrupt (Ctrl-C) or SIGTERM,
stops no traffic; when it is back it takes up where it was.

Log lines: local time, level, what it is about, what happened. \`arctictern events\` shows the same.

Examples:
  arctictern controller network.yaml --advertise 192.0.2.10
  arctictern controller network.yaml --api 192.0.2.10:8653 --api-token-file /etc/arctictern/token
  arctictern controller network.yaml --store tcp:10.0.0.1:6641,tcp:10.0.0.2:6641,tcp:10.0.0.3:6641`,
    )
    .action(onDemand(async () => (await import('./controller/run.ts')).run));
}
