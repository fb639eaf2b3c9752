import type { Test } from './tap.ts';
import { until } from './until.ts';

export interface Told {
  readonly type: string;
  readonly id: string | undefined;
  readonly data: Record<string, unknown>;
}

/** A reader of server-sent events, as a browser keeps them. */
export class EventReader {
  readonly events: Told[] = [];
  /** What a browser would send as Last-Event-ID. */
  lastId = '';
  beats = 0;
  status = 0;
  ended = false;
  readonly #stop = new AbortController();

  constructor(t: Test, address: string, headers: Readonly<Record<string, string>> = {}) {
    t.teardown(() => this.close());
    void this.#read(address, headers).catch(() => {
      this.ended = true;
    });
  }

  close(): void {
    this.#stop.abort();
  }

  /** Waits until the stream has begun. */
  begun(): Promise<void> {
    return until(() => this.lastId !== '' || this.ended);
  }

  /** Waits for an event of a type, and gives the first. */
  async told(type: string): Promise<Told> {
    await until(() => this.events.some((it) => it.type === type));
    return this.events.find((it) => it.type === type) as Told;
  }

  async #read(address: string, headers: Readonly<Record<string, string>>): Promise<void> {
    const { signal } = this.#stop;
    const answer = await fetch(`http://${address}/api/v1/events`, { headers, signal });
    this.status = answer.status;
    let waiting = '';
    for await (const bytes of answer.body ?? []) {
      waiting += Buffer.from(bytes).toString();
      const blocks = waiting.split('\n\n');
      waiting = blocks.pop() as string;
      for (const block of blocks) this.#take(block);
    }
    this.ended = true;
  }

  #take(block: string): void {
    if (block === ':') this.beats += 1;
    const fields = new Map(
      block.split('\n').map((line) => {
        const at = line.indexOf(': ');
        return [line.slice(0, at), line.slice(at + 2)] as const;
      }),
    );
    const id = fields.get('id');
    if (id !== undefined) this.lastId = id;
    const [type, text] = [fields.get('event'), fields.get('data')];
    if (type !== undefined && text !== undefined)
      this.events.push({ type, id, data: JSON.parse(text) });
  }
}
