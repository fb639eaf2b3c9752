import { exampleOf, schemaOf } from '../broker/kind-answers.ts';
import { recordNotFound } from '../broker/not-found.ts';
import type { Answer } from '../broker/response.ts';
import { requireVerb, type Verb, verbs, type WritingVerb } from '../broker/verbs.ts';
import { PlumblineError } from '../lib/errors.ts';
import type { JsonObject } from '../lib/json.ts';
import { valueAt } from '../lib/json.ts';
import type { Kind } from '../manifest/kind.ts';
import type { LoadResult } from '../manifest/load.ts';
import { keyId, type Manifest, type ResourceKey } from '../manifest/manifest.ts';
import { isServed, type LiveRecord } from '../manifest/record.ts';
import { disclosed } from '../manifest/secret-value.ts';
import type { Plan } from '../plan/change.ts';
import { inventoryRow } from '../store/inventory.ts';
import { limited } from './limited.ts';
import { type By, perform, planApply, planDelete, planDeployment } from './manual.ts';
import type { Ports } from './ports.ts';
import { type LogEntry, lastLines, linesAfter, tailLimit } from './record-log.ts';

/**
 * One resource as a person or a program addresses it, with every verb of its broker and what is known
 * of it. A verb answers, or throws a PlumblineError. Reads never write, and nothing that was read is
 * kept: each question is answered by the records as they are, so no write can leave a stale answer.
 */
export class Resource {
  readonly kind: Kind;
  readonly key: ResourceKey;
  readonly #ports: Ports;
  readonly #loaded: LoadResult | undefined;

  /** `loaded` is the one manifest that it was made from, if it was. */
  constructor(ports: Ports, kind: Kind, key: ResourceKey, loaded?: LoadResult) {
    this.kind = kind;
    this.key = key;
    this.#ports = ports;
    this.#loaded = loaded;
  }

  get name(): string {
    return this.key.name;
  }

  get account(): string {
    return this.key.account;
  }

  /** What the resource is called in a log: `Broker[LLMClient default/support_bot]`. */
  get formattedClassName(): string {
    return `Broker[${this.kind.name} ${this.account}/${this.name}]`;
  }

  /** Whether there is something to work with: a manifest that was given, or a record. */
  async ready(): Promise<boolean> {
    return this.#loaded !== undefined || (await this.record()) !== undefined;
  }

  /** The record; undefined while there is none. */
  record(): Promise<LiveRecord | undefined> {
    const broker = this.#ports.brokers.of(this.kind);
    return this.#ports.database.read((query) => broker.find(query, this.account, this.name));
  }

  /** The manifest that was given, else that of the record. Secret values are not in it. */
  async manifest(): Promise<Manifest | undefined> {
    const [given] = this.#loaded?.manifests ?? [];
    const manifest = given?.manifest ?? (await this.record())?.manifest;
    return manifest === undefined ? undefined : disclosed(manifest, this.kind);
  }

  /** The source that owns the record; undefined where nobody does. */
  async owner(): Promise<string | undefined> {
    const row = await this.#ports.database.read((query) => inventoryRow(query, this.key));
    return row?.source;
  }

  /** Names of the plugins; none for a kind that has none. */
  async plugins(): Promise<readonly string[]> {
    return this.#list('spec.plugins');
  }

  /** Names of the built-in functions; none for a kind that has none. */
  async functions(): Promise<readonly string[]> {
    return this.#list('spec.functions');
  }

  /** Name of the API key that callers must show. */
  async apiKey(): Promise<string | undefined> {
    if (!this.kind.fields.some((it) => it.path === 'spec.apiKey')) return undefined;
    return valueAt(await this.manifest(), 'spec.apiKey') as string | undefined;
  }

