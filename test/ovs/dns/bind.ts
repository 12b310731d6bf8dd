/** A real BIND on loopback, with a configuration, a directory and a port of its own, that serves `example.test`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Resolver } from 'node:dns/promises';
import type { NameServer } from '../../../controller/dns/exchange.ts';
import type { TsigKey } from '../../../controller/dns/tsig.ts';
import type { TsigAlgorithm } from '../../../controller/network/description.ts';

const READY_MS = 10_000;

export const keyOf = (name: string, algorithm: TsigAlgorithm = 'hmac-sha256'): TsigKey => ({
  name,
  algorithm,
  secret: Buffer.from(`the secret of ${name}, long enough`),
});

/** May set addresses in the zone; `sha512` as well; `reader` may set nothing. */
export const writer = keyOf('writer');
export const sha512 = keyOf('sha512', 'hmac-sha512');
export const reader = keyOf('reader');

const keyText = ({ name, algorithm, secret }: TsigKey): string =>
  `key "${name}" { algorithm ${algorithm}; secret "${Buffer.from(secret).toString('base64')}"; };`;

export class Bind {
  readonly server: NameServer;
  readonly #directory = mkdtempSync(join(tmpdir(), 'arctictern-bind-'));
  #process: ChildProcess | undefined;
  #log = '';

  private constructor(port: number) {
    this.server = { address: '127.0.0.1', port };
    writeFileSync(
      this.#file('named.conf'),
      `options {
  directory "${this.#directory}";
  pid-file none; session-keyfile none; lock-file none;
  listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
  recursion no; dnssec-validation no; notify no;
};
controls { };
${[writer, sha512, reader].map(keyText).join('\n')}
zone "example.test" {
  type primary;
  file "${this.#file('zone')}";
  update-policy { grant writer zonesub A AAAA; grant sha512 zonesub A AAAA; };
};
`,
    );
    writeFileSync(
      this.#file('zone'),
      '$ORIGIN example.test.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 1\n@ NS ns\nns A 127.0.0.1\n',
    );
  }

  /** Serves when it is there. */
  static async start(): Promise<Bind> {
    const bind = new Bind(await freePort());
    await bind.start();
    return bind;
  }

  async start(): Promise<void> {
    // In the foreground, with its log on standard error; it ends with us, however we end.
    const argv = ['--pdeathsig', 'KILL', '--', 'named', '-g', '-c', this.#file('named.conf'), '-n', '1'];
    const child = spawn('setpriv', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    this.#log = '';
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`named is not ready: ${this.#log}`)), READY_MS);
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`named has ended: ${this.#log}`)));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        this.#log += text;
        if (!/ running$/m.test(this.#log)) return;
        clearTimeout(late);
        resolve();
      });
    });
  }

  /** The zone's changes are kept. */
  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true });
  }

  /** What it answers, in order: IPv4, then IPv6; with the TTL. */
  async lookUp(name: string): Promise<string[]> {
    const resolver = new Resolver({ timeout: 1_000, tries: 3 });
    resolver.setServers([`${this.server.address}:${this.server.port}`]);
    const answers = await Promise.all([
      resolver.resolve4(name, { ttl: true }).catch(() => []),
      resolver.resolve6(name, { ttl: true }).catch(() => []),
    ]);
    return answers.flat().map(({ address, ttl }) => `${address} ${ttl}`);
  }

  async serial(): Promise<number> {
    const resolver = new Resolver({ timeout: 1_000, tries: 3 });
    resolver.setServers([`${this.server.address}:${this.server.port}`]);
    return (await resolver.resolveSoa('example.test')).serial;
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
