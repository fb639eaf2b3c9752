import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

/** What a commit puts at a path: text or bytes, a link, a submodule, or nothing any more. */
export type Content = string | Uint8Array | { link: string } | { submodule: string } | null;

export interface CommitOptions {
  readonly branch?: string;
  readonly subject?: string;
  readonly author?: string;
  /** Seconds since 1970. */
  readonly time?: number;
  /** Begins a new history on the branch, as a force-push does. */
  readonly orphan?: boolean;
}

const environment = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
};

const signer = {
  GIT_AUTHOR_NAME: 'Ann',
  GIT_AUTHOR_EMAIL: 'ann@example.com',
  GIT_COMMITTER_NAME: 'Ann',
  GIT_COMMITTER_EMAIL: 'ann@example.com',
};

/** A bare repository made with the real git; commits go in by fast-import, so any name and mode is possible. */
export class GitRepository {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    this.git('init', '--quiet', '--bare', '--template=', '--initial-branch=main', '.');
    this.git('config', 'uploadpack.allowAnySHA1InWant', 'true');
  }

  get url(): string {
    return `file://${this.folder}`;
  }

  git(...args: string[]): string {
    return this.feed('', ...args);
  }

  feed(input: string | Uint8Array, ...args: string[]): string {
    const { status, stdout, stderr } = spawnSync('git', args, {
      cwd: this.folder,
      env: environment,
      input,
      maxBuffer: 1e9,
    });
    if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr.toString()}`);
    return stdout.toString().trim();
  }

  /** Commits the changes and gives the commit's id. */
  commit(files: Record<string, Content>, options: CommitOptions = {}): string {
    const { branch = 'main', subject = 'change', author = 'Ann', time = 1_700_000_000 } = options;
    const ref = `refs/heads/${branch}`;
    const from = options.orphan !== true && this.#has(ref) ? `from ${ref}^0\n` : '';
    const stamp = `${author} <ann@example.com> ${time} +0000`;
    const head = `commit ${ref}\nauthor ${stamp}\ncommitter ${stamp}\n`;
    const parts: Uint8Array[] = [Buffer.from(head), data(subject), Buffer.from(from)];
    for (const [path, content] of Object.entries(files)) parts.push(...change(path, content));
    if (options.orphan === true && this.#has(ref)) this.git('update-ref', '-d', ref);
    this.feed(Buffer.concat(parts), 'fast-import', '--quiet', '--force');
    return this.id(ref);
  }

  /** Commits with git's own `commit-tree`, which can sign, on top of what main is; no file changes. */
  commitSigned(settings: readonly string[], home: string, subject = 'signed'): string {
    const options = settings.flatMap((it) => ['-c', it]);
    const { status, stdout, stderr } = spawnSync(
      'git',
      [...options, 'commit-tree', '-S', '-m', subject, '-p', 'main', 'main^{tree}'],
      { cwd: this.folder, env: { ...environment, ...signer, HOME: home } },
    );
    if (status !== 0) throw new Error(stderr.toString());
    const id = stdout.toString().trim();
    this.git('update-ref', 'refs/heads/main', id);
    return id;
  }

  id(ref = 'refs/heads/main'): string {
    return this.git('rev-parse', ref);
  }

  #has(ref: string): boolean {
    return this.git('for-each-ref', ref) !== '';
  }
}

function change(path: string, content: Content): Buffer[] {
  const quoted = `"${path.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n')}"`;
  if (content === null) return [Buffer.from(`D ${quoted}\n`)];
  if (typeof content === 'string' || content instanceof Uint8Array) {
    return [Buffer.from(`M 100644 inline ${quoted}\n`), data(content)];
  }
  if ('link' in content) return [Buffer.from(`M 120000 inline ${quoted}\n`), data(content.link)];
  return [Buffer.from(`M 160000 ${content.submodule} ${quoted}\n`)];
}

function data(content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from(`data ${bytes.length}\n`), bytes, Buffer.from('\n')]);
}
