import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withPorts } from '../../src/cli/assemble.ts';
import { main } from '../../src/cli/cli.ts';
import type { Terminal } from '../../src/cli/invocation.ts';
import { processTerminal } from '../../src/cli/terminal.ts';
import type { Endpoint } from '../../src/endpoint/endpoint.ts';
import { recordEndpoint } from '../../src/endpoint/record.ts';
import { armFailpoint, failpointVariable } from '../../src/lib/failpoint.ts';
import { keyId } from '../../src/manifest/manifest.ts';
import type { LiveRecord } from '../../src/manifest/record.ts';
import type { RunResult } from '../../src/reconcile/outcome.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';

/*
 * The program that the crash tests kill: the parts that the command line puts together, with an
 * endpoint whose calls outlive the process. As a program of its own it takes the words of a command;
 * `converge` is one pass over all sources.
 */

/** One call of the endpoint, as the file beside the database keeps it. */
export interface Effect {
  readonly verb: 'deploy' | 'undeploy';
  readonly key: string;
  readonly idempotencyKey: string;
}

/** What the endpoint was told in a folder's life, one JSON text a line. */
export const effectsFile = 'effects.jsonl';

function loggingEndpoint(folder: string): Endpoint {
  const note = (verb: Effect['verb'], record: LiveRecord, idempotencyKey: string) =>
    appendFileSync(
      join(folder, effectsFile),
      `${JSON.stringify({ verb, key: keyId(record.key), idempotencyKey })}\n`,
    );
  return {
    ...recordEndpoint,
    identity: 'https://endpoint.example.com',
    publish: async (record, key) => {
      note('deploy', record, key);
      return { state: 'published' };
    },
    withdraw: async (record, key) => {
      note('undeploy', record, key);
      return { state: 'withdrawn' };
    },
  };
}

/** One pass over every configured source, in the folder and environment of a terminal. */
export async function converge(terminal: Terminal): Promise<RunResult[]> {
  const invocation = { arguments: [], options: {}, terminal };
  const results: RunResult[] = [];
  await withPorts(invocation, 'exclusive', async ({ ports, targets, close }) => {
    const endpoint = loggingEndpoint(terminal.workingFolder);
    for (const target of targets([], {})) {
      close.add(() => target.source.close());
      const occasion = { trigger: 'command', actor: 'test', settled: ['converged'] } as const;
      results.push(await reconcile({ ...ports, endpoint }, target, occasion, terminal.signal));
    }
    return 0;
  });
  return results;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  armFailpoint(process.env[failpointVariable]);
  const words = process.argv.slice(2);
  if (words[0] === 'converge')
    for (const { source, outcome } of await converge(processTerminal()))
      process.stderr.write(`${source} is ${outcome}\n`);
  else process.exitCode = await main(words);
}
