import { kinds } from '../../src/kinds/kinds.ts';
import type { Kind } from '../../src/manifest/kind.ts';

/** What a verb comes to: it wrote, it answered and wrote nothing, or it failed with this code. */
export type End = 'changed' | 'answered' | (string & {});

/** One step of a record's life: a verb, on which record, and what it comes to. */
export interface Step {
  readonly verb: 'apply' | 'delete' | 'deploy' | 'undeploy' | 'describe' | 'logs' | 'prompt';
  readonly on: 'it' | 'nobody' | 'wrong';
  readonly end: End;
}

/** The name in the example of a kind. */
export function exampleName(kind: Kind): string {
  return /^ {2}name: (\S+)$/m.exec(kind.example)?.[1] as string;
}

/** The examples of every kind that the example of this one may refer to, as one stream. */
export function referredExamples(kind: Kind): string {
  const before = kinds.all.filter((it) => kinds.rank(it.space) < kinds.rank(kind.space));
  return before.map((it) => it.example).join('---\n');
}

/** The example of a kind with a key that nobody knows. */
export function wrongExample(kind: Kind): string {
  return kind.example.replace(/^spec:/m, 'spec:\n  surprise: true');
}

/** The life of a record of a kind, the same whoever asks. What can be deployed is so in its example. */
export function lifeOf(kind: Kind): readonly Step[] {
  const has = (verb: 'logs' | 'prompt') => kind.verbs?.includes(verb) === true;
  const unless = (is: boolean, end: End): End => (is ? end : 'VERB_NOT_IMPLEMENTED');
  const isDeployable = kind.deployment !== undefined;
  const absent = 'RECORD_NOT_FOUND';
  return [
    { verb: 'describe', on: 'it', end: absent },
    { verb: 'delete', on: 'it', end: absent },
    { verb: 'deploy', on: 'it', end: unless(isDeployable, absent) },
    { verb: 'logs', on: 'it', end: unless(has('logs'), absent) },
    { verb: 'prompt', on: 'it', end: unless(has('prompt'), absent) },
    { verb: 'apply', on: 'wrong', end: 'MANIFEST_UNKNOWN_KEY' },
    { verb: 'apply', on: 'it', end: 'changed' },
    { verb: 'apply', on: 'it', end: 'answered' },
    { verb: 'describe', on: 'it', end: 'answered' },
    { verb: 'describe', on: 'nobody', end: absent },
    { verb: 'undeploy', on: 'it', end: unless(isDeployable, 'changed') },
    { verb: 'undeploy', on: 'it', end: unless(isDeployable, 'answered') },
    { verb: 'prompt', on: 'it', end: unless(has('prompt'), 'RECORD_NOT_DEPLOYED') },
    { verb: 'deploy', on: 'it', end: unless(isDeployable, 'changed') },
    { verb: 'deploy', on: 'it', end: unless(isDeployable, 'answered') },
    { verb: 'logs', on: 'it', end: unless(has('logs'), 'answered') },
    { verb: 'delete', on: 'it', end: 'changed' },
    { verb: 'delete', on: 'it', end: absent },
    { verb: 'describe', on: 'it', end: absent },
    { verb: 'logs', on: 'it', end: unless(has('logs'), 'answered') },
  ];
}
