/**
 * Commands to a node's ovs-vswitchd, as ovs-appctl(8) sends them, without a process for each: JSON-RPC over the unix
 * socket that the daemon names after its process id. Its main thread answers between two rounds of its loop, which is
 * also where it forwards packets; so only commands that cost it nothing are to be asked for again and again.
 */
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../../controller/clock.ts';
import { lab as limits } from '../../controller/limits.ts';
import { RpcConnection } from '../../controller/ovsdb/rpc-connection.ts';
import { SwitchSilentError } from './errors.ts';

export class Unixctl {
  readonly #connection: RpcConnection;

  private constructor(connection: RpcConnection) {
    this.#connection = connection;
  }

  /** `directory` is where the daemon's pid file and socket are. Throws `RUN_SWITCH_SILENT`. */
  static async open(directory: string, clock: Clock): Promise<Unixctl> {
    let pid: string;
    try {
      pid = (await readFile(join(directory, 'ovs-vswitchd.pid'), 'utf8')).trim();
    } catch (cause) {
      throw new SwitchSilentError(directory, 'it has no pid file', { cause });
    }
    const path = join(directory, `ovs-vswitchd.${pid}.ctl`);
    const socket = connect({ path });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', (cause) => reject(new SwitchSilentError(path, cause.message, { cause })));
    });
    const handlers = { onNotification: () => undefined, onEnd: () => undefined };
    return new Unixctl(new RpcConnection(socket, { clock, peer: path, ...handlers }));
  }

  get ended(): boolean {
    return this.#connection.ended;
  }

  /** What the command says. Throws what `RpcConnection.request` throws. */
  async run(command: string): Promise<string> {
    return String(await this.#connection.request(command, [], { timeout: limits.commandPatience }));
  }

  close(): void {
    this.#connection.close();
  }
}
