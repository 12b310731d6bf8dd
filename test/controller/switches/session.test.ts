import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { switches as limits } from '../../../controller/limits.ts';
import {
  encode,
  flowDescRequest,
  flowMod,
  match,
  type Message,
  MessageTemplate,
  OFP_VERSION,
  packetOut,
  type PacketInView,
} from '../../../controller/openflow/index.ts';
import type { SwitchSession } from '../../../controller/switches/session.ts';
import { ManualClock } from '../libvirt/manual-clock.ts';
import { type Pair, quiet, type Script, until, Wire } from './fake-switch.ts';

const NOTHING = new Uint8Array(0);
let wire: Wire;
let clock: ManualClock;

beforeEach(async () => {
  wire = await Wire.lay();
  clock = new ManualClock();
});
afterEach(() => wire.cut());

async function open(script: Script = {}): Promise<Pair & { readonly open: SwitchSession }> {
  const pair = await wire.connect(clock, script);
  return { ...pair, open: await pair.session };
}

describe('handshake', () => {
  test('exchanges HELLO and FEATURES', async () => {
    const { open: session, fake } = await open();
    expect(fake.received.map(({ type }) => type)).toEqual(['hello', 'features_request']);
    expect(fake.all('hello')[0]!.versions).toEqual([OFP_VERSION]);
    expect(session.datapathId).toBe('0000000000001234');
  });

  test.each([
    [[1], 'SWITCH_VERSION'],
    [[1, 4, 5], 'SWITCH_VERSION'],
  ])('refuses a switch of versions %j', async (versions, code) => {
    const pair = await wire.connect(clock, { versions });
    await expect(pair.session).rejects.toMatchObject({ code });
    expect(pair.closings).toHaveLength(1);
  });

  test('accepts one of several versions', async () => {
    const { open: session } = await open({ versions: [1, 4, OFP_VERSION, 7] });
    expect(session.closed).toBe(false);
  });

  test('gives up on a peer that says nothing', async () => {
    const pair = await wire.connect(clock, { mute: ({ type }) => type === 'features_request' });
    await until('features are asked for', () => pair.fake.all('features_request').length === 1);
    clock.advance(limits.requestTimeout);
    await expect(pair.session).rejects.toMatchObject({ code: 'SWITCH_TIMEOUT' });
    expect(clock.pending).toBe(0);
  });

  test('is over when the peer hangs up', async () => {
    const pair = await wire.connect(clock, { mute: () => true });
    pair.fake.socket.destroy();
    await expect(pair.session).rejects.toThrow();
    expect(clock.pending).toBe(0);
  });

  test('is over when the peer speaks something else', async () => {
    const pair = await wire.connect(clock, { mute: () => true });
    pair.fake.socket.write('GET / HTTP/1.1\r\n\r\n');
    await until('features are asked for', () => pair.fake.all('features_request').length === 1);
    clock.advance(limits.requestTimeout);
    await expect(pair.session).rejects.toMatchObject({ code: 'SWITCH_TIMEOUT' });
  });
});

describe('echo', () => {
  test('is answered with the same bytes and xid', async () => {
    const { fake } = await open();
    fake.send({ type: 'echo_request', data: Uint8Array.of(1, 2, 3) }, 77);
    await until('the answer', () => fake.all('echo_reply').length === 1);
    expect(fake.all('echo_reply')[0]).toMatchObject({ xid: 77, data: Uint8Array.of(1, 2, 3) });
  });

  test('is asked of a switch that is silent, which lives on when it answers', async () => {
    const { open: session, fake } = await open();
    clock.advance(limits.echoInterval);
    clock.advance(limits.echoInterval);
    await until('the question', () => fake.all('echo_request').length === 1);
    await quiet();
    clock.advance(limits.echoTimeout);
    await quiet();
    clock.advance(limits.echoTimeout);
    expect(session.closed).toBe(false);
  });

  test('drops a switch that does not answer', async () => {
    const { open: session, fake, closings } = await open({ mute: ({ type }) => type === 'echo_request' });
    clock.advance(limits.echoInterval);
    clock.advance(limits.echoInterval);
    await until('the question', () => fake.all('echo_request').length === 1);
    expect(session.closed).toBe(false);
    clock.advance(limits.echoTimeout);
    expect(session.closed).toBe(true);
    expect(closings).toMatchObject([{ code: 'SWITCH_TIMEOUT' }]);
    expect(clock.pending).toBe(0);
  });

  test('a switch that talks is not asked', async () => {
    const { fake } = await open();
    for (let i = 0; i < 5; i++) {
      fake.send({ type: 'echo_request', data: NOTHING }, i);
      await until('the answer', () => fake.all('echo_reply').length === i + 1);
      clock.advance(limits.echoInterval);
    }
    expect(fake.all('echo_request')).toHaveLength(0);
  });
});

