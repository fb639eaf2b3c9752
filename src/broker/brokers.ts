import type { Kind, KindSet } from '../manifest/kind.ts';
import { Broker } from './broker.ts';

/** The broker of every kind. */
export class Brokers {
  readonly kinds: KindSet;
  readonly #byKind: ReadonlyMap<string, Broker>;

  constructor(kinds: KindSet) {
    this.kinds = kinds;
    this.#byKind = new Map(kinds.all.map((kind) => [kind.name, new Broker(kind, kinds)]));
  }

  get all(): readonly Broker[] {
    return [...this.#byKind.values()];
  }

  of(kind: Kind | string): Broker {
    const name = typeof kind === 'string' ? kind : kind.name;
    const broker = this.#byKind.get(name);
    if (broker === undefined) throw new Error(`no broker for the kind ${name}`);
    return broker;
  }
}