  /** What a verb would do. Throws as the verb does where that is known without doing it. */
  plan(verb: WritingVerb): Promise<Plan> {
    const { kind, key } = this;
    const ports = this.#ports;
    if (verb === 'apply') return planApply(ports, key.account, this.#given());
    if (verb === 'delete') return planDelete(ports, key.account, [{ kind, key }]);
    return planDeployment(ports, kind, key, verb === 'deploy');
  }

  /** Brings the record to the manifest that was given. The answer holds it as it is then. */
  async apply(by: By): Promise<Answer> {
    const changed = await this.#execute('apply', by);
    const record = await this.#found();
    return this.#answer('apply', this.#ports.brokers.of(this.kind).describe(record), changed);
  }

  /** Deletes the record; a deployed one is undeployed first. */
  async delete(by: By): Promise<Answer> {
    return this.#answer('delete', {}, await this.#execute('delete', by));
  }

  /** Publishes the record. */
  async deploy(by: By): Promise<Answer> {
    return this.#answer('deploy', {}, await this.#execute('deploy', by));
  }

  /** Withdraws the record. */
  async undeploy(by: By): Promise<Answer> {
    return this.#answer('undeploy', {}, await this.#execute('undeploy', by));
  }

  /** The record as a manifest with its status. */
  async describe(): Promise<Answer> {
    const record = await this.#found();
    return this.#answer('describe', this.#ports.brokers.of(this.kind).describe(record));
  }

  /** What the journal says of the record, oldest first; it still does when the record is gone. */
  async logs({ tail = tailLimit.usual }: { readonly tail?: number } = {}): Promise<Answer> {
    const entries = await this.logEntries(tail);
    const lines = entries.map(({ line }) => line);
    return this.#answer('logs', lines.length === 0 ? {} : { lines });
  }

  /** The last entries of its log. Throws RECORD_NOT_FOUND where there never was such a record. */
  async logEntries(tail: number): Promise<LogEntry[]> {
    requireVerb(this.kind, 'logs');
    const entries = await this.#ports.database.read((query) => lastLines(query, this.key, tail));
    if (entries.length === 0) await this.#found();
    return entries;
  }

  /** The entries of its log that came after the one with this id. */
  logEntriesAfter(id: number): Promise<LogEntry[]> {
    return this.#ports.database.read((query) => linesAfter(query, this.key, id));
  }

  /** Sends one message to the deployed resource and answers with what it says. */
  async prompt(text: string, signal: AbortSignal): Promise<Answer> {
    requireVerb(this.kind, 'prompt');
    const record = await this.#found();
    if (!isServed(record))
      throw new PlumblineError(
        'RECORD_NOT_DEPLOYED',
        `${this.kind.name} ${this.name} is not deployed, so nothing answers for it`,
        { hint: `deploy it first: plumbline deploy ${this.kind.name.toLowerCase()} ${this.name}` },
      );
    const { endpoint, clock } = this.#ports;
    const answer = await limited(clock, endpoint.limits.patience, signal, (giveUp) =>
      endpoint.prompt(record, text, giveUp),
    );
    return this.#answer('prompt', { answer });
  }

  exampleManifest(): Answer {
    return exampleOf(this.kind);
  }

  schema(): Answer {
    return schemaOf(this.kind);
  }

  async #execute(verb: WritingVerb, by: By): Promise<boolean> {
    this.#ports.log.debug({ broker: this.formattedClassName, verb }, 'a verb begins');
    const results = await perform(this.#ports, await this.plan(verb), by);
    return results.length > 0;
  }

  #given(): LoadResult {
    if (this.#loaded !== undefined) return this.#loaded;
    throw new PlumblineError(
      'MANIFEST_NONE',
      `there is no manifest of ${this.kind.name} ${this.name} to apply`,
      {
        hint: 'give one, as text, as a file or as a value',
      },
    );
  }

  async #found(): Promise<LiveRecord> {
    const record = await this.record();
    if (record === undefined) throw recordNotFound(this.kind.name, this.name);
    return record;
  }

  async #list(path: string): Promise<readonly string[]> {
    if (!this.kind.fields.some((it) => it.path === path)) return [];
    const value = valueAt(await this.manifest(), path);
    return Array.isArray(value) ? (value as readonly string[]) : [];
  }

  #answer(verb: Verb, data: JsonObject, changed = false): Answer {
    const what = `${this.kind.name} ${this.name}`;
    const isWrite = verb === 'apply' || verb === 'deploy' || verb === 'undeploy';
    const message =
      isWrite && !changed
        ? `${what} is ${verbs[verb]} already`
        : `${what} ${verbs[verb]} successfully`;
    return { verb, thing: this.kind.name, changed, data, message };
  }
}

/** Equal for the same resource, however it was addressed. */
export function sameResource(a: Resource, b: Resource): boolean {
  return keyId(a.key) === keyId(b.key);
}
