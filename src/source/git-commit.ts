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
function localGit(simpleGit: SimpleGitFactory, folder: string, signal?: AbortSignal): SimpleGit {
  const environment = {
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: folder,
    LC_ALL: 'C',
    GIT_DIR: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
  };
  return simpleGit({
    baseDir: folder,
    timeout: { block: answerWithinMs },
    allowEnvironment: Object.keys(environment),
    unsafe: { allowUnsafeConfigPaths: true },
    ...(signal === undefined ? {} : { abort: signal }),
  }).env(environment);
}

/**
 * Who made a commit, when, and how it is headed. The texts are escaped and cut, because they are for
 * people alone. Throws SOURCE_DAMAGED if git cannot read the commit.
 */
export async function readCommit(mirror: string, id: string, signal: AbortSignal): Promise<Commit> {
  const format = '--format=%an <%ae>%x00%ct%x00%s';
  const { simpleGit } = await import('simple-git');
  const printed = await localGit(simpleGit, mirror, signal)
    .raw('log', '-1', '--no-show-signature', '--encoding=UTF-8', format, '--end-of-options', id)
    .catch((error: unknown) => {
      throw new PlumblineError('SOURCE_DAMAGED', `the commit ${id} cannot be read`, {
        hint: 'nothing to do: a fresh mirror is made at the next try',
        cause: error,
      });
    });
  const [author = '', seconds = '', subject = ''] = printed.replace(/\n$/, '').split('\0');
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

/** The version of the git that is installed, such as `2.39.5`. Throws SOURCE_UNREACHABLE without a usable one. */
export async function installedGit(folder: string): Promise<string> {
  const { simpleGit } = await import('simple-git');
  const version = await localGit(simpleGit, folder)
    .version()
    .catch(() => undefined);
  const enough =
    version?.installed === true &&
    (version.major > 2 || (version.major === 2 && version.minor >= 29));
  if (enough) return `${version.major}.${version.minor}.${version.patch}`;
  throw new PlumblineError('SOURCE_UNREACHABLE', 'there is no git, or it is older than 2.29', {
    hint: 'install git 2.29 or newer and make sure that it is in the PATH',
  });
}
