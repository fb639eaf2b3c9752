import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { GitSource, type GitSourceOptions } from '../../src/source/git.ts';
import { GitRepository } from './git-repository.ts';
import type { Test } from './tap.ts';

/** A repository and sources that follow it, all gone after the test. */
export function follow(t: Test, options: Partial<GitSourceOptions> = {}) {
  const folder = t.testdir();
  const repository = new GitRepository(join(folder, 'remote.git'));
  const open = (more: Partial<GitSourceOptions> = {}) => {
    const source = new GitSource({
      name: 'example',
      url: repository.url,
      ref: { branch: 'main' },
      stateFolder: join(folder, 'state'),
      allowFile: true,
      ...options,
      ...more,
    });
    t.teardown(() => source.close());
    return source;
  };
  return { folder, repository, open };
}

/** The one mirror that the sources of a test made. */
export function mirrorIn(folder: string): string {
  const [name] = readdirSync(join(folder, 'state')).filter((it) => it.endsWith('.git'));
  return join(folder, 'state', name as string);
}
