/** A guest in a QEMU of its own, without libvirt, whose memory can be looked at from outside. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { READY_LINE } from '../../../topologies/lab/console.ts';
import { EMULATOR } from '../../../topologies/lab/domain-xml.ts';
import type { GuestImage } from '../../../topologies/lab/expand/options.ts';

/** Bytes. A multiple of 256 KiB, as every size is that libvirt asks for. */
const MEMORY = 128 << 20;
const PAGE = 4096;
const LOOK_EVERY_MS = 20;

type Answer = Readonly<Record<string, unknown>>;

export interface QemuOptions {
  readonly image: GuestImage;
  /** Where its memory and its sockets are. */
  readonly directory: string;
  readonly name: string;
  readonly preload?: string;
  /** It starts nothing, and waits for a guest. */
  readonly incoming?: boolean;
}

export class Qemu {
  readonly memory: string;
  readonly arrival: string;
  /** Settles when the guest's ready line is said here. */
  readonly ready: Promise<void>;
  readonly #monitor: string;
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;
  #qmp: Socket | undefined;
  #answered: ((answer: Answer) => void) | undefined;

  constructor({ image, directory, name, preload, incoming }: QemuOptions) {
    this.memory = join(directory, `${name}.memory`);
    this.arrival = join(directory, `${name}.arrival`);
    this.#monitor = join(directory, `${name}.monitor`);
    const backend = JSON.stringify({
      'qom-type': 'memory-backend-file',
      id: 'pc.ram',
      'mem-path': this.memory,
      share: true,
      size: MEMORY,
    });
    const argv = [
      ...['setpriv', '--pdeathsig', 'KILL', '--'],
      ...(preload === undefined ? [] : ['env', `LD_PRELOAD=${preload}`]),
      ...[EMULATOR, '-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio'],
      ...['-accel', 'tcg', '-machine', 'pc,usb=off,memory-backend=pc.ram', '-m', `${MEMORY >> 20}`],
      ...['-object', backend, '-nic', 'user,model=virtio-net-pci,restrict=on'],
      ...['-kernel', image.kernel, '-initrd', image.initrd, '-append', 'console=ttyS0 quiet panic=-1'],
      ...['-qmp', `unix:${this.#monitor},server=on,wait=off`],
      ...(incoming === true ? ['-S', '-incoming', `unix:${this.arrival}`] : []),
    ];
    this.#process = spawn(argv[0]!, argv.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#closed = once(this.#process, 'close');
    this.ready = new Promise((resolve) => {
      createInterface(this.#process.stdout!).on('line', (line) => {
        if (line.includes(READY_LINE)) resolve();
      });
    });
  }

  /** One command of QMP, after the answer to the one before. */
  async ask(execute: string, args: Answer = {}): Promise<Answer> {
    this.#qmp ??= await this.#connect();
    return this.#send(this.#qmp, execute, args);
  }

  async #send(socket: Socket, execute: string, args: Answer): Promise<Answer> {
    const answer = new Promise<Answer>((resolve) => {
      this.#answered = resolve;
    });
    socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    const { return: result, error } = (await answer) as { return?: Answer; error?: { desc: string } };
    if (result === undefined) throw new Error(`${execute}: ${error?.desc ?? 'no answer'}`);
    return result;
  }

  async #connect(): Promise<Socket> {
    for (;;) {
      const socket = connect(this.#monitor);
      try {
        await once(socket, 'connect');
      } catch (cause) {
        if (this.#process.exitCode !== null) throw new Error('QEMU has ended', { cause });
        await sleep(LOOK_EVERY_MS);
        continue;
      }
      // The greeting and events are no answers.
      createInterface(socket).on('line', (line) => {
        const message = JSON.parse(line) as Answer;
        if ('return' in message || 'error' in message) this.#answered?.(message);
      });
      await this.#send(socket, 'qmp_capabilities', {});
      return socket;
    }
  }

  /**
   * Moves the guest, which may stop as soon as there have been so many passes over its memory; at the end it has
   * stopped here and not started there.
   */
  async moveTo(destination: Qemu, passes: number): Promise<void> {
    await destination.ask('query-status');
    await this.ask('migrate-set-parameters', { 'max-bandwidth': 128 << 20, 'downtime-limit': 1 });
    await this.ask('migrate', { uri: `unix:${destination.arrival}` });
    let held = true;
    for (;;) {
      const { status, ram } = (await this.ask('query-migrate')) as {
        status: string;
        ram?: { 'dirty-sync-count': number };
      };
      if (status === 'failed') throw new Error('the migration failed');
      if (held && (ram?.['dirty-sync-count'] ?? 0) >= passes) {
        held = false;
        await this.ask('migrate-set-parameters', { 'downtime-limit': 2_000 });
      }
      const { status: there } = await destination.ask('query-status');
      if (status === 'completed' && there !== 'inmigrate') return;
      await sleep(LOOK_EVERY_MS);
    }
  }

  async end(): Promise<void> {
    this.#qmp?.destroy();
    this.#process.kill('SIGKILL');
    await this.#closed;
  }
}

/** Offsets of the pages in which two memories are not the same. */
export async function differentPages(a: Qemu, b: Qemu): Promise<number[]> {
  const chunk = 1 << 20;
  const files = [await open(a.memory), await open(b.memory)] as const;
  const buffers = [Buffer.alloc(chunk), Buffer.alloc(chunk)] as const;
  const different: number[] = [];
  try {
    for (let at = 0; at < MEMORY; at += chunk) {
      await Promise.all(files.map((file, i) => file.read(buffers[i]!, 0, chunk, at)));
      if (buffers[0].equals(buffers[1])) continue;
      for (let page = 0; page < chunk; page += PAGE) {
        const same = buffers[0].compare(buffers[1], page, page + PAGE, page, page + PAGE) === 0;
        if (!same) different.push(at + page);
      }
    }
  } finally {
    for (const file of files) await file.close();
  }
  return different;
}
