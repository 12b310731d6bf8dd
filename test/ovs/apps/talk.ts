/**
 * Connections of a client with the guest `web`, by whichever of its addresses, that say who speaks first.
 */
import { expect } from 'vitest';
import { address, type Bed } from './bed.ts';
import type { Stream } from './room.ts';

export const versions = ['ipv4', 'ipv6'] as const;
export type Version = (typeof versions)[number];
export type Client = 'client' | 'stranger' | 'inner';
const PIECE = 8_000;
const any = { ipv4: '0.0.0.0', ipv6: '::' } as const;

export interface Talk {
  /** Both ways, the client first; the answer comes from the address that the client knows. */
  readonly clientFirst: (text: string) => Promise<void>;
  /** Both ways, the guest first. */
  readonly guestFirst: (text: string) => Promise<void>;
}

export interface TcpTalk extends Talk {
  readonly client: Stream;
  readonly server: Stream;
  /** So many bytes each way. */
  readonly bulk: (bytes: number) => Promise<void>;
}

export interface Side {
  readonly version: Version;
  readonly client?: Client;
  /** The client's own address, where the bed does not say it. */
  readonly own?: string;
  /** The client's address as the guest sees it, where that is another. */
  readonly seenAs?: string;
  /** The guest's address. */
  readonly at?: string;
  /** The guest's port. */
  readonly port: number;
  /** The client's port. */
  readonly from?: number;
}

/** Two UDP sockets that have exchanged a datagram: a connection, as conntrack sees it. */
export async function udp(bed: Bed, side: Side): Promise<Talk> {
  const { version, client = 'client', port } = side;
  const at = side.at ?? address.guest('web')[version];
  const server = await bed.room.udp('web', any[version], port);
  const own = ownAddress(side, client);
  const socket = await bed.room.udp(client, own, side.from);
  await socket.send(at, port, 'hello');
  const peer = await server.receive('hello');
  expect(peer.address).toBe(side.seenAs ?? own);
  await server.send(peer.address, peer.port, 'welcome');
  expect(await socket.receive('welcome')).toMatchObject({ address: at, port });
  const toGuest = async (text: string): Promise<void> => {
    await socket.send(at, port, text);
    expect(await server.receive(text)).toMatchObject({ address: peer.address, port: peer.port });
  };
  const toClient = async (text: string): Promise<void> => {
    await server.send(peer.address, peer.port, text);
    expect(await socket.receive(text)).toMatchObject({ address: at, port });
  };
  return {
    clientFirst: async (text) => {
      await toGuest(`to ${text}`);
      await toClient(`from ${text}`);
    },
    guestFirst: async (text) => {
      await toClient(`first ${text}`);
      await toGuest(`then ${text}`);
    },
  };
}

/** ICMP or ICMPv6 echo that has been answered: whoever asks speaks first. */
export async function icmp(bed: Bed, side: Omit<Side, 'port'>): Promise<Pick<Talk, 'clientFirst'>> {
  const { version, client = 'client' } = side;
  const at = side.at ?? address.guest('web')[version];
  const pings = await bed.room.icmp(client, ownAddress(side, client));
  const identifier = side.from ?? 7;
  const clientFirst = async (text: string): Promise<void> => {
    await pings.request(at, identifier, text);
    expect(await pings.reply(identifier, text)).toBe(at);
  };
  await clientFirst('hello');
  return { clientFirst };
}

function ownAddress({ version, own }: Omit<Side, 'port'>, client: Client): string {
  const known = own ?? (client === 'inner' ? undefined : address[client][version]);
  if (known === undefined) throw new Error(`no address of ${client}`);
  return known;
}

/** A TCP connection that has carried data both ways. */
export async function tcp(bed: Bed, side: Side): Promise<TcpTalk> {
  const { version, client = 'client', port } = side;
  const at = side.at ?? address.guest('web')[version];
  const listener = await bed.room.listen('web', any[version], port);
  const stream = await bed.room.connect(client, ownAddress(side, client), at, port, 3, side.from);
  const { stream: server } = await listener.accept();
  await listener.close();
  const carry = async (one: Stream, other: Stream, text: string): Promise<void> => {
    await one.write(text);
    expect((await other.read(text.length)).toString()).toBe(text);
  };
  const bulk = async (bytes: number): Promise<void> => {
    for (const [one, other] of [
      [stream, server],
      [server, stream],
    ] as const) {
      // A piece at a time, and a byte back that acknowledges it: what a socket takes unacknowledged is bounded.
      for (let left = bytes; left > 0; left -= PIECE) {
        const piece = Math.min(left, PIECE);
        await one.write(Buffer.alloc(piece, 'bulk'));
        expect((await other.read(piece)).length).toBe(piece);
        await carry(other, one, '.');
      }
    }
  };
  const talk = {
    client: stream,
    server,
    clientFirst: async (text: string) => {
      await carry(stream, server, `to ${text}`);
      await carry(server, stream, `from ${text}`);
    },
    guestFirst: async (text: string) => {
      await carry(server, stream, `first ${text}`);
      await carry(stream, server, `then ${text}`);
    },
  };
  await talk.clientFirst('begin');
  return { ...talk, bulk };
}
