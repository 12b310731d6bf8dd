import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cpio } from '../../../topologies/lab/cpio.ts';

describe('a cpio archive', () => {
  it('is, byte for byte, what the format says', () => {
    const archive = cpio([{ kind: 'file', path: 'init', mode: 0o755, data: Buffer.from('hello') }]);
    const header =
      '07070100000001000081ed000000000000000000000001000000000000000500000000000000000000000000000000';
    expect(archive.toString('latin1')).toBe(
      `${header}0000000500000000init\0\0hello\0\0\0` +
        `0707010000000000000000000000000000000000000001${'0'.repeat(48)}0000000b00000000TRAILER!!!\0\0\0\0`,
    );
  });

  it('is unpacked by another program, directories first', () => {
    const directory = mkdtempSync(join(tmpdir(), 'cpio-'));
    try {
      const archive = cpio([
        { kind: 'file', path: 'a/b/c', mode: 0o640, data: Buffer.alloc(1000, 7) },
        { kind: 'symlink', path: 'a/link', target: 'b/c' },
        { kind: 'directory', path: 'empty' },
      ]);
      execFileSync('busybox', ['cpio', '-i'], { cwd: directory, input: archive, stdio: 'pipe' });
      expect(readFileSync(join(directory, 'a/link'))).toEqual(Buffer.alloc(1000, 7));
      expect(execFileSync('stat', ['-c', '%a', join(directory, 'a/b/c')], { encoding: 'utf8' }).trim()).toBe(
        '640',
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('is the same each time', () => {
    const make = (): Buffer => cpio([{ kind: 'character-device', path: 'dev/console', major: 5, minor: 1 }]);
    expect(make()).toEqual(make());
  });
});
