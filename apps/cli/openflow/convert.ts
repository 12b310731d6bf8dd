/**
 * OpenFlow messages between hex digits and JSON, with the place of whatever is wrong.
 */
import { messageOf } from '../../../controller/errors.ts';
import { decode, encode, fromJson, OpenFlowError, toJson } from '../../../controller/openflow/index.ts';
import { InputError } from '../errors.ts';
import type { HexMessage } from './hex-messages.ts';

/** The JSON form of a message, on one line. Throws `CLI_INPUT`. */
export function messageToJson(message: HexMessage): string {
  try {
    return JSON.stringify(toJson(decode(message.bytes)));
  } catch (error) {
    if (!(error instanceof OpenFlowError)) throw error;
    const { number, offset } = message;
    const line = message.lineOf(Math.max(0, error.offset));
    throw new InputError(
      `line ${line}, message ${number} (from byte ${offset} of the input): ${error.message}`,
      {
        cause: error,
      },
    );
  }
}

/** The bytes of the message that a line of JSON is the form of, as hex digits. Throws `CLI_INPUT`. */
export function jsonToHex(line: string, number: number): string {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    throw new InputError(`line ${number}: it is no JSON: ${messageOf(error)}`, {
      cause: error,
    });
  }
  try {
    return Buffer.from(encode(fromJson(json))).toString('hex');
  } catch (error) {
    if (!(error instanceof OpenFlowError)) throw error;
    throw new InputError(`line ${number}: ${error.message}`, { cause: error });
  }
}
