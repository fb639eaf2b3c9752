import type { Kind, KindSet } from '../manifest/kind.ts';
import { Broker } from './broker.ts';
import { mainOf } from './record-shape.ts';

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
