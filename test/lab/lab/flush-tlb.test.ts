/**
 * No write of a guest is lost in a migration under software emulation: a guest is moved on and on while it boots, and
 * each time when it has stopped at the source and not started at the destination, their memories are the same.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { GuestImage } from '../../../topologies/lab/expand/options.ts';
import { guestImage } from '../../../topologies/lab/image.ts';
import { Qemu, differentPages } from './qemu.ts';

const MOVES = 5;
const PASSES = 5;

let directory: string;
let image: GuestImage;
const running = new Set<Qemu>();
beforeEach(async () => {
  image = await guestImage();
  directory = mkdtempSync('/dev/shm/arctictern-flush-tlb-');
});
afterEach(async () => {
  for (const qemu of running) await end(qemu);
  rmSync(directory, { recursive: true });
});

async function end(qemu: Qemu): Promise<void> {
  running.delete(qemu);
  await qemu.end();
  rmSync(qemu.memory);
}

function start(name: string, options: { preload?: string; incoming?: boolean }): Qemu {
  const qemu = new Qemu({ image, directory, name, ...options });
  running.add(qemu);
  return qemu;
}

/**
 * Moves a guest while it boots, until its memory is not the same after a move. Gives the pages in which it was not,
 * after each move, and where it is now.
 */
async function move(
  moves: number,
  preload?: string,
): Promise<{ different: number[][]; ready: Promise<void> }> {
  const options = preload === undefined ? {} : { preload };
  const different: number[][] = [];
  let here = start('0', options);
  const said = [here.ready];
  while (different.length < moves && different.flat().length === 0) {
    const there = start(`${different.length + 1}`, { ...options, incoming: true });
    said.push(there.ready);
    await here.moveTo(there, PASSES);
    different.push(await differentPages(here, there));
    await there.ask('cont');
    await end(here);
    here = there;
  }
  return { different, ready: Promise.race(said) };
}

it('copies every page as it was when the guest stopped, and the guest goes on', async () => {
  const { different, ready } = await move(MOVES, image.flushTlb);
  expect(different).toEqual(Array.from({ length: MOVES }, () => []));
  await ready;
});

it('would not without the library', async () => {
  const { different } = await move(3 * MOVES);
  expect(different.at(-1)).not.toEqual([]);
});
