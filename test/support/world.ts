import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Ended, plumbline } from './command-line.ts';
import type { Test } from './tap.ts';

/** A report as `-o json` prints it, as far as tests look. */
export interface Report {
  readonly kind: string;
  readonly id: string;
  readonly revision: string;
  readonly summary: Readonly<Record<string, number>>;
  readonly changes: readonly {
    readonly action: string;
    readonly kind: string;
    readonly name: string;
    readonly file?: string;
    readonly line?: number;
    readonly outcome?: string;
    readonly held?: boolean;
    readonly reason?: string;
    readonly fields: readonly {
      readonly path: string;
      readonly from: unknown;
      readonly to: unknown;
      readonly cause: string;
      readonly class: string;
    }[];
  }[];
  readonly problems: readonly {
    readonly severity: string;
    readonly code: string;
    readonly file: string;
    readonly line?: number;
    readonly path?: string;
  }[];
}

/** A folder of its own with a database and manifests, and Plumbline run in it as a person would run it. */
export class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'plumbline-world-'));
  readonly #environment: Readonly<Record<string, string>>;

  constructor(t: Test, environment: Readonly<Record<string, string>> = {}) {
    this.#environment = {
      PLUMBLINE_DATABASE: `sqlite:${join(this.folder, 'plumbline.db')}`,
      PLUMBLINE_SOURCE: join(this.folder, 'manifests'),
      PLUMBLINE_SOURCE_NAME: 'team',
      PLUMBLINE_SOURCE_PRUNE: 'true',
      PLUMBLINE_LOG_LEVEL: 'error',
      ...environment,
    };
    mkdirSync(join(this.folder, 'manifests'));
    t.teardown(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  get environment(): Readonly<Record<string, string>> {
    return this.#environment;
  }

  get database(): string {
    return join(this.folder, 'plumbline.db');
  }

  path(name: string): string {
    return join(this.folder, 'manifests', name);
  }

  /** Writes a file of the manifests' folder as editors do: beside it, then renamed over it. */
  write(name: string, text: string): void {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}~`, text);
    renameSync(`${path}~`, path);
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true });
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  run(...words: string[]): Promise<Ended> {
    return plumbline(words, { folder: this.folder, environment: this.#environment });
  }

  /** A command with `-o json`, its report parsed. */
  async report(...words: string[]): Promise<Report & { readonly exit: number }> {
    const { exit, out, err } = await this.run(...words, '-o', 'json');
    if (out === '') throw new Error(`no report: ${err}`);
    return { ...(JSON.parse(out) as Report), exit };
  }
}

/** A manifest of a client, with what a test wants said. */
export function clientYaml(
  name: string,
  config: Readonly<Record<string, unknown>> = {},
  spec: Readonly<Record<string, unknown>> = {},
): string {
  return yamlOf('LLMClient', name, { config: { defaultModel: 'gpt-4o-mini', ...config }, ...spec });
}

export function pluginYaml(
  name: string,
  data: Readonly<Record<string, unknown>> = { topic: 'text' },
): string {
  return yamlOf('Plugin', name, {
    selector: { directive: 'always' },
    prompt: { systemRole: 'Look it up.' },
    data: { staticData: data },
  });
}

export function tokenYaml(name: string): string {
  return yamlOf('SmarterAuthToken', name, { config: { isActive: true, username: 'admin' } });
}

/** JSON is YAML, and it needs no library to print. */
function yamlOf(kind: string, name: string, spec: unknown): string {
  const metadata = { name, description: `The ${name}`, version: '1.0.0' };
  return `${JSON.stringify({ apiVersion: 'smarter.sh/v1', kind, metadata, spec }, null, 2)}\n`;
}
