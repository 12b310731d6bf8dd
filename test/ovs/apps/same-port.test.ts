/**
 * A client that uses one port for connections to two of a guest's addresses, through real Open vSwitch.
 */
import { beforeEach, describe, test } from 'vitest';
import { bedOfFile } from '../support/bed-of-file.ts';
import { tcp, versions } from './talk.ts';

const bed = await bedOfFile();

/** Another for each test: a port that was just used is not free for the same destination. */
let from = 40_000;
beforeEach(() => {
  from += 10;
});

describe.each(versions)('%s', (version) => {
  test.each(['tunnel', 'rewrite', 'direct'] as const)(
    'to the home address before the move, and to the care-of address after it (%s)',
    async (relay) => {
      const old = await tcp(bed, { version, port: 80, from });
      await bed.move('web', 'b', 'all', relay);
      await old.clientFirst('away');
      const at = bed.careOf('web', 'b')[version];
      const young = await tcp(bed, { version, port: 80, from, at });
      for (const talk of [old, young, old, young]) {
        await talk.guestFirst('first');
        await talk.clientFirst('then');
      }
      const untold = await tcp(bed, { version, port: 80, from: from + 1, at });
      await untold.guestFirst('as ever');
    },
  );

  test('both live on at a third place and at home', async () => {
    const old = await tcp(bed, { version, port: 80, from });
    await bed.move('web', 'b');
    await old.clientFirst('away');
    const young = await tcp(bed, { version, port: 80, from, at: bed.careOf('web', 'b')[version] });
    for (const to of ['c', 'a'] as const) {
      await bed.move('web', to);
      for (const talk of [old, young]) {
        await talk.guestFirst(`first at ${to}`);
        await talk.clientFirst(`then at ${to}`);
      }
    }
  });

  test('to the care-of address while the guest was away, and to the home address when it is back', async () => {
    await bed.move('web', 'b');
    const old = await tcp(bed, { version, port: 80, from, at: bed.careOf('web', 'b')[version] });
    await bed.move('web', 'a');
    await old.clientFirst('back');
    const young = await tcp(bed, { version, port: 80, from });
    for (const talk of [old, young, old, young]) {
      await talk.guestFirst('first');
      await talk.clientFirst('then');
    }
  });
});
