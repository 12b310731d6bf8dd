/**
 * What stands on the machine for a benchmark, and has to go however the benchmark ends. Whoever puts something up takes it
 * down, too; what stands when the program is interrupted is taken down from here (see program.ts).
 */
type TakeDown = () => Promise<void> | void;

const standing = new Set<TakeDown>();

/** `takeDown` may be called while it is being taken down already. What is given says that it stands no more. */
export function stands(takeDown: TakeDown): () => void {
  standing.add(takeDown);
  return () => standing.delete(takeDown);
}

/** What comes up may be interrupted, too: it is waited for, and taken down. */
export async function standsOnceUp<T>(coming: Promise<T>, takeDown: (up: T) => Promise<void>): Promise<T> {
  const stop = stands(async () => {
    await coming.then(takeDown, () => undefined);
  });
  coming.catch(stop);
  return coming;
}

/** The newest first, those that come up meanwhile, too; one that fails keeps no other up. */
export async function takeAllDown(): Promise<void> {
  for (;;) {
    const takeDown = [...standing].at(-1);
    if (takeDown === undefined) return;
    standing.delete(takeDown);
    try {
      await takeDown();
    } catch {
      // Whatever it is, it is nobody's any more.
    }
  }
}
