/**
 * Text, in whatever pieces it comes, into lines with their numbers.
 */
import { InputError } from '../errors.ts';

export class Lines {
  readonly #longest: number;
  #rest = '';
  #number = 0;

  /** `longest` is in UTF-16 code units. */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** Calls `deliver` with each line that is whole by now, without its end. Throws `CLI_INPUT` when one is too long. */
  push(text: string, deliver: (line: string, number: number) => void): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#deliver(line, deliver);
    if (this.#rest.length > this.#longest) this.#tooLong(this.#number + 1);
  }

  /** The input has ended; what is left is a line, too. */
  end(deliver: (line: string, number: number) => void): void {
    const rest = this.#rest;
    this.#rest = '';
    if (rest !== '') this.#deliver(rest, deliver);
  }

  #deliver(line: string, deliver: (line: string, number: number) => void): void {
    this.#number += 1;
    if (line.length > this.#longest) this.#tooLong(this.#number);
    deliver(line.endsWith('\r') ? line.slice(0, -1) : line, this.#number);
  }

  #tooLong(number: number): never {
    throw new InputError(
      `line ${number}: it is longer than ${this.#longest} characters, more than a message can need`,
    );
  }
}
