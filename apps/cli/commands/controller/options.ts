/** What `arctictern controller` is told on its command line. */
import { InvalidArgumentError } from 'commander';

export interface ControllerOptions {
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
