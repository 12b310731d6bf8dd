import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runFolder } from '../evidence/run.ts';
import { FakeTerminal, runIn } from './fake-terminal.ts';

let folder: string;
beforeEach(() => (folder = runFolder()));
afterEach(() => rmSync(folder, { recursive: true }));

const report = (...args: string[]) => runIn(new FakeTerminal(), 'report', ...args);

describe('report', () => {
  it('says what it made', async () => {
    expect(await report(folder)).toMatchObject({
      code: 0,
      out: `1 migrations, 2 connections: ${folder}/report.html and 11 files beside it.\n`,
    });
  });

  it('gives the figures as JSON', async () => {
    const { out } = await report(folder, '--json');
    expect(JSON.parse(out)).toMatchObject({
      lab: 'two-hosts',
      switchovers: [{ connection: 'echo', networkMs: 0 }, { connection: 'beat' }],
    });
  });

  it('explains the columns', async () => {
    const { out } = await report('--columns');
    expect(out).toContain('switchovers.csv,networkMs,');
  });

  it('refuses a folder of something else in one sentence', async () => {
    expect(await report(join(folder, 'captures'))).toMatchObject({
      code: 1,
      err: `error: ${folder}/captures is not the folder of a run: it has no summary.json; name one that \`arctictern lab run\` left behind\n`,
    });
  });
});
