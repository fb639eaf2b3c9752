import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PlumblineError } from '../lib/errors.ts';
import { makeFolder } from '../lib/folder.ts';
import { runGpg } from './git-keyring.ts';
import type { GitCall, GitProcess } from './git-process.ts';

/**
 * Whose signature a commit must bear. `ssh`: a file of allowed signers as ssh-keygen(1) has it. `gpg`:
 * a file of public keys, armoured or not. Paths are absolute.
 */
export interface Signers {
  readonly mode: 'ssh' | 'gpg';
  readonly signersFile: string;
}

/**
 * Throws SOURCE_UNVERIFIED unless the commit bears a good signature by one of the signers. Git itself
 * checks it; the program of the other mode is out of its reach, so that a signature of a kind that
 * nobody configured counts as none. `scratch` is a private folder.
 */
export async function verifyCommit(
  git: GitProcess,
  call: GitCall,
  commit: string,
  { mode, signersFile }: Signers,
  scratch: string,
): Promise<void> {
  makeFolder(scratch, 0o700);
  const home = await mkdtemp(join(scratch, 'signers-'));
  try {
    if (mode === 'gpg') await makeKeyring(home, signersFile, call.signal);
    const programs = {
      ssh: ['gpg.program=/bin/false', `gpg.ssh.allowedSignersFile=${signersFile}`],
      gpg: ['gpg.program=gpg', 'gpg.ssh.program=/bin/false'],
    }[mode];
    const settings = [...programs, 'gpg.x509.program=/bin/false'];
    const options = settings.flatMap((it) => ['-c', it]);
    const format = '--format=%G?';
    const look = ['log', '-1', '--no-show-signature', format, '--end-of-options', commit];
    const printed = await git.run([...options, ...look], { ...call, home });
    const letter = printed.toString('latin1').trim();
    if (letter !== 'G') throw unverified(commit, letter, mode);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/**
 * A keyring that holds the allowed keys and no other, so that a good signature is an allowed one. The
 * keys are laid down in gpg's older form, because importing them wants an agent, whose socket a deep
 * folder has no room for.
 */
async function makeKeyring(home: string, keysFile: string, signal: AbortSignal): Promise<void> {
  const folder = join(home, '.gnupg');
  makeFolder(folder, 0o700);
  const settings = ['batch', 'no-autostart', 'no-auto-key-retrieve', 'trust-model always'];
  await writeFile(join(folder, 'gpg.conf'), `${settings.join('\n')}\n`, { mode: 0o600 });
  await runGpg(
    home,
    ['--output', join(folder, 'pubring.gpg'), '--dearmor', '--', keysFile],
    signal,
  );
}

/** What the letters of git's `%G?` mean, where they do not mean good. */
const meanings: Readonly<Record<string, string>> = {
  N: 'bears no signature',
  B: 'bears a signature that is not of its content',
  U: 'is signed by somebody who is not among the signers',
  E: 'is signed by somebody who is not among the signers, or in a way that cannot be checked',
  X: 'bears a signature that has expired',
  Y: 'is signed with a key that has expired',
  R: 'is signed with a key that was revoked',
};

function unverified(commit: string, letter: string, mode: Signers['mode']): PlumblineError {
  const meaning = meanings[letter] ?? 'bears a signature that cannot be checked';
  return new PlumblineError('SOURCE_UNVERIFIED', `the commit ${commit.slice(0, 12)} ${meaning}`, {
    hint: `push a commit signed (${mode}) by one of git.verify.signersFile; what is applied stays meanwhile`,
  });
}
