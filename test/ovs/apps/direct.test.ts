/**
 * Direct answers, packet by packet, through real Open vSwitch: through a tunnel to the guest, and from where it is
 * straight to the client.
 */
import { describe, expect, test } from 'vitest';
import { address } from './bed.ts';
import { bedOfFile } from '../support/bed-of-file.ts';
import { tcp, udp, versions } from './talk.ts';

const bed = await bedOfFile();

const move = (to: 'a' | 'b' | 'c', admit: 'all' | 'established' = 'all'): Promise<void> =>
  bed.move('web', to, admit, 'direct');

describe.each(versions)('%s', (version) => {
  const client = 'stranger';

  test('what the client sends goes by the anchor, answers leave where the guest is', async () => {
    const stream = await tcp(bed, { version, client, port: 80 });
    const datagrams = await udp(bed, { version, client, port: 9000 });
    await move('b');
    const oldSite = await bed.room.tap('router', 'to-a');
    await stream.clientFirst('away');
    await datagrams.clientFirst('away');
    expect(oldSite.passed('to away', 'from away')).toEqual(['to away']);
    // Of this much the anchor sees one direction only.
    await stream.bulk(600_000);
    const fresh = await tcp(bed, { version, client, port: 81 });
    await fresh.guestFirst('new');
  });

  test('a guest that speaks first asks the anchor', async () => {
    const stream = await tcp(bed, { version, client, port: 80 });
    const datagrams = await udp(bed, { version, client, port: 9000 });
    await move('b');
    await stream.guestFirst('away');
    await datagrams.guestFirst('away');
  });

  test('connections of every place live on at every other', async () => {
    const home = await tcp(bed, { version, client, port: 80 });
    await move('b');
    await home.bulk(300_000);
    const atB = await tcp(bed, { version, client, port: 82, at: bed.careOf('web', 'b')[version] });
    await move('c');
    for (const talk of [home, atB]) {
      await talk.clientFirst('at c');
      await talk.guestFirst('at c again');
      await talk.bulk(300_000);
    }
    await move('a');
    for (const talk of [home, atB]) {
      await talk.guestFirst('back');
      await talk.clientFirst('back again');
    }
  });

  test('with admit: established, nothing new is let in', async () => {
    const stream = await tcp(bed, { version, client, port: 80 });
    await move('b', 'established');
    const home = address.guest('web')[version];
    await expect(bed.room.connect(client, address[client][version], home, 80, 0.3)).rejects.toThrow(
      'timed out',
    );
    await stream.clientFirst('away');
  });
});
