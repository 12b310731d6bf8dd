/**
 * Reads a stream of server-sent events (HTML, section 9.2.6), cut anywhere; of the fields, only `data` matters here.
 */
export class EventSplitter {
  readonly #text = new TextDecoder();
  #line = '';
  #data: string[] = [];
  #afterReturn = false;

  /** Calls `deliver` with the data of each event that is whole by now. */
  push(chunk: Uint8Array, deliver: (data: string) => void): void {
    let text = this.#text.decode(chunk, { stream: true });
    if (this.#afterReturn && text.startsWith('\n')) text = text.slice(1);
    if (text !== '') this.#afterReturn = text.endsWith('\r');
    const lines = (this.#line + text).split(/\r\n|\n|\r/);
    this.#line = lines.pop() ?? '';
    for (const line of lines) this.#take(line, deliver);
  }

  #take(line: string, deliver: (data: string) => void): void {
    if (line === '') {
      const data = this.#data;
      this.#data = [];
      if (data.length > 0) deliver(data.join('\n'));
      return;
    }
    const field = /^data(?:: ?(.*))?$/s.exec(line);
    if (field !== null) this.#data.push(field[1] ?? '');
  }
}
