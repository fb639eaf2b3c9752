import type { Kind, KindSet, Platform } from '../manifest/kind.ts';
import { Broker } from './broker.ts';
import { mainOf } from './record-shape.ts';

/** Where nothing is configured. */
const nowhere: Platform = { scheme: 'https', username: 'plumbline' };

/** The broker of every kind. */
export class Brokers {
  readonly kinds: KindSet;
  readonly #byKind: ReadonlyMap<string, Broker>;

  constructor(kinds: KindSet, platform: Platform = nowhere) {
    this.kinds = kinds;
    this.#byKind = new Map(kinds.all.map((kind) => [kind.name, new Broker(kind, kinds, platform)]));
  }

  get all(): readonly Broker[] {
    return [...this.#byKind.values()];
  }

  /** Main table of a name space, which kinds may share. */
  tableOf(space: string): string {
    return mainOf(this.kinds, space);
  }

  of(kind: Kind | string): Broker {
    const name = typeof kind === 'string' ? kind : kind.name;
    const broker = this.#byKind.get(name);
    if (broker === undefined) throw new Error(`no broker for the kind ${name}`);
    return broker;
  }
}
