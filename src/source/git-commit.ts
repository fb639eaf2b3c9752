import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { SimpleGit, SimpleGitFactory } from 'simple-git';
import { PlumblineError } from '../lib/errors.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import type { Commit } from './source.ts';

const answerWithinMs = 10_000;
const longestText = 200;

/**
 * simple-git does what is local, reads only, and takes no argument from anybody: it cannot end the
 * children of a git that talks to a remote, so those calls have their own runner.
 */
function localGit(simpleGit: SimpleGitFactory, folder: string, signal: AbortSignal): SimpleGit {
  const environment = environmentIn(folder);
  return simpleGit({
    baseDir: folder,
    timeout: { block: answerWithinMs },
    allowEnvironment: Object.keys(environment),
    unsafe: { allowUnsafeConfigPaths: true },
    abort: signal,
  }).env(environment);
}

function environmentIn(folder: string) {
  return {
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: folder,
    LC_ALL: 'C',
    GIT_DIR: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
  };
}

/**
 * Which commit a name of ours stands for, who made it, when, and how it is headed. The texts are escaped
 * and cut, because they are for people alone. Throws SOURCE_DAMAGED if git cannot read the commit.
 */
export async function readCommit(
  mirror: string,
  name: string,
  signal: AbortSignal,
): Promise<Commit> {
  const format = '--format=%H%x00%an <%ae>%x00%ct%x00%s';
  const { simpleGit } = await commitLibrary();
  const printed = await localGit(simpleGit, mirror, signal)
    .raw('log', '-1', '--no-show-signature', '--encoding=UTF-8', format, '--end-of-options', name)
    .catch((error: unknown) => {
      throw new PlumblineError('SOURCE_DAMAGED', `the commit ${name} cannot be read`, {
        hint: 'nothing to do: a fresh mirror is made at the next try',
        cause: error,
      });
    });
  const [id = '', author = '', seconds = '', subject = ''] = printed.replace(/\n$/, '').split('\0');
  return { id, author: plain(author), time: instant(Number(seconds)), subject: plain(subject) };
}

/** Commits can claim any time; what is no time at all counts as the beginning of 1970. */
function instant(seconds: number): string {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? new Date(0).toISOString() : time.toISOString();
}

function plain(text: string): string {
  return escapeUntrusted(text.slice(0, longestText));
}

/** What `readCommit` reads with; it takes milliseconds to load, which may be spent while git does something. */
export function commitLibrary() {
  return import('simple-git');
}

const ask = promisify(execFile);

/**
 * The version of the git that is installed, such as `2.39.5`. Throws SOURCE_UNREACHABLE without a
 * usable one. Every start asks for it, so it is asked without simple-git, which takes longer to load
 * than git takes to answer.
 */
export async function installedGit(folder: string): Promise<string> {
  const options = { cwd: folder, env: environmentIn(folder), timeout: answerWithinMs };
  const { stdout } = await ask('git', ['version'], options).catch(() => ({ stdout: '' }));
  const version = /^git version ((\d+)\.(\d+)(?:\.\d+)*)/.exec(stdout);
  const [major, minor] = [Number(version?.[2] ?? 0), Number(version?.[3] ?? 0)];
  if (major > 2 || (major === 2 && minor >= 29)) return version?.[1] as string;
  throw new PlumblineError('SOURCE_UNREACHABLE', 'there is no git, or it is older than 2.29', {
    hint: 'install git 2.29 or newer and make sure that it is in the PATH',
  });
}
