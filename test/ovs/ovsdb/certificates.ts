/** A CA and certificates for both ends, made by openssl for one test run. */
import { join } from 'node:path';
import type { TlsOptions } from '../../../controller/ovsdb/index.ts';
import { tool } from './ovsdb-server.ts';

export interface Certificates {
  readonly server: TlsOptions;
  readonly client: TlsOptions;
  /** Of another CA: to be refused. */
  readonly stranger: TlsOptions;
}

export async function makeCertificates(directory: string): Promise<Certificates> {
  const authority = async (name: string) => {
    await tool(
      'openssl',
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...[
        '-subj',
        `/CN=${name}`,
        '-keyout',
        join(directory, `${name}.key`),
        '-out',
        join(directory, `${name}.crt`),
      ],
    );
    return name;
  };
  const issue = async (name: string, ca: string): Promise<TlsOptions> => {
    const file = (end: string) => join(directory, `${name}.${end}`);
    await tool(
      'openssl',
      ...[
        'req',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-subj',
        `/CN=${name}`,
      ],
      ...['-keyout', file('key'), '-out', file('csr')],
    );
    const signer = [
      '-CA',
      join(directory, `${ca}.crt`),
      '-CAkey',
      join(directory, `${ca}.key`),
      '-CAcreateserial',
    ];
    await tool('openssl', 'x509', '-req', '-in', file('csr'), ...signer, '-days', '2', '-out', file('crt'));
    return { privateKey: file('key'), certificate: file('crt'), caCertificate: join(directory, `${ca}.crt`) };
  };
  await authority('ca');
  await authority('other-ca');
  const [server, client] = [await issue('server', 'ca'), await issue('client', 'ca')];
  const stranger = { ...(await issue('stranger', 'other-ca')), caCertificate: join(directory, 'ca.crt') };
  return { server, client, stranger };
}
