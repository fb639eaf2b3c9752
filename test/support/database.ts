import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Database, Migration } from '../../src/store/database.ts';
import { ask, closeHandle, openHandle } from '../../src/store/driver.ts';
import { openStore } from '../../src/store/open.ts';
import type { Test } from './tap.ts';

/** An empty folder outside the project, gone when the test is over. */
export function freshFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A new database in a file, with the tables of the store and of these migrations; closed and gone when the test is over. */
export async function freshDatabase(
  t: Test,
  migrations: readonly Migration[] = [],
): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-'));
  const store = await openStore(`sqlite:${join(folder, 'test.db')}`, { mode: 'write', migrations });
  t.teardown(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return store.database;
}

/** Runs one statement as people do in the command line of SQLite, which keeps no foreign keys. */
export async function behindItsBack(path: string, sql: string): Promise<void> {
  const handle = await openHandle(path, 'write');
  try {
    await ask(handle, 'PRAGMA foreign_keys = OFF');
    await ask(handle, sql);
  } finally {
    await closeHandle(handle);
  }
}

/** Another process, killed at the latest when the test is over. */
export interface OtherProcess {
  readonly process: ChildProcess;
  /** The next line it prints; rejects with what it complained of when it ends instead. */
  line(): Promise<string>;
  /** Resolves when it has ended, with its exit status, or null after a signal. */
  ended(): Promise<number | null>;
}

/**
 * Runs the text of a module in a process of its own. In it, `store(name)` imports a module of
 * `src/store`, `sqlite3` is the bare driver, `say` prints a line, and `args` are these arguments.
 */
export function otherProcess(t: Test, text: string, ...args: string[]): OtherProcess {
  return commandProcess(t, process.execPath, ...moduleArguments(text, args));
}

/** The arguments that make Node.js run such a module. */
export function moduleArguments(text: string, args: readonly string[]): string[] {
  const rooms = new URL('../../src/', import.meta.url).href;
  const prelude = `
    import sqlite3 from 'sqlite3';
    const [rooms, ...args] = process.argv.slice(1);
    const store = (name) => import(rooms + 'store/' + name + '.js');
    const say = (line) => process.stdout.write(line + '\\n');
  `;
  return ['--input-type=module', '--eval', prelude + text, rooms, ...args];
}

export function commandProcess(t: Test, command: string, ...args: string[]): OtherProcess {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  const complaints: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk.toString()));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const ended = once(child, 'close').then(([status]) => status as number | null);
  return {
    process: child,
    line: async () => {
      const { done, value } = await lines.next();
      if (done === true) throw new Error(`the process ended: ${complaints.join('')}`);
      return value;
    },
    ended: () => ended,
  };
}
