import { kindSet } from '../manifest/kind-set.ts';
import { llmClient } from './llm-client/kind.ts';
import { plugin } from './plugin/kind.ts';
import { smarterAuthToken } from './smarter-auth-token/kind.ts';

/** Every kind there is. A new kind is one folder beside this file and one line here. */
export const kinds = kindSet([smarterAuthToken, plugin, llmClient]);
