/** `arctictern block`, `unblock` and `blocks`: what is dropped, wherever it comes in. */
import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { blocklist as limits } from '../../../controller/limits.ts';
import type { ApiClient } from '../../api/client.ts';
import type { BlockObject } from '../../api/objects.ts';
import { clientCommand, type ClientCommandOptions, clientFor, show } from '../client-command.ts';
import { NothingToBlockError, PartlyBlockedError, SourcesFileError } from '../errors.ts';
import type { Terminal } from '../terminal.ts';
import { counted, lasting } from '../text.ts';
import { blocksText, blockText } from '../views/blocks.ts';

interface BlockOptions extends ClientCommandOptions {
  readonly for?: number;
  readonly guest?: string;
  readonly reason?: string;
  readonly file?: string;
}

export function blockCommand(terminal: Terminal): Command {
  return clientCommand('block', 'Drop what comes from addresses or prefixes, at every bridge under control.')
    .argument('[sources...]', 'addresses, or prefixes such as 203.0.113.0/24')
    .option(
      '--for <time>',
      'how long, such as 90s, 10m, 2h or 7d; until `unblock` when not given',
      lastingTime,
    )
    .option('--guest <guest>', 'drop only what is for this guest')
    .option('--reason <text>', 'why, for whoever looks at it later')
    .option('--file <file>', 'read the sources from a file, one a line; # begins a comment')
    .addHelpText(
      'after',
      `
What comes in at one time is one block: a number, a reason, an end. Every flow of it names that number
(\`arctictern flows HOST --table blocklist\`). Up to ${limits.firstLine} sources are in the first line: nothing of them gets in, and
connections that live are cut. Sources from files, and the oldest when there are more, are in the second line:
their new connections are dropped, before they are tracked. What is allowed is never blocked.

Examples:
  arctictern block 203.0.113.7 --for 10m
  arctictern block 203.0.113.0/24 2001:db8:bad::/48 --guest web --reason "scans web"
  arctictern block --file listed.txt --reason "list of 27 November" --for 1d`,
    )
    .action(async (sources: string[], options: BlockOptions) => {
      const client = clientFor(options, terminal);
      const listed = options.file === undefined ? [] : readSources(options.file);
      const all = [...sources, ...listed];
      if (all.length === 0) throw new NothingToBlockError();
      const first = await client.block({
        sources: all.slice(0, limits.sourcesPerRequest),
        origin: options.file === undefined ? 'person' : 'list',
        ...(options.reason === undefined ? {} : { reason: options.reason }),
        ...(options.guest === undefined ? {} : { guest: options.guest }),
        ...(options.for === undefined ? {} : { lastsMs: options.for }),
      });
      const block = await withTheRest(client, first, all.slice(limits.sourcesPerRequest));
      show(terminal, options.json, block, (made) => `Blocked ${what(made)} by block ${made.number}.\n`);
    });
}

/** All or nothing: a list that is refused in the midst of it leaves no block. */
async function withTheRest(
  client: ApiClient,
  first: BlockObject,
  rest: readonly string[],
): Promise<BlockObject> {
  let block = first;
  try {
    for (let at = 0; at < rest.length; at += limits.sourcesPerRequest) {
      block = await client.addSources(block.number, rest.slice(at, at + limits.sourcesPerRequest));
    }
    return block;
  } catch (error) {
    await client.removeBlock(block.number).catch(() => {
      throw new PartlyBlockedError(block.number, error);
    });
    throw error;
  }
}

export function unblockCommand(terminal: Terminal): Command {
  return clientCommand('unblock', 'Take a source out of every block, or a block away.')
    .argument('<source>', 'an address or prefix as it was blocked, or #NUMBER for a whole block')
    .addHelpText(
      'after',
      `
Examples:
  arctictern unblock 203.0.113.7
  arctictern unblock '#3'`,
    )
    .action(async (source: string, options: ClientCommandOptions) => {
      const client = clientFor(options, terminal);
      const number = /^#(\d{1,10})$/.exec(source)?.[1];
      if (number === undefined) {
        const done = await client.unblock(source);
        show(
          terminal,
          options.json,
          done,
          ({ blocks }) => `Unblocked ${done.source}: it was in block ${blocks.join(' and ')}.\n`,
        );
      } else {
        const gone = await client.removeBlock(Number(number));
        show(terminal, options.json, gone, (block) => `Took block ${block.number} away: ${what(block)}.\n`);
      }
    });
}

export function blocksCommand(terminal: Terminal): Command {
  return clientCommand('blocks', 'List what is blocked, or tell about one block.')
    .argument('[number]', 'tell about this one', blockNumber)
    .addHelpText(
      'after',
      `
Columns:
  BY       person, verdict (of an attack) or list
  LINE     first: nothing of its sources gets in; second: none of their new connections
  ENDS     when it ends by itself

Examples:
  arctictern blocks
  arctictern blocks 3 --json`,
    )
    .action(async (number: number | undefined, options: ClientCommandOptions) => {
      const client = clientFor(options, terminal);
      const now = terminal.clock.now();
      const { colors } = terminal.out;
      if (number === undefined) {
        show(terminal, options.json, await client.blocks(), (blocks) => blocksText(blocks, now, colors));
      } else {
        const one = await client.blockNumbered(number);
        show(terminal, options.json, one, (block) => blockText(block, now, colors));
      }
    });
}

function what({ sources, count, guest }: BlockObject): string {
  const which = count === 1 && sources[0] !== undefined ? sources[0] : counted(count, 'source');
  return guest === null ? which : `${which} for guest ${guest}`;
}

/** One a line, as lists of addresses mostly are. */
function readSources(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new SourcesFileError(file, error);
  }
  return text.split('\n').flatMap((line) => {
    const source = line.replace(/#.*/, '').trim();
    return source === '' ? [] : [source];
  });
}

function lastingTime(text: string): number {
  const ms = lasting(text);
  if (ms === undefined || ms > limits.longest) {
    throw new InvalidArgumentError('It should be a time such as 90s, 10m, 2h or 7d, a year at most.');
  }
  return ms;
}

function blockNumber(text: string): number {
  const number = Number(text.replace(/^#/, ''));
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new InvalidArgumentError('It should be the number of a block; `arctictern blocks` shows them.');
  }
  return number;
}
