/** A TCP connection of the client to web that echoes what is written. */
import type { Bed } from '../apps/bed.ts';

export interface Echo {
  /** Does a message come back within a second? */
  readonly live: () => Promise<boolean>;
}

/** `dialled`: the address that the client knows the guest by, where it is not the guest's own. */
export async function echo(bed: Bed, to: string, from: string, dialled = to): Promise<Echo> {
  const listener = await bed.room.listen('web', to, 80);
  const stream = await bed.room.connect('client', from, dialled, 80);
  const accepted = await listener.accept();
  const once = async (): Promise<void> => {
    await stream.write('x');
    await accepted.stream.read(1);
    await accepted.stream.write('y');
    await stream.read(1);
  };
  await once();
  return {
    live: () =>
      Promise.race([
        once().then(() => true),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 1_000)),
      ]),
  };
}
