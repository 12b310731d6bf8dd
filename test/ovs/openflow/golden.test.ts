/**
 * The fixtures that the unit tests stand on are what `ovs-ofctl` sends today: each command is run again and its
 * bytes compared, and OVS's own reading of them with what the fixture says.
 *
 * `OPENFLOW_RECORD=1` writes the fixtures instead of comparing.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { decode, toJson } from '../../../controller/openflow/index.ts';
import type { Fixture } from '../../controller/openflow/fixture.ts';
import { COMMANDS, FLOWS, type Command } from './commands.ts';
import { record, SWITCH } from './fake-switch.ts';
import { ofpPrintBody } from './ofp-print.ts';

const path = new URL('../../controller/openflow/fixtures/ovs-ofctl.json', import.meta.url);
const recording = process.env['OPENFLOW_RECORD'] === '1';
const fixtures = recording ? [] : (JSON.parse(readFileSync(path, 'utf8')) as Fixture[]);
const recorded: Fixture[] = [];

const commands: readonly Command[] = [
  ...FLOWS.map((flow) => ({ words: ['add-flow', SWITCH, flow] })),
  ...COMMANDS,
];
/** Sent by every command; one fixture of each is enough. */
const EVERYWHERE = ['hello', 'barrier_request'];

async function run(command: Command): Promise<Fixture> {
  const { messages, stderr } = await record(command.words, command.stdin);
  const interesting = messages.filter(
    (bytes) => command.words[0] === 'probe' || !EVERYWHERE.includes(decode(bytes).type),
  );
  expect(interesting, stderr).not.toHaveLength(0);
  return {
    command: command.words.join(' '),
    messages: await Promise.all(
      interesting.map(async (bytes) => ({
        hex: Buffer.from(bytes).toString('hex'),
        printed: await ofpPrintBody(bytes),
        json: toJson(decode(bytes)),
      })),
    ),
  };
}

afterAll(() => {
  if (recording) writeFileSync(path, `${JSON.stringify(recorded, null, 1)}\n`);
});

describe('ovs-ofctl', () => {
  it.each(commands)('sends what the fixture says: $words', async (command) => {
    const fixture = await run(command);
    if (recording) recorded.push(fixture);
    else expect(fixture).toEqual(fixtures.find((known) => known.command === fixture.command));
  });

  it('has no fixture left over', () => {
    expect((recording ? recorded : fixtures).map(({ command }) => command)).toEqual(
      commands.map(({ words }) => words.join(' ')),
    );
  });
});
