import type { JsonObject } from '../lib/json.ts';
import type { Kind, KindSet, Platform } from '../manifest/kind.ts';
import type { Manifest, ResourceKey } from '../manifest/manifest.ts';
import { isServed, type LiveRecord } from '../manifest/record.ts';
import { disclosed } from '../manifest/secret-value.ts';
import type { Query } from '../store/database.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import { recordLocator } from './locator.ts';
import { type Cell, differingTables, type Resolve, type Row, toRows } from './record-map.ts';
import { readNamed, readPage, readPages } from './record-reader.ts';
import { type RecordShape, recordShape } from './record-shape.ts';
import { referentsOf } from './referents.ts';

/** What one write leaves behind, staged together with everything else of its transaction. */
export interface Write {
  readonly id: number;
  readonly key: ResourceKey;
  readonly manifest: Manifest;
  readonly deployed: boolean | undefined;
  /** Sealed value of a secret; absent where the stored one stays. */
  readonly sealed?: string | undefined;
  /** Of the record after the write. */
  readonly generation: number;
  /** Absent for a new record. */
  readonly before: LiveRecord | undefined;
  /** For a record that comes back: when it was made, and the columns that no manifest sets. */
  readonly restored?: Pick<LiveRecord, 'createdAt' | 'columns'> | undefined;
  /** ISO 8601. */
  readonly now: string;
}

/**
 * Owns the life of the records of one kind. It reads them back through the same table that writes
 * them, and it stages writes: one record or ten thousand go through the same unit of work. Reads never
 * write.
 */
export class Broker {
  readonly kind: Kind;
  readonly #platform: Platform;
  readonly #shape: RecordShape;

  constructor(kind: Kind, kinds: KindSet, platform: Platform) {
    this.kind = kind;
    this.#platform = platform;
    this.#shape = recordShape(kind, kinds);
  }

  /** Main table of the kind, where ids are handed out. */
  get table(): string {
    return this.#shape.main;
  }

  pages(query: Query, account: string): AsyncGenerator<readonly LiveRecord[]> {
    return readPages(query, this.#shape, account);
  }

  /** One page of the records, by name after this one. */
  page(query: Query, account: string, after: string): Promise<readonly LiveRecord[]> {
    return readPage(query, this.#shape, account, after);
  }

  /** The records with these names, those that there are. */
  read(query: Query, account: string, names: readonly string[]): Promise<readonly LiveRecord[]> {
    return readNamed(query, this.#shape, account, names);
  }

  /** The names of the records of this kind that refer to one of these of another name space. */
  referents(
    query: Query,
    account: string,
    space: string,
    names: readonly string[],
  ): Promise<readonly string[]> {
    return referentsOf(query, this.#shape, account, space, names);
  }

  async find(query: Query, account: string, name: string): Promise<LiveRecord | undefined> {
    return (await this.read(query, account, [name]))[0];
  }

  /** Stages a new record with all its child rows, or what differs of a changed one. */
  stageWrite(unit: UnitOfWork, write: Write, resolve: Resolve): void {
    const shape = this.#shape;
    const { id, key, manifest, before, restored, now } = write;
    const kept = {
      ...this.#deployment(write.deployed),
      ...this.#secret(write.sealed),
      generation: write.generation,
      updated_at: now,
    };
    // A switch of deployment writes the very manifest that was read.
    if (manifest === before?.manifest) {
      unit.update(shape.main, { id, ...kept });
      return;
    }
    const rows = toRows(shape, key, manifest, id, resolve);
    const differing = differingTables(shape, before?.manifest, manifest);
    if (before === undefined) {
      const columns = restored?.columns as Row | undefined;
      const created_at = restored?.createdAt ?? now;
      unit.insert(shape.main, { ...columns, ...rows.main, ...kept, created_at });
    } else {
      unit.update(shape.main, { ...this.#changed(unit, rows.main, before), ...kept });
      for (const table of differing) unit.remove(table, shape.parent, id);
    }
    for (const [table, row] of rows.ones) if (differing.has(table)) unit.insert(table, row);
    for (const [table, list] of rows.lists)
      if (differing.has(table)) for (const row of list) unit.insert(table, row);
  }

  /** The row without the unique values that stay, whose index would move; those that change are given up first. */
  #changed(unit: UnitOfWork, { account: _, name: __, ...row }: Row, before: LiveRecord): Row {
    for (const column of this.kind.tables.unique ?? [])
      if (before.columns[column] === row[column]) delete row[column];
      else unit.giveUp(this.#shape.main, before.id, column);
    return row;
  }

  /** Stages the removal of a record and its child rows. */
  stageRemoval(unit: UnitOfWork, id: number): void {
    for (const { table } of [...this.#shape.lists, ...this.#shape.ones])
      unit.remove(table, this.#shape.parent, id);
    unit.remove(this.#shape.main, 'id', id);
  }

  #secret(sealed: string | undefined): Record<string, Cell> {
    const { secret } = this.kind;
    return secret === undefined || sealed === undefined ? {} : { [secret.column]: sealed };
  }

  /** The deployment column as the run decided it, whatever the manifest says. */
  #deployment(deployed: boolean | undefined): Record<string, Cell> {
    const field = this.kind.fields.find((it) => it.path === this.kind.deployment);
    if (field === undefined || !('column' in field.storage)) return {};
    return { [field.storage.column]: deployed === true ? 1 : 0 };
  }

  /** The manifest with its status, as `describe` shows it; nothing of a secret value is in it. */
  describe(record: LiveRecord): JsonObject {
    const { kind } = this;
    const { accountNumber = record.key.account, username } = this.#platform;
    return {
      ...disclosed(record.manifest, kind),
      status: {
        recordLocator: recordLocator(kind, record.id),
        created: record.createdAt,
        modified: record.updatedAt,
        accountNumber,
        username,
        ...(record.deployed === undefined ? {} : { deployed: isServed(record) }),
        ...endpointStatus(record),
        ...kind.status(record, this.#platform),
      },
    } as unknown as JsonObject;
  }
}

/** What is known of a record's endpoint; nothing where the record itself is the endpoint. */
function endpointStatus({ owed, endpoint }: LiveRecord): object {
  if (owed === undefined && endpoint === undefined) return {};
  const pending =
    owed === undefined
      ? {}
      : { pending: owed.verb, since: owed.since, attempts: owed.attempts, problem: owed.lastError };
  return { endpoint: { ...endpoint, ...pending } };
}