describe('requests', () => {
  test('end with the answer that has their xid, in any order', async () => {
    const { open: session, fake } = await open({ mute: ({ type }) => type === 'role_request' });
    const ask = (generationId: bigint): Promise<Message> =>
      session.request({ type: 'role_request', role: 'equal', shortId: 0, generationId }, 'asking');
    const [first, second] = [ask(1n), ask(2n)];
    await until('both', () => fake.all('role_request').length === 2);
    for (const { xid, ...asked } of fake.all('role_request').reverse()) {
      fake.send({ ...asked, type: 'role_reply' }, xid);
    }
    expect(await first).toMatchObject({ generationId: 1n });
    expect(await second).toMatchObject({ generationId: 2n });
  });

  test('an error with their xid rejects only them', async () => {
    const { open: session, fake } = await open({ mute: ({ type }) => type === 'role_request' });
    const asked = session.request(
      { type: 'role_request', role: 'primary', shortId: 0, generationId: 0n },
      'taking the primary role',
    );
    await until('the request', () => fake.all('role_request').length === 1);
    fake.send({ type: 'error', error: 'OFPRRFC_STALE', data: NOTHING }, fake.all('role_request')[0]!.xid);
    await expect(asked).rejects.toMatchObject({
      code: 'SWITCH_REFUSED',
      message: expect.stringContaining('taking the primary role') as string,
    });
    expect(session.closed).toBe(false);
    await session.barrier('going on');
  });

  test('one that is not answered in time ends the session, and all others with it', async () => {
    const { open: session, closings } = await open({ mute: ({ type }) => type === 'barrier_request' });
    const asked = [session.barrier('one', 1_000), session.barrier('two', 2_000)];
    const outcomes = Promise.allSettled(asked);
    clock.advance(1_000);
    expect(await outcomes).toMatchObject([
      { status: 'rejected', reason: { code: 'SWITCH_TIMEOUT' } },
      { status: 'rejected', reason: { code: 'SWITCH_TIMEOUT' } },
    ]);
    expect(session.closed).toBe(true);
    expect(closings).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test('close rejects what is pending, and later requests at once', async () => {
    const { open: session } = await open({ mute: ({ type }) => type === 'barrier_request' });
    const asked = session.barrier('waiting in vain');
    session.close();
    await expect(asked).rejects.toMatchObject({ code: 'SWITCH_CLOSED' });
    await expect(session.barrier('too late')).rejects.toMatchObject({ code: 'SWITCH_CLOSED' });
    expect(session.send({ type: 'barrier_request' })).toBeGreaterThan(0);
    expect(clock.pending).toBe(0);
  });

  test('a switch that goes away rejects what is pending', async () => {
    const { open: session, fake, closings } = await open({ mute: ({ type }) => type === 'barrier_request' });
    const asked = session.barrier('waiting in vain');
    fake.socket.destroy();
    await expect(asked).rejects.toThrow();
    expect(closings).toHaveLength(1);
  });

  test('collect the parts of a multipart answer', async () => {
    const { open: session, fake } = await open({ flowsPerPart: 2 });
    for (let i = 0; i < 5; i++) fake.apply(flowMod({ match: match({ in_port: i + 1 }) }));
    const parts = await session.requestAll(flowDescRequest(), 'telling its flows');
    expect(parts.map((part) => (part.type === 'flow_desc_reply' ? part.flows.length : 0))).toEqual([2, 2, 1]);
  });

  test('asynchronous messages are no answers, whatever their xid', async () => {
    const { open: session, fake, messages } = await open({ mute: ({ type }) => type === 'barrier_request' });
    const asked = session.barrier('waiting');
    await until('the request', () => fake.all('barrier_request').length === 1);
    const xid = fake.all('barrier_request')[0]!.xid;
    fake.send(
      {
        type: 'packet_in',
        bufferId: 1,
        totalLen: 0,
        reason: 'action',
        table: 0,
        cookie: 0n,
        match: [],
        data: NOTHING,
      },
      xid,
    );
    fake.send({ type: 'barrier_reply' }, xid);
    await asked;
    expect(messages.map(({ type }) => type)).toEqual(['packet_in']);
  });
});

describe('packet-ins as they lie in the stream', () => {
  const packetIn = (bufferId: number, fill: number): Message => ({
    type: 'packet_in',
    bufferId,
    totalLen: 20,
    reason: 'no_match',
    table: 0,
    cookie: 0n,
    match: match({ in_port: bufferId }),
    data: new Uint8Array(20).fill(fill),
  });

  test('go to who takes them so, in order with everything else, and answers leave in one write', async () => {
    const seen: string[] = [];
    const pair = await wire.connect(clock, {}, undefined, {
      onPacketIn: (packet, session) => {
        seen.push(`packet ${packet.bufferId} at ${packet.inPort}: ${packet.u8(19)}`);
        session.send({ type: 'barrier_request', xid: 1_000 + packet.bufferId });
      },
      onMessage: ({ type }) => seen.push(type),
    });
    await pair.session;
    const write = vi.spyOn(pair.ours, 'write');
    pair.fake.socket.write(
      Buffer.concat([
        encode(packetIn(1, 11), 1),
        encode({ type: 'echo_reply', data: NOTHING }, 2),
        encode(packetIn(2, 22), 3),
      ]),
    );
    await until('the answers', () => pair.fake.all('barrier_request').length === 2);
    expect(seen.slice(0, 3)).toEqual(['packet 1 at 1: 11', 'echo_reply', 'packet 2 at 2: 22']);
    expect(pair.fake.all('barrier_request').map(({ xid }) => xid)).toEqual([1_001, 1_002]);
    expect(write).toHaveBeenCalledTimes(1);
  });

  test('may be answered by templates, each with an xid of its own', async () => {
    const answer = new MessageTemplate({ bufferId: 32 }, ({ bufferId }) =>
      packetOut({ bufferId, match: [], actions: [], data: NOTHING }),
    );
    const xids: number[] = [];
    const pair = await wire.connect(clock, {}, undefined, {
      onPacketIn: (packet, session) => {
        answer.set.bufferId(packet.bufferId);
        xids.push(session.sendTemplate(answer));
      },
    });
    await pair.session;
    const write = vi.spyOn(pair.ours, 'write');
    pair.fake.socket.write(Buffer.concat([encode(packetIn(1, 11), 1), encode(packetIn(2, 22), 2)]));
    await until('the answers', () => pair.fake.all('packet_out').length === 2);
    expect(pair.fake.all('packet_out').map(({ bufferId, xid }) => [bufferId, xid])).toEqual([
      [1, xids[0]],
      [2, xids[0]! + 1],
    ]);
    expect(write).toHaveBeenCalledTimes(1);
  });

  test('may be cut anywhere', async () => {
    const seen: number[] = [];
    const pair = await wire.connect(clock, {}, undefined, {
      onPacketIn: (packet) => seen.push(packet.bufferId, packet.u8(19)),
    });
    await pair.session;
    const bytes = Buffer.concat([encode(packetIn(1, 11), 1), encode(packetIn(2, 22), 2)]);
    for (let cut = 1; cut < bytes.length; cut += 5) {
      seen.length = 0;
      pair.fake.socket.write(bytes.subarray(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      pair.fake.socket.write(bytes.subarray(cut));
      await until('both', () => seen.length === 4);
      expect(seen).toEqual([1, 11, 2, 22]);
    }
  });

  test('tell nothing more when their handler has returned, or has failed', async () => {
    const kept: PacketInView[] = [];
    const pair = await wire.connect(clock, {}, undefined, {
      onPacketIn: (packet) => {
        kept.push(packet);
        if (packet.bufferId === 2) throw new Error('not this one');
      },
    });
    await pair.session;
    pair.fake.send(packetIn(1, 11));
    await until('the first', () => kept.length === 1);
    expect(() => kept[0]!.bufferId).toThrow(expect.objectContaining({ code: 'OPENFLOW_VIEW_CLOSED' }));
    pair.fake.send(packetIn(2, 22));
    await until('the second', () => kept.length === 2);
    expect(() => kept[1]!.u8(0)).toThrow(expect.objectContaining({ code: 'OPENFLOW_VIEW_CLOSED' }));
    expect(pair.closings).toMatchObject([{ message: 'not this one' }]);
  });

  test('that lie end the session with a named error', async () => {
    const pair = await wire.connect(clock, {}, undefined, {
      onPacketIn: () => expect.unreachable(),
    });
    await pair.session;
    const bytes = encode(packetIn(1, 11), 1);
    bytes.set([0xff, 0xff], 26);
    pair.fake.socket.write(bytes);
    await until('the end', () => pair.closings.length === 1);
    expect(pair.closings).toMatchObject([{ code: 'OPENFLOW_BAD_LENGTH' }]);
  });

  test('that are not canonical come as raw messages', async () => {
    const pair = await wire.connect(clock, {}, undefined, {
      onPacketIn: () => expect.unreachable(),
    });
    await pair.session;
    const bytes = encode(packetIn(1, 11), 1);
    bytes[14] = 99;
    pair.fake.socket.write(bytes);
    await until('the message', () => pair.messages.length === 1);
    expect(pair.messages).toMatchObject([{ type: 'raw', messageType: 10 }]);
  });
});

describe('errors', () => {
  test('go to the watcher of their xids, else to the owner of the session', async () => {
    const { open: session, fake, messages } = await open();
    const seen: number[] = [];
    const first = session.allocateXids(3);
    const unwatch = session.watchErrors(first, 3, ({ xid }) => seen.push(xid ?? 0));
    const refuse = (xid: number): void =>
      fake.send({ type: 'error', error: 'OFPFMFC_TABLE_FULL', data: NOTHING }, xid);
    refuse(first);
    refuse(first + 2);
    refuse(first + 3);
    await until('the last one', () => messages.length === 1);
    expect(seen).toEqual([first, first + 2]);
    unwatch();
    refuse(first);
    await until('the next one', () => messages.length === 2);
    expect(seen).toHaveLength(2);
  });
});

describe('the stream', () => {
  test('may be cut anywhere', async () => {
    const { fake, messages } = await open();
    const bytes = Buffer.concat(
      [1, 2, 3, 4].map((xid) =>
        encode(
          {
            type: 'packet_in',
            bufferId: xid,
            totalLen: 20,
            reason: 'no_match',
            table: 0,
            cookie: 0n,
            match: match({ in_port: xid }),
            data: new Uint8Array(20).fill(xid),
          },
          xid,
        ),
      ),
    );
    for (let cut = 1; cut < bytes.length; cut += 7) {
      messages.length = 0;
      fake.socket.write(bytes.subarray(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      fake.socket.write(bytes.subarray(cut));
      await until('all of it', () => messages.length === 4);
      expect(messages.map(({ xid }) => xid)).toEqual([1, 2, 3, 4]);
      expect(messages.map((message) => message.type === 'packet_in' && message.data[19])).toEqual([
        1, 2, 3, 4,
      ]);
    }
  });

  test('what is sent while a piece of it is handled leaves in order, and nothing is overwritten', async () => {
    const pair = await open();
    const { open: session, fake } = pair;
    const size = 30_000;
    for (let i = 0; i < 200; i++) session.send({ type: 'echo_request', data: new Uint8Array(size).fill(i) });
    await session.drained();
    await until('all', () => fake.all('echo_request').length === 200);
    expect(fake.all('echo_request').map(({ data }) => [data.length, data[0], data[size - 1]])).toEqual(
      Array.from({ length: 200 }, (_, i) => [size, i, i]),
    );
  });

  test('a switch that does not read is dropped before memory runs out', async () => {
    const { open: session, fake, closings } = await open();
    fake.socket.pause();
    const data = new Uint8Array(60_000);
    for (let sent = 0; sent < limits.outboxBytes * 2 && !session.closed; sent += data.length) {
      session.send({ type: 'echo_request', data });
    }
    expect(closings).toMatchObject([{ code: 'SWITCH_STALLED' }]);
  });

  test('garbage ends the session with a named error', async () => {
    const { fake, closings } = await open();
    fake.socket.write(Uint8Array.of(OFP_VERSION, 0, 0, 3, 0, 0, 0, 0));
    await until('the end', () => closings.length === 1);
    expect(closings).toMatchObject([{ code: 'OPENFLOW_BAD_LENGTH' }]);
  });

  test('a message that cannot be encoded takes no other with it', async () => {
    const { open: session, fake } = await open();
    expect(() => session.send(flowMod({ table: 256 }))).toThrow(/table/);
    expect(() =>
      session.compose((out) => {
        out.u32(1, 'part of a message');
        throw new Error('in the middle');
      }),
    ).toThrow('in the middle');
    session.send({ type: 'echo_request', data: Uint8Array.of(9) });
    await until('the next one', () => fake.all('echo_request').length === 1);
    expect(fake.received.map(({ type }) => type)).toEqual(['hello', 'features_request', 'echo_request']);
  });
});
