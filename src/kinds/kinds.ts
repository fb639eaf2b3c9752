import { kindSet } from '../manifest/kind-set.ts';
import { apiConnection } from './api-connection/kind.ts';
import { apiPlugin } from './api-plugin/kind.ts';
import { llmClient } from './llm-client/kind.ts';
import { plugin } from './plugin/kind.ts';
import { provider } from './provider/kind.ts';
import { secret } from './secret/kind.ts';
import { smarterAuthToken } from './smarter-auth-token/kind.ts';
import { sqlConnection } from './sql-connection/kind.ts';
import { sqlPlugin } from './sql-plugin/kind.ts';

/** Every kind there is. A new kind is one folder beside this file and one line here. */
export const kinds = kindSet([
  secret,
  smarterAuthToken,
  provider,
  sqlConnection,
  apiConnection,
  plugin,
  sqlPlugin,
  apiPlugin,
  llmClient,
]);
