import type { ServerResponse } from 'node:http';
import { escapeUntrustedJson } from '../lib/terminal.ts';

/** Something that happened, as a stream tells it. What the journal has carries the id of its entry. */
export interface Event {
  readonly type: 'run-started' | 'run-finished' | 'condition' | 'change' | 'missed';
  readonly id?: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** One reader of server-sent events. Who reads too slowly is let go, so that nothing piles up for him. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #backlog: number;

  constructor(response: ServerResponse, headers: Record<string, string>, backlog: number) {
    this.#response = response;
    this.#backlog = backlog;
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8' });
  }

  /** Says from which entry of the journal on the reader must ask when it comes back. */
  begin(id: number): void {
    this.#write(`retry: 3000\nid: ${id}\n\n`);
  }

  tell({ type, id, data }: Event): void {
    const head = id === undefined ? '' : `id: ${id}\n`;
    this.#write(`${head}event: ${type}\ndata: ${escapeUntrustedJson(JSON.stringify(data))}\n\n`);
  }

  /** A comment, so that both sides notice when the other is gone. */
  beat(): void {
    this.#write(':\n\n');
  }

  end(): void {
    this.#response.end();
  }

  #write(text: string): void {
    if (this.#response.destroyed || this.#response.writableEnded) return;
    this.#response.write(text);
    if (this.#response.writableLength > this.#backlog) this.#response.destroy();
  }
}
