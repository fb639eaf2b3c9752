import { mkdtempSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { Brokers } from '../broker/brokers.ts';
import { recordMigrations } from '../broker/record-schema.ts';
import type { Config } from '../config/config.ts';
import type { ConfigFlags } from '../config/layers.ts';
import { loadConfig } from '../config/load.ts';
import { recordEndpoint } from '../endpoint/endpoint.ts';
import { kinds } from '../kinds/kinds.ts';
import { createLog, isPretty } from '../lib/log.ts';
import { systemClock } from '../lib/time.ts';
import type { WatchedTarget } from '../reconcile/daemon.ts';
import type { Ports } from '../reconcile/ports.ts';
import type { Database } from '../store/database.ts';
import { openStore } from '../store/open.ts';
import { type Invocation, textOption } from './invocation.ts';
import { problemsText } from './problems-text.ts';
import { type Elsewhere, targetsOf } from './targets.ts';
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
  /** Whether the log is for a person who watches, not for a machine. */
  readonly readable: boolean;
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
  const config = await configure(invocation);
  const close = new Set<() => Promise<void>>();
  try {
    const database = await open(config, opening, close);
    const log = createLog({ ...config.log, stream: invocation.terminal.log });
    const ports: Ports = {
      database,
      brokers: new Brokers(kinds),
      endpoint: recordEndpoint,
      clock: systemClock,
      log,
      version: version(),
    };
    const readable = isPretty(config.log.format, invocation.terminal.log);
    const state = stateFolder(config);
    return await work({
      config,
      ports,
      readable,
      close,
      targets: (names, elsewhere) => targetsOf(config, names, elsewhere, state, log),
    });
  } finally {
    for (const end of [...close].reverse()) await end();
  }
}

/** The configuration of this command line; its warnings are told on standard error. */
export async function configure(invocation: Invocation): Promise<Config> {
  const { terminal } = invocation;
  const file = textOption(invocation, 'config');
  const { config, warnings } = await loadConfig({
    ...(file === undefined ? {} : { file }),
    environment: terminal.environment,
    flags: configFlags(invocation),
    cwd: terminal.workingFolder,
  });
  if (warnings.length > 0) terminal.err(problemsText(warnings, terminal));
  return config;
}

function configFlags(invocation: Invocation): ConfigFlags {
  const flags: Record<string, string> = {};
  const options = { database: 'database', account: 'account', logLevel: 'log.level' };
  for (const [option, path] of Object.entries(options)) {
    const value = textOption(invocation, option);
    if (value !== undefined) flags[path] = value;
  }
  return flags;
}

async function open(
  config: Config,
  opening: Opening,
  close: Set<() => Promise<void>>,
): Promise<Database> {
  const store = await openStore(config.database, {
    mode: opening === 'read' ? 'read' : 'write',
    migrations: recordMigrations(kinds),
    ...(opening === 'exclusive' ? { holder: `plumbline ${process.argv[2] ?? ''}`.trim() } : {}),
  });
  close.add(() => store.close());
  return store.database;
}

/** A private folder for mirrors of Git repositories, beside the database; all of it can be fetched again. */
function stateFolder(config: Config): string {
  const path = config.database.replace(/^sqlite:/, '');
  return path === ':memory:'
    ? mkdtempSync(join(tmpdir(), 'plumbline-'))
    : join(dirname(path), 'git');
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
