/**
 * The library that is preloaded into QEMU under software emulation (`mininet/flush-tlb.c` says why), built once and
 * kept in the cache under a name made from its source.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../controller/errors.ts';
import { GuestImageFailed } from './errors.ts';
import { packageRoot } from './package-root.ts';

const run = promisify(execFile);

/** Bound at once, so that a QEMU without what it needs does not start, instead of failing in a migration. */
const FLAGS = ['-O2', '-shared', '-fPIC', '-Wl,-z,now'] as const;

/** Its path. Throws `GuestImageFailed`. */
export async function flushTlbLibrary(cache: string): Promise<string> {
  const source = join(packageRoot, 'mininet', 'flush-tlb.c');
  const hash = createHash('sha256')
    .update(FLAGS.join(' '))
    .update(await readFile(source));
  const library = join(cache, `flush-tlb-${hash.digest('hex').slice(0, 16)}.so`);
  if (existsSync(library)) return library;
  const partial = `${library}.${process.pid}`;
  try {
    await run('gcc', [...FLAGS, '-o', partial, source]);
  } catch (cause) {
    throw new GuestImageFailed(
      `cannot build ${library}: ${messageOf(cause)}; install the Debian packages gcc and libc6-dev`,
      { cause },
    );
  }
  await rename(partial, library);
  return library;
}
