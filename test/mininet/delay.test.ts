import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

it('the delay in user space passes its own tests', () => {
  const { status, stderr } = spawnSync('/usr/bin/python3', ['-B', 'test/mininet/test_delay.py'], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(stderr).toMatch(/Ran 7 tests/);
  expect(stderr).toMatch(/\nOK\n$/);
  expect(status).toBe(0);
});
