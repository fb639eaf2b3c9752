import { spawn } from 'node:child_process';
import { PlumblineError } from '../lib/errors.ts';

const answerWithinMs = 10_000;

/**
 * Runs gpg to its end in a home of our own, with nothing inherited. Throws SOURCE_REFUSED where it
 * fails or is not there: the keys are the operator's, so that is for them to mend.
 */
export function runGpg(home: string, args: readonly string[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('gpg', args, {
      cwd: home,
      env: { PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin', HOME: home, LC_ALL: 'C' },
      stdio: 'ignore',
      timeout: answerWithinMs,
      killSignal: 'SIGKILL',
      signal,
    });
    child.once('error', (cause) => reject(refused('gpg cannot be run', 'install gnupg', cause)));
    child.once('close', (status) => {
      if (status === 0) resolve();
      else
        reject(
          refused(
            'the keys of git.verify.signersFile cannot be read by gpg',
            'write public keys into it: gpg --armor --export KEY > FILE',
          ),
        );
    });
  });
}

function refused(message: string, hint: string, cause?: unknown): PlumblineError {
  return new PlumblineError('SOURCE_REFUSED', message, { hint, cause });
}
