import { listing } from '../broker/listing.ts';
import { listRecords, type Position, type SortKey } from '../broker/record-list.ts';
import type { Answer } from '../broker/response.ts';
import { cursorOf, positionAt } from '../lib/cursor.ts';
import { sha256 } from '../lib/digest.ts';
import { PlumblineError } from '../lib/errors.ts';
import type { JsonObject } from '../lib/json.ts';
import { yamlLimits } from '../lib/yaml.ts';
import { kindByWord } from '../manifest/kind-word.ts';
import { type LoadResult, ManifestLoader } from '../manifest/load.ts';
import { foldName } from '../manifest/normal.ts';
import type { LiveRecord } from '../manifest/record.ts';
import type { ChangeResult, Plan } from '../plan/change.ts';
import { readRegularFile } from '../source/regular-file.ts';
import { refuseProblems } from './conclude.ts';
import {
  type By,
  executeManual,
  manual,
  type Named,
  perform,
  planApply,
  planDelete,
} from './manual.ts';
import type { Ports } from './ports.ts';
import { Resource } from './resource.ts';

/** Which records a list shows, and in which order; what is absent does not narrow. */
export interface ResourceQuery {
  /** In any of its words; every kind when absent. */
  readonly kind?: string | undefined;
  /** Exactly this name, or names that begin so where it ends in a star. */
  readonly name?: string | undefined;
  /** The source that owns them; `manual` for those that nobody owns. */
  readonly source?: string | undefined;
  readonly tag?: string | undefined;
  readonly deployed?: boolean | undefined;
  /** By kind unless said otherwise. */
  readonly sort?: SortKey | undefined;
  readonly descending?: boolean | undefined;
  readonly limit?: number | undefined;
  /** The `next` of the page before. */
  readonly cursor?: string | undefined;
}

/** Records in a page unless asked otherwise, and at most. */
export const pageSize = { usual: 100, most: 1000 };

/** A page of a list. */
export interface ResourcePage {
  readonly records: readonly LiveRecord[];
  /** The same as manifests with their status. */
  readonly items: readonly JsonObject[];
  /** The cursor of the page that follows, where there is one. */
  readonly next?: string;
}

/** The resources of one account: the one door to them for the command line and for HTTP. */
export class Resources {
  readonly #ports: Ports;
  readonly account: string;

  constructor(ports: Ports, account: string) {
    this.#ports = ports;
    this.account = account;
  }

