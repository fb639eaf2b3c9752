import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Terminal } from '../../src/cli/invocation.ts';
import { kinds } from '../../src/kinds/kinds.ts';
import type { RunResult } from '../../src/reconcile/outcome.ts';
import { plumbline } from '../support/command-line.ts';
import { GitRepository } from '../support/git-repository.ts';
import { clientYaml, pluginYaml, tokenYaml } from '../support/world.ts';
import { type Standing, standingOf } from './standing.ts';
import { converge } from './subject.ts';

const closed = { apiKey: 'gate' };

/** What every revision has beside what changes: an example of each kind. */
const examples = kinds.all.map((it) => it.example).join('---\n');

/** The revision that all tries begin with. */
const before: Readonly<Record<string, string>> = {
  'examples.yaml': examples,
  'gate.yaml': tokenYaml('gate'),
  'stays.yaml': clientYaml('stays', { deployed: true }, closed),
  'moves.yaml': pluginYaml('moves'),
  'one.yaml': pluginYaml('one'),
  'two.yaml': pluginYaml('two'),
  'edited.yaml': clientYaml(
    'edited',
    { appExamplePrompts: ['a', 'b', 'c'], defaultMaxTokens: 10 },
    { plugins: ['one', 'two'], functions: ['calculator', 'date_calculator'] },
  ),
  'swap_a.yaml': clientYaml('swap_a', { subdomain: 'north' }, closed),
  'swap_b.yaml': clientYaml('swap_b', { subdomain: 'south' }, closed),
  'on.yaml': clientYaml('on', { deployed: false }, closed),
  'off.yaml': clientYaml('off', { deployed: true }, closed),
  'leaves.yaml': clientYaml('leaves', { deployed: true }, { ...closed, plugins: ['two'] }),
};

/** The revision that all tries go to: every kind of change, every phase of a write, several transactions. */
const after: Readonly<Record<string, string | null>> = {
  'moves.yaml': null,
  'moved/moves.yaml': pluginYaml('moves'),
  'one.yaml': null,
  'three.yaml': pluginYaml('three', { topic: 'new' }),
  'edited.yaml': clientYaml(
    'edited',
    { appExamplePrompts: ['c', 'd'], defaultMaxTokens: 20, defaultModel: 'gpt-4.1' },
    { plugins: ['two', 'three'], functions: ['calculator'] },
  ),
  'swap_a.yaml': clientYaml('swap_a', { subdomain: 'south' }, closed),
  'swap_b.yaml': clientYaml('swap_b', { subdomain: 'north' }, closed),
  'on.yaml': clientYaml('on', { deployed: true }, closed),
  'off.yaml': clientYaml('off', { deployed: false }, closed),
  'leaves.yaml': null,
  'comes.yaml': clientYaml('comes', { deployed: true }, { ...closed, plugins: ['three'] }),
};

/** Where a try begins and what must be true of it in between and at its end. */
export interface Scenario {
  readonly title: 'first sync' | 'change';
  /** Copied for every try. */
  readonly template: string;
  readonly old: Standing;
  readonly wanted: Standing;
}

/**
 * A repository with two revisions, and folders in which the first, the second or none of them is
 * applied: made once, copied for every try.
 */
export class Ground {
  readonly folder = mkdtempSync(join(tmpdir(), 'plumbline-ground-'));
  readonly environment: Readonly<Record<string, string>>;
  readonly #repository: GitRepository;
  #tries = 0;

  constructor(environment: Readonly<Record<string, string>> = {}) {
    this.#repository = new GitRepository(join(this.folder, 'team.git'));
    this.#repository.git('update-ref', 'refs/heads/next', this.#repository.commit(before));
    this.#repository.commit(after, { branch: 'next' });
    this.environment = {
      PATH: process.env['PATH'] ?? '',
      PLUMBLINE_CONFIG: 'plumbline.yaml',
      PLUMBLINE_LOG_LEVEL: 'error',
      PLUMBLINE_HTTP_LISTEN: '127.0.0.1:0',
      WAREHOUSE_KEY: 'the value of a secret',
      ...environment,
    };
  }

  /** Applies the revisions once without a fault, and keeps what came of it. */
  async prepare(): Promise<readonly Scenario[]> {
    const empty = join(this.folder, 'empty');
    mkdirSync(empty);
    this.follow(empty, 'main');
    const one = this.copy(empty);
    await this.settle(one);
    const template = this.copy(one);
    this.follow(template, 'next');
    const two = this.copy(template);
    await this.settle(two);
    const [nothing, old, wanted] = [
      await standingOf(empty),
      await standingOf(one),
      await standingOf(two),
    ];
    return [
      { title: 'first sync', template: empty, old: nothing, wanted: old },
      { title: 'change', template, old, wanted },
    ];
  }

  /** A folder to be broken, the same as this one. */
  copy(from: string): string {
    this.#tries += 1;
    const to = join(this.folder, `try-${this.#tries}`);
    cpSync(from, to, { recursive: true });
    return to;
  }

  drop(folder: string): void {
    rmSync(folder, { recursive: true, force: true });
  }

  /** One pass in this process; the result is that of the source that is there. */
  async pass(folder: string): Promise<RunResult> {
    const [, team] = await converge(this.terminal(folder));
    return team as RunResult;
  }

  /** Passes until it is converged; throws where two do not do, which is what a daemon's next two polls are. */
  async settle(folder: string): Promise<number> {
    for (let passes = 1; passes <= 2; passes += 1)
      if ((await this.pass(folder)).outcome === 'converged') return passes;
    throw new Error(`not converged: ${JSON.stringify(await this.pass(folder))}`);
  }

  command(folder: string, ...words: string[]) {
    return plumbline(words, { folder, environment: this.environment });
  }

  terminal(folder: string): Terminal {
    return {
      out: () => undefined,
      err: () => undefined,
      log: { writableLength: 0, write: () => true, on: () => undefined },
      watched: false,
      colour: false,
      width: undefined,
      environment: this.environment,
      workingFolder: folder,
      signal: new AbortController().signal,
    };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Configures a folder: a source that is away, and the team's repository at one of its branches. */
  follow(folder: string, branch: 'main' | 'next'): void {
    writeFileSync(
      join(folder, 'plumbline.yaml'),
      JSON.stringify({
        database: 'sqlite:plumbline.db',
        sources: [
          { name: 'away', directory: 'nowhere' },
          {
            name: 'team',
            git: { url: this.#repository.url, branch, allowFile: true },
            interval: '200ms',
            prune: true,
          },
        ],
      }),
    );
  }
}

/** Every file below a folder with its text. */
export function treeOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    names
      .filter((it) => it.isFile())
      .map((it) => join(it.parentPath, it.name))
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')] as const),
  );
}
