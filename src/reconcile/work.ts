import type { Snapshot, Source } from '../source/source.ts';
import type { Database, Query } from '../store/database.ts';
import type { Ports, Target } from './ports.ts';

/** How much a run did, in counts that are the same on every machine. */
export interface Work {
  /** Files that the source listed: all of them, or those that changed. */
  readonly filesListed: number;
  /** Contents that were read, each of which is parsed once. */
  readonly filesRead: number;
  readonly transactions: number;
  readonly statements: number;
  /** Rows that the statements gave. */
  readonly rows: number;
}

/** The same ports and target, and the count of what is done through them from now on. */
export function counted(
  ports: Ports,
  target: Target,
): { readonly ports: Ports; readonly target: Target; readonly work: Work } {
  const work = { filesListed: 0, filesRead: 0, transactions: 0, statements: 0, rows: 0 };
  return {
    ports: { ...ports, database: countedDatabase(ports.database, work) },
    target: { ...target, source: countedSource(target.source, work) },
    work,
  };
}

type Counts = { -readonly [name in keyof Work]: Work[name] };

function countedDatabase(database: Database, work: Counts): Database {
  const counting =
    <T>(ask: (query: Query) => Promise<T>) =>
    async (query: Query): Promise<T> => {
      const { statements, rowsGiven } = query;
      try {
        return await ask(query);
      } finally {
        work.transactions += 1;
        work.statements += query.statements - statements;
        work.rows += query.rowsGiven - rowsGiven;
      }
    };
  return {
    dialect: database.dialect,
    location: database.location,
    read: (ask) => database.read(counting(ask)),
    write: (ask) => database.write(counting(ask)),
    close: () => database.close(),
  };
}

function countedSource(source: Source, work: Counts): Source {
  const listed = <S extends Pick<Snapshot, 'files' | 'read'>>(snapshot: S): S => {
    work.filesListed += snapshot.files.length;
    // By itself: what reads is kept until the end of the run, and the list of all files need not be.
    const { read: reader } = snapshot;
    const read: Snapshot['read'] = async function* (files) {
      for await (const content of reader(files)) {
        work.filesRead += 1;
        yield content;
      }
    };
    return { ...snapshot, read };
  };
  return {
    name: source.name,
    origin: source.origin,
    revision: (signal) => source.revision(signal),
    fetch: async (signal) => listed(await source.fetch(signal)),
    changes: async (since, signal) => {
      const changes = await source.changes(since, signal);
      return changes === undefined ? undefined : listed(changes);
    },
    recall: (file) => source.recall(file),
    watch: (changed) => source.watch(changed),
    close: () => source.close(),
  };
}
