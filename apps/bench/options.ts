/** The options of a benchmark: what is wrong with them is said in one sentence. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { messageOf } from '../../controller/errors.ts';
import { OptionError } from './errors.ts';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<T extends Options> = ReturnType<typeof parseArgs<{ options: T }>>['values'];

/** Those that this process was given. Throws `OptionError`. */
export function optionsOf<const T extends Options>(
  options: T,
  args: string[] = process.argv.slice(2),
): Values<T> {
  try {
    return parseArgs({ args, options }).values;
  } catch (cause) {
    const known = Object.keys(options).map((name) => `--${name}`);
    throw new OptionError(`${messageOf(cause)}; there are ${known.join(', ')}`, { cause });
  }
}

/** A number of runs. Throws `OptionError`. */
export function runsOf(text: string): number {
  const runs = Number(text);
  if (!Number.isInteger(runs) || runs < 1) {
    throw new OptionError(`--runs is ${text}: expected a number of runs`);
  }
  return runs;
}
