import { PlumblineError } from '../lib/errors.ts';
import type { Kind } from '../manifest/kind.ts';

/**
 * What a broker can be asked, with what an answer says has happened. The names are public: envelopes
 * carry them.
 */
export const verbs = {
  apply: 'applied',
  delete: 'deleted',
  deploy: 'deployed',
  undeploy: 'undeployed',
  describe: 'described',
  get: 'got',
  logs: 'logged',
  prompt: 'prompted',
  chat_config: 'told',
  example_manifest: 'generated',
  json_schema: 'generated',
  whoami: 'told',
  version: 'told',
  status: 'told',
} as const;
export type Verb = keyof typeof verbs;

/** The verbs that change a record. */
export type WritingVerb = 'apply' | 'delete' | 'deploy' | 'undeploy';

/** Throws VERB_NOT_IMPLEMENTED where a kind does not have a verb. */
export function requireVerb(kind: Kind, verb: Verb): void {
  const reason = missing(kind, verb);
  if (reason === undefined) return;
  throw new PlumblineError(
    'VERB_NOT_IMPLEMENTED',
    `${verb} is not implemented for ${kind.name}: ${reason}`,
  );
}

function missing(kind: Kind, verb: Verb): string | undefined {
  if (verb === 'deploy' || verb === 'undeploy')
    return kind.deployment === undefined ? 'it has no endpoint' : undefined;
  if (verb === 'logs') return kind.verbs?.includes('logs') ? undefined : 'it does nothing to log';
  if (verb === 'prompt') return kind.verbs?.includes('prompt') ? undefined : 'it answers nobody';
  return undefined;
}
