/**
 * `arctictern controller`: runs the controller in the foreground until it is told to stop.
 */
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { pino } from 'pino';
import { systemClock } from '../../../controller/clock.ts';
import { serve } from '../../../controller/ovsdb/server.ts';
import { readTopology } from '../../../topologies/parse.ts';
import { networkOf } from '../../../topologies/lab/expand.ts';
import { serveApi } from '../../api/server.ts';
import { ArcticTern } from '../../arctictern.ts';
import type { ControllerEvent } from '../../events.ts';
import { packageRoot } from '../../../topologies/lab/package-root.ts';
import { version } from '../../version.ts';

interface Options {
  readonly openflow: Endpoint;
  readonly advertise?: string;
  readonly api: Endpoint;
  readonly apiTokenFile?: string;
  readonly store?: string;
  readonly state: string;
  readonly json: boolean;
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export function controllerCommand(): Command {
  return new Command('controller')
    .description('Run the controller of the network that a topology file describes.')
    .argument('<topology>', 'the network: sites, hosts, guests (YAML); a `lab` section is ignored')
    .addOption(
      new Option('--openflow <address:port>', 'where switches connect to')
        .default({ address: '0.0.0.0', port: 6653 }, '0.0.0.0:6653')
        .argParser(endpoint),
    )
    .option('--advertise <address>', 'the address that switches are told to connect to')
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
    .option('--json', 'log lines as JSON', false)
    .addHelpText(
      'after',
      `
Examples:
  arctictern controller network.yaml --advertise 192.0.2.10
  arctictern controller network.yaml --store tcp:10.0.0.1:6641,tcp:10.0.0.2:6641,tcp:10.0.0.3:6641

The bridges of the hosts are configured over OVSDB: they are told to connect to this controller and to keep
their flows when it is away (fail_mode=secure). Stopping the controller stops no traffic.`,
    )
    .action(run);
}

async function run(topologyFile: string, options: Options): Promise<void> {
  const description = networkOf(readTopology(topologyFile));
  const token =
    options.apiTokenFile === undefined ? undefined : readFileSync(options.apiTokenFile, 'utf8').trim();
  const log = pino(
    { base: null, level: 'debug', timestamp: false },
    options.json ? pino.destination(1) : await pretty(),
  );
  const write = ({ at, level, subject, message, code }: ControllerEvent): void => {
    log[level === 'warning' ? 'warn' : level](
      { time: at, subject, ...(code === undefined ? {} : { code }) },
      message,
    );
  };

  await mkdir(options.state, { recursive: true, mode: 0o700 });
  const server =
    options.store === undefined
      ? await serve({
          schemaFile: join(packageRoot, 'controller/network/store/arctictern.ovsschema'),
          directory: options.state,
        })
      : undefined;
  const controller = await ArcticTern.start({
    description,
    store: options.store ?? server!.remote,
    openflow: {
      listen: options.openflow.address,
      port: options.openflow.port,
      advertise:
        options.advertise ??
        (options.openflow.address === '0.0.0.0' ? '127.0.0.1' : options.openflow.address),
    },
    clock: systemClock,
    random: Math.random,
  });
  controller.events.on(write);
  const api = await serveApi(controller, {
    listen: options.api.address,
    port: options.api.port,
    ...(token === undefined ? {} : { token }),
    version,
    onUnforeseen: (error) => log.error({ err: error }, 'the API failed in a way that was not foreseen'),
  });
  log.info(
    { time: systemClock.now(), subject: 'controller' },
    `API on ${options.api.address}:${options.api.port}`,
  );

  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  api.closeAllConnections();
  api.close();
  await controller.close();
  await server?.stop();
}

async function pretty() {
  const { default: build } = await import('pino-pretty');
  return build({
    colorize: process.stdout.isTTY,
    translateTime: 'HH:MM:ss.l',
    ignore: 'subject',
    messageFormat: '{subject}: {msg}',
    sync: true,
  });
}

function endpoint(text: string): Endpoint {
  const parts = /^(?:\[([0-9a-f:]+)\]|([^:\s]+)):(\d{1,5})$/i.exec(text);
  const port = Number(parts?.[3]);
  if (parts === null || port > 65_535)
    throw new InvalidArgumentError('expected ADDRESS:PORT, such as 127.0.0.1:8653');
  return { address: parts[1] ?? parts[2] ?? '', port };
}