  /** By kind, in any of its words, and name; a hyphen in it means an underscore, as in manifests. Throws USAGE. */
  named(word: string, name: string): Resource {
    const kind = kindByWord(this.#ports.brokers.kinds, word);
    const key = { account: this.account, space: kind.space, name: foldName(name) };
    return new Resource(this.#ports, kind, key);
  }

  /** By a manifest as a value. Throws MANIFEST_… with every problem of it. */
  ofManifest(value: unknown): Resource {
    return this.ofText(textOf(value));
  }

  /**
   * By a manifest as YAML or JSON. `origin` is what problems call the text. Throws MANIFEST_… with every
   * problem of it.
   */
  ofText(text: string | Uint8Array, origin = 'manifest'): Resource {
    return this.ofLoaded(this.load(text, origin));
  }

  /** By a manifest in a file. Throws FILE_UNREADABLE, and MANIFEST_… with every problem of it. */
  async ofFile(path: string): Promise<Resource> {
    const content = await readRegularFile(path, yamlLimits.bytes);
    if ('bytes' in content) return this.ofText(content.bytes, path);
    throw new PlumblineError('FILE_UNREADABLE', `${path} cannot be read as a manifest`, {
      hint: `name a file of at most ${yamlLimits.bytes} bytes that may be read`,
    });
  }

  /** By what a loader has found, which must be one manifest. Throws MANIFEST_… with every problem of it. */
  ofLoaded(loaded: LoadResult): Resource {
    refuseProblems(loaded);
    const [only, ...more] = loaded.manifests;
    if (only === undefined) throw new PlumblineError('MANIFEST_NONE', 'there is no manifest in it');
    if (more.length > 0)
      throw new PlumblineError('USAGE', `there are ${more.length + 1} manifests, not one`, {
        hint: 'apply them together, or give them one by one',
      });
    const { kinds } = this.#ports.brokers;
    return new Resource(this.#ports, kindByWord(kinds, only.kind), only.key, loaded);
  }

  /** Everything that a text declares, with all its problems. */
  load(text: string | Uint8Array, origin = 'manifest'): LoadResult {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    const { brokers, vault } = this.#ports;
    const loader = new ManifestLoader(brokers.kinds, this.account, vault);
    loader.add({ path: origin, blob: sha256(bytes) }, bytes);
    return loader.finish();
  }

  /** What applying these manifests together would do; each for itself, whatever is wrong with the others. */
  planApply(loaded: LoadResult): Promise<Plan> {
    return planApply(this.#ports, this.account, loaded);
  }

  /** What deleting these records together would do. Throws RECORD_NOT_FOUND, RECORD_OWNED and RECORD_PROTECTED. */
  planDelete(named: readonly Named[]): Promise<Plan> {
    return planDelete(this.#ports, this.account, named);
  }

  /** Executes a plan of these resources as a whole or not at all. Throws what refuses it, and what it failed with. */
  perform(plan: Plan, by: By): Promise<ChangeResult[]> {
    return perform(this.#ports, plan, by);
  }

  /** Executes what of a plan of these resources can be done. */
  execute(plan: Plan, by: By): Promise<ChangeResult[]> {
    return executeManual(this.#ports, plan, by);
  }

  /**
   * One page of the records that match. Throws USAGE for a kind, and REQUEST_INVALID for a cursor, that
   * nobody knows.
   */
  async list(wanted: ResourceQuery = {}): Promise<ResourcePage> {
    const { brokers, database } = this.#ports;
    const { kind, name, source, cursor, sort = 'kind', descending = false, limit } = wanted;
    const filter = {
      account: this.account,
      kinds: kind === undefined ? brokers.kinds.all : [kindByWord(brokers.kinds, kind)],
      name: name === undefined ? undefined : foldName(name),
      source: source === manual ? null : source,
      tag: wanted.tag,
      deployed: wanted.deployed,
      sort,
      descending,
      limit: Math.min(limit ?? pageSize.usual, pageSize.most),
      after: cursor === undefined ? undefined : (positionAt(cursor, 3) as Position),
    };
    const { records, next } = await database.read((query) => listRecords(query, brokers, filter));
    return {
      records,
      items: records.map((record) => brokers.of(record.kind).describe(record)),
      ...(next === undefined ? {} : { next: cursorOf(next) }),
    };
  }

  /** One page of the records of a kind, as the reference platform lists them. */
  async get(word: string, wanted: Omit<ResourceQuery, 'kind'> = {}): Promise<Answer> {
    const kind = kindByWord(this.#ports.brokers.kinds, word);
    const { items, next } = await this.list({ ...wanted, kind: kind.name });
    // Only what was asked for; JSON has no undefined.
    const kwargs = JSON.parse(JSON.stringify({ ...wanted, next })) as JsonObject;
    return {
      verb: 'get',
      thing: kind.name,
      changed: false,
      data: listing(kind, items, { name: wanted.name, kwargs }),
      message: `${kind.name}s got successfully`,
    };
  }
}

/** A value as JSON text, so that it is read under the same rules as any text. Throws MANIFEST_SYNTAX. */
function textOf(value: unknown): string {
  try {
    const text = JSON.stringify(value);
    if (text !== undefined) return text;
  } catch {
    // A circle, or a number that JSON cannot write.
  }
  throw new PlumblineError('MANIFEST_SYNTAX', 'the value cannot be written as JSON', {
    hint: 'give a plain object of texts, numbers, lists and maps',
  });
}
