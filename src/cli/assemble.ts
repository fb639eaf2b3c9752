import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { Brokers } from '../broker/brokers.ts';
import { recordMigrations } from '../broker/record-schema.ts';
import { storedKeyId } from '../broker/sealed.ts';
import type { Config } from '../config/config.ts';
import type { Endpoint } from '../endpoint/endpoint.ts';
import { recordEndpoint } from '../endpoint/record.ts';
import { kinds } from '../kinds/kinds.ts';
import { LocalVault } from '../kinds/secret/local-vault.ts';
import { createLog } from '../lib/log.ts';
import { systemClock } from '../lib/time.ts';
import type { WatchedTarget } from '../reconcile/daemon.ts';
import type { Ports } from '../reconcile/ports.ts';
import type { Database } from '../store/database.ts';
import { isNew } from '../store/database-file.ts';
import { openStore } from '../store/open.ts';
import { fileMarks, memoryMarks } from '../store/parse-marks.ts';
import { memory } from '../store/sqlite.ts';
import { configure } from './configure.ts';
import type { Invocation } from './invocation.ts';
import { keyRing } from './key-ring.ts';
import { type Elsewhere, targetsOf } from './targets.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { version } from './version.ts';

/**
 * How a command opens the database: `read` changes no byte of it and creates nothing, `write` writes
 * beside a daemon that may be running, `exclusive` refuses to start where another process converges.
 */
export type Opening = 'read' | 'write' | 'exclusive';

/** The parts of Plumbline, put together for one command. */
export interface Assembly {
  readonly config: Config;
  readonly ports: Ports;
  /** False where a command that only reads found no database: what it reads is empty then. */
  readonly hasDatabase: boolean;
  /** The configured sources, or those of these names. Throws SOURCE_UNKNOWN. */
  targets(names: readonly string[], elsewhere: Elsewhere): readonly WatchedTarget[];
  /** What must be closed when the command ends, whatever happens. */
  readonly close: Set<() => Promise<void>>;
}

/** Loads the configuration, opens the database, and closes all of it again when the work is done. */
export async function withPorts(
  invocation: Invocation,
  opening: Opening,
  work: (assembly: Assembly) => Promise<number>,
): Promise<number> {
  return withConfigured(invocation, await configure(invocation), opening, work);
}

/** The same for a configuration that is loaded already. */
export async function withConfigured<T>(
  { terminal }: Invocation,
  config: Config,
  opening: Opening,
  work: (assembly: Assembly) => Promise<T>,
): Promise<T> {
  const close = new Set<() => Promise<void>>();
  try {
    const database = await open(config, opening, close);
    const log = createLog({ ...config.log, stream: terminal.log });
    const path = pathOf(config);
    const ports: Ports = {
      database,
      brokers: new Brokers(kinds, config.platform),
      endpoint: await endpointOf(config),
      vault: new LocalVault({
        environment: terminal.environment,
        directory: config.secrets.directory,
        key: keyRing(config, opening, await database.read((query) => storedKeyId(query, kinds))),
      }),
      clock: systemClock,
      journalKept: config.journal.keep,
      marks: path === memory ? memoryMarks() : fileMarks(path),
      trashKept: config.trash.keep,
      log,
      version: version(),
    };
    const state = await stateFolder(path, close);
    return await work({
      config,
      ports,
      hasDatabase: path === memory || !isNew(path),
      close,
      targets: (names, elsewhere) => targetsOf(config, names, elsewhere, state, log),
    });
  } finally {
    for (const end of [...close].reverse()) await end();
  }
}

async function endpointOf({ endpoint }: Config): Promise<Endpoint> {
  if (endpoint.driver === 'record') return recordEndpoint;
  const { webhookEndpoint } = await import('../endpoint/webhook.ts');
  const { url, key, timeout, patience, undeployTimeout } = endpoint;
  const limits = { ...recordEndpoint.limits, timeout, patience, undeployTimeout };
  return webhookEndpoint({ url, key, limits, version: version() });
}

async function open(config: Config, opening: Opening, close: Assembly['close']): Promise<Database> {
  const store = await openStore(config.database, {
    mode: opening === 'read' ? 'read' : 'write',
    migrations: recordMigrations(kinds),
    ...(opening === 'exclusive' ? { holder: `plumbline ${process.argv[2] ?? ''}`.trim() } : {}),
  });
  close.add(() => store.close());
  return store.database;
}

/** The file of the database, or `:memory:`. */
export function pathOf(config: Config): string {
  return config.database.replace(/^sqlite:/, '');
}

/** A private folder for mirrors of Git repositories, beside the database; all of it can be fetched again. */
async function stateFolder(path: string, close: Assembly['close']): Promise<string> {
  if (path !== memory) return join(dirname(path), 'git');
  const folder = await temporaryFolder();
  close.add(folder.remove);
  return folder.path;
}

/** Who a change by hand is journalled under. */
export function actor(): string {
  try {
    return `user:${userInfo().username}`;
  } catch {
    // A container may run under a number that has no name.
    return `user:${process.getuid?.() ?? 'unknown'}`;
  }
}
