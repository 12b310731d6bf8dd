/** Our client and OVS's own server, over each transport. */
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../../controller/ovsdb/index.ts';
import { behavesAsClientOf, type ServerFixture } from '../../controller/ovsdb/client-behaviour.ts';
import { makeCertificates, type Certificates } from './certificates.ts';
import { RealServer, removeDirectory, temporaryDirectory } from './ovsdb-server.ts';

/** A TCP port of the loopback that nobody uses. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : NaN));
    });
  });
}

function fixture(server: RealServer, over: Partial<ServerFixture> = {}): ServerFixture {
  return {
    remote: server.remote,
    kill: () => server.kill(),
    revive: () => server.run(),
    stop: () => server.stop(),
    ...over,
  };
}

behavesAsClientOf('ovsdb-server by unix:', async () => fixture(await RealServer.start()));

behavesAsClientOf('ovsdb-server by tcp:', async () => {
  const port = await freePort();
  const server = await RealServer.start({ args: () => [`--remote=ptcp:${port}:127.0.0.1`] });
  return fixture(server, { remote: `tcp:127.0.0.1:${port}` });
});

describe('with TLS', () => {
  const directory = temporaryDirectory();
  afterAll(() => removeDirectory(directory));

  const serve = async (certificates: Certificates, port: number) => {
    const { privateKey, certificate, caCertificate } = certificates.server;
    return RealServer.start({
      args: () => [
        `--remote=pssl:${port}:127.0.0.1`,
        `--private-key=${privateKey}`,
        `--certificate=${certificate}`,
        `--ca-cert=${caCertificate}`,
      ],
    });
  };

  behavesAsClientOf('ovsdb-server by ssl:', async () => {
    const certificates = await makeCertificates(directory);
    const port = await freePort();
    return fixture(await serve(certificates, port), {
      remote: `ssl:127.0.0.1:${port}`,
      tls: certificates.client,
    });
  });

  describe('and the wrong certificate', () => {
    let certificates: Certificates;
    let server: RealServer;
    let remote: string;
    beforeAll(async () => {
      certificates = await makeCertificates(directory);
      const port = await freePort();
      server = await serve(certificates, port);
      remote = `ssl:127.0.0.1:${port}`;
    });
    afterAll(() => server.stop());

    test('the server refuses us', async () => {
      await using client = connect({ remotes: remote, database: 'Open_vSwitch', tls: certificates.stranger });
      await expect(client.ready({ timeout: 500 })).rejects.toMatchObject({ code: 'OVSDB_NOT_CONNECTED' });
    });

    test('we refuse the server', async () => {
      const tls = { ...certificates.client, caCertificate: certificates.stranger.certificate };
      await using client = connect({ remotes: remote, database: 'Open_vSwitch', tls });
      await expect(client.ready({ timeout: 500 })).rejects.toMatchObject({
        cause: { code: 'OVSDB_CONNECT' },
      });
    });

    test('we compare host names when told to', async () => {
      const tls = { ...certificates.client, verifyHostname: true };
      await using client = connect({ remotes: remote, database: 'Open_vSwitch', tls });
      await expect(client.ready({ timeout: 500 })).rejects.toThrow(/does not match|altnames/);
    });
  });
});
