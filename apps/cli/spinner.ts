/**
 * The last line of a terminal, drawn anew while something takes its time.
 */
import type { Cancel, Clock } from '../../controller/clock.ts';
import { cli as limits } from '../../controller/limits.ts';
import type { Output } from './terminal.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const CLEAR_LINE = '\r\x1b[K';

export class Spinner {
  readonly #out: Output;
  readonly #clock: Clock;
  #text: (() => string) | undefined;
  #frame = 0;
  #cancel: Cancel = () => undefined;

  constructor(out: Output, clock: Clock) {
    this.#out = out;
    this.#clock = clock;
  }

  /** Turns with this text, asked for anew at every turn, until told otherwise. Does nothing where there is no terminal. */
  show(text: () => string): void {
    this.#text = text;
    if (!this.#out.interactive) return;
    this.#cancel();
    this.#turn();
  }

  /** Writes lines in place of the spinner, which is drawn below them at its next turn. */
  print(text: string): void {
    this.#out.write(this.#out.interactive ? `${CLEAR_LINE}${text}` : text);
  }

  stop(): void {
    this.#cancel();
    if (this.#text !== undefined && this.#out.interactive) this.#out.write(CLEAR_LINE);
    this.#text = undefined;
  }

  #turn(): void {
    const { colors } = this.#out;
    this.#frame = (this.#frame + 1) % FRAMES.length;
    this.#out.write(`${CLEAR_LINE}${colors.cyan(FRAMES[this.#frame] ?? '')} ${this.#text?.() ?? ''}`);
    this.#cancel = this.#clock.after(limits.spinnerInterval, () => this.#turn());
  }
}
