/** `arctictern openflow`: looks into OpenFlow messages, and makes them; needs no controller. */
import { Command } from 'commander';
import { cli as limits } from '../../../controller/limits.ts';
import { InputError } from '../errors.ts';
import { jsonToHex, messageToJson } from '../openflow/convert.ts';
import { HexMessages } from '../openflow/hex-messages.ts';
import { Lines } from '../openflow/lines.ts';
import type { Terminal } from '../terminal.ts';

export function openflowCommand(terminal: Terminal): Command {
  const command = new Command('openflow').description(
    'Read and write OpenFlow 1.5 messages, without a controller.',
  );
  command
    .command('decode')
    .description('Hex digits on standard input → one line of JSON for each message.')
    .addHelpText(
      'after',
      `
White space may stand anywhere. Messages may follow each other on a line, have a line each, or be spread over several.

Examples:
  echo 0602 0008 0000 0001 | arctictern openflow decode
  tshark -r capture.pcap -Y openflow -T fields -e tcp.payload | arctictern openflow decode | jq .type`,
    )
    .action(async () => decodeInput(terminal));
  command
    .command('encode')
    .description('Lines of JSON on standard input → one line of hex digits for each message.')
    .addHelpText(
      'after',
      `
Takes what \`decode\` gives, and gives the identical bytes. A message without an xid gets 0. Empty lines are skipped.

Examples:
  echo '{"type":"echo_request","xid":1,"data":""}' | arctictern openflow encode
  arctictern openflow decode < messages.hex | jq -c '.xid = 7' | arctictern openflow encode`,
    )
    .action(async () => encodeInput(terminal));
  return command;
}

async function decodeInput({ input, out }: Terminal): Promise<void> {
  const messages = new HexMessages();
  await eachChunk(input, false, async (text) => {
    const lines: string[] = [];
    try {
      messages.push(text, (message) => lines.push(messageToJson(message)));
    } finally {
      // What came before something wrong is good.
      await writeLines(out, lines);
    }
  });
  messages.end();
}

async function encodeInput({ input, out }: Terminal): Promise<void> {
  const splitter = new Lines(limits.jsonLine);
  const encodeLines = async (
    take: (deliver: (line: string, number: number) => void) => void,
  ): Promise<void> => {
    const lines: string[] = [];
    try {
      take((line, number) => {
        if (line.trim() !== '') lines.push(jsonToHex(line, number));
      });
    } finally {
      await writeLines(out, lines);
    }
  };
  await eachChunk(input, true, (text) => encodeLines((deliver) => splitter.push(text, deliver)));
  await encodeLines((deliver) => splitter.end(deliver));
}

async function writeLines(out: Terminal['out'], lines: readonly string[]): Promise<void> {
  if (lines.length > 0) out.write(`${lines.join('\n')}\n`);
  await out.drained();
}

/** Decodes UTF-8 that is cut anywhere. `strictly`: throws `CLI_INPUT` where it is none. */
async function eachChunk(
  input: AsyncIterable<Uint8Array>,
  strictly: boolean,
  take: (text: string) => Promise<void>,
): Promise<void> {
  const decoder = new TextDecoder('utf-8', { fatal: strictly });
  let offset = 0;
  const decodeText = (chunk?: Uint8Array): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch (error) {
      throw new InputError(`near byte ${offset} of the input: it is no UTF-8`, { cause: error });
    }
  };
  for await (const chunk of input) {
    await take(decodeText(chunk));
    offset += chunk.length;
  }
  await take(decodeText());
}
