/**
 * The controller in the foreground: store, controller and API, started one after the other and ended in reverse.
 */
import type { Server } from 'node:http';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { systemClock } from '../../../../controller/clock.ts';
import { serve } from '../../../../controller/ovsdb/server.ts';
import { networkOf } from '../../../../topologies/network.ts';
import { packageRoot } from '../../../../topologies/lab/package-root.ts';
import { readTopology } from '../../../../topologies/parse.ts';
import { serveApi } from '../../../api/server.ts';
import { ArcticTern } from '../../../arctictern.ts';
import type { ControllerEvent } from '../../../events.ts';
import { version } from '../../../version.ts';
import { ControllerStartError, StoppedEarlyError } from '../../errors.ts';
import { processTerminal } from '../../terminal.ts';
import { readToken } from '../../token.ts';
import type { ControllerOptions } from './options.ts';

export async function run(topologyFile: string, options: ControllerOptions): Promise<void> {
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
