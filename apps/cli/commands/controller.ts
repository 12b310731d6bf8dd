/**
 * `arctictern controller`: runs the controller in the foreground until it is told to stop.
 */
import type { Server } from 'node:http';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Logger, pino } from 'pino';
import { systemClock } from '../../../controller/clock.ts';
import { serve } from '../../../controller/ovsdb/server.ts';
import { networkOf } from '../../../topologies/lab/expand.ts';
import { packageRoot } from '../../../topologies/lab/package-root.ts';
import { readTopology } from '../../../topologies/parse.ts';
import { serveApi } from '../../api/server.ts';
import { ArcticTern } from '../../arctictern.ts';
import type { ControllerEvent } from '../../events.ts';
import { version } from '../../version.ts';
import { ControllerStartError, StoppedEarlyError } from '../errors.ts';
import { processTerminal } from '../terminal.ts';
import { readToken } from '../token.ts';

interface Options {
  readonly openflow: Endpoint;
  readonly advertise?: string;
  readonly samples?: Endpoint;
  readonly api: Endpoint;
  readonly apiTokenFile?: string;
  readonly store?: string;
  readonly state: string;
  readonly json?: true;
}

export interface Endpoint {
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
    .action(run);
}

async function run(topologyFile: string, options: Options): Promise<void> {
  const description = networkOf(readTopology(topologyFile));
  const token = options.apiTokenFile === undefined ? undefined : readToken(options.apiTokenFile);
  const told = toldToStop();
  const log = await logger(options.json === true);
  const say = (message: string): void =>
    log.info({ time: systemClock.now(), subject: 'controller' }, message);
  const { openflow, api } = options;
  const advertise = options.advertise ?? reachable(openflow.address);

  /** A start that takes for ever, such as of a store that is away, is given up when we are told to stop. */
  const unlessTold = <T>(starting: Promise<T>): Promise<T> =>
    Promise.race([starting, told.then(stoppedEarly)]);
  /** What has been started, to be ended in reverse. */
  const started: (() => Promise<void>)[] = [];
  try {
    let { store } = options;
    if (store === undefined) {
      const server = await unlessTold(
        serve({
          schemaFile: join(packageRoot, 'controller/network/store/arctictern.ovsschema'),
          directory: options.state,
        }),
      );
      started.push(async () => {
        await server.stop();
      });
      store = server.remote;
    }
    const controller = await unlessTold(
      ArcticTern.start({
        description,
        store,
        openflow: {
          listen: openflow.address,
          port: openflow.port,
          advertise: isIPv6(advertise) ? `[${advertise}]` : advertise,
        },
        ...(options.samples === undefined
          ? {}
          : { samples: { listen: options.samples.address, port: options.samples.port } }),
        clock: systemClock,
        random: Math.random,
      }),
    );
    started.push(() => controller.close());
    controller.events.on((event) => write(log, event));
    const server = await serveApi(controller, {
      listen: api.address,
      port: api.port,
      ...(token === undefined ? {} : { token }),
      version,
      onUnforeseen: (error) => log.error({ err: error }, 'the API failed in a way that was not foreseen'),
    });
    started.push(() => closed(server));
    say(`switches are told to connect to ${advertise}, port ${openflow.port}`);
    say(
      `API on ${api.address}, port ${api.port}${token === undefined ? '' : ', for those who have the token'}`,
    );
    await told;
    say('stopping; the flows stay in force');
  } catch (error) {
    throw plainly(error);
  } finally {
    for (const end of started.reverse()) await end();
  }
}

/** Resolves at SIGINT or SIGTERM; a second one ends the process at once. */
function toldToStop(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

function stoppedEarly(): never {
  throw new StoppedEarlyError();
}

async function closed(server: Server): Promise<void> {
  const closing = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closing;
}

/** An error of the operating system as one of ours; others as they are. */
function plainly(error: unknown): unknown {
  return error instanceof Error && 'syscall' in error ? new ControllerStartError(error) : error;
}

/** Any address is one to listen on, not one to connect to. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}

function write(log: Logger, { at, level, subject, message, code, moment }: ControllerEvent): void {
  const about = {
    time: at,
    subject,
    ...(code === undefined ? {} : { code }),
    ...(moment === undefined ? {} : { moment }),
  };
  log[level === 'warning' ? 'warn' : level](about, message);
}

async function logger(json: boolean): Promise<Logger> {
  const options = { base: null, level: 'debug', timestamp: false } as const;
  if (json) return pino(options, pino.destination(1));
  const { default: pretty } = await import('pino-pretty');
  return pino(
    options,
    pretty({
      colorize: processTerminal().out.colors.isColorSupported,
      translateTime: 'SYS:HH:MM:ss.l',
      ignore: 'subject,moment',
      messageFormat: '{subject}: {msg}',
      sync: true,
    }),
  );
}

/** `ADDRESS:PORT`; an IPv6 address stands in brackets. */
export function endpoint(text: string): Endpoint {
  const parts = /^(?:\[([0-9a-f:.]+)\]|([^:\s[\]]+)):(\d{1,5})$/i.exec(text);
  const address = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  if (address === undefined || port > 65_535) {
    throw new InvalidArgumentError('It should be ADDRESS:PORT, such as 127.0.0.1:8653 or [::1]:8653.');
  }
  return { address, port };
}
