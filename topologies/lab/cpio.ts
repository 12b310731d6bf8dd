/**
 * Writes the archive that Linux unpacks as its initial RAM disk: cpio's "newc" format (Linux,
 * Documentation/driver-api/early-userspace/buffer-format.rst). The same entries always give the same bytes.
 */

export type CpioEntry =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly data: Uint8Array }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'character-device';
      readonly path: string;
      readonly major: number;
      readonly minor: number;
    };

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const S_IFCHR = 0o020000;

/** Paths are relative to the root; the directories above an entry are added where they are missing. */
export function cpio(entries: readonly CpioEntry[]): Buffer {
  const all = new Map<string, CpioEntry>();
  for (const entry of entries) {
    const parts = entry.path.split('/');
    for (let depth = 1; depth < parts.length; depth++) {
      const path = parts.slice(0, depth).join('/');
      if (!all.has(path)) all.set(path, { kind: 'directory', path });
    }
    all.set(entry.path, entry);
  }
  const chunks = [...all.values()].flatMap((entry, i) => record(entry, i + 1));
  chunks.push(header('TRAILER!!!', 0, 0, 0, 0, 0));
  return Buffer.concat(chunks);
}

function record(entry: CpioEntry, inode: number): Buffer[] {
  switch (entry.kind) {
    case 'directory':
      return [header(entry.path, inode, S_IFDIR | 0o755, 0, 0, 0)];
    case 'file': {
      const { data } = entry;
      return [
        header(entry.path, inode, S_IFREG | entry.mode, data.length, 0, 0),
        Buffer.from(data),
        pad(data.length),
      ];
    }
    case 'symlink': {
      const target = Buffer.from(entry.target);
      return [header(entry.path, inode, S_IFLNK | 0o777, target.length, 0, 0), target, pad(target.length)];
    }
    case 'character-device':
      return [header(entry.path, inode, S_IFCHR | 0o600, 0, entry.major, entry.minor)];
  }
}

function header(
  path: string,
  inode: number,
  mode: number,
  size: number,
  major: number,
  minor: number,
): Buffer {
  const name = Buffer.from(`${path}\0`);
  const links = 1;
  const fields = [inode, mode, 0, 0, links, 0, size, 0, 0, major, minor, name.length, 0];
  const text = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([Buffer.from(text), name, pad(text.length + name.length)]);
}

/** Headers and data each end at a multiple of four bytes. */
function pad(length: number): Buffer {
  return Buffer.alloc(-length & 3);
}
