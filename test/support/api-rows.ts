import { pluginYaml, tokenYaml } from './world.ts';

/** How an operation of the API is asked rightly in the world of `documentedApi`. */
export interface Row {
  readonly parameters?: Readonly<Record<string, string | number | boolean>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly status: number;
}

export const hookSecret = 'known-to-the-forge';
const one = { kind: 'llmclient', name: 'alpha' };
/** All of them but those that need an id that only the world knows: see `documentedApi`. */
export const rows: Readonly<Record<string, Row>> = {
  health: { status: 200 },
  readiness: { status: 200 },
  metrics: { status: 200 },
  status: { status: 200 },
  openapi: { status: 200 },
  listSources: { status: 200 },
  describeSource: { parameters: { name: 'team' }, status: 200 },
  planSource: { parameters: { name: 'team' }, status: 200 },
  driftOfSource: { parameters: { name: 'team' }, status: 200 },
  syncAll: { status: 202 },
  syncSource: { parameters: { name: 'team' }, status: 202 },
  listResources: { parameters: { kind: 'chatbots', sort: '-modified', limit: 2 }, status: 200 },
  applyResources: { body: tokenYaml('fresh'), status: 200 },
  describeResource: { parameters: one, status: 200 },
  deleteResource: { parameters: { kind: 'plugin', name: 'by_hand', dryRun: true }, status: 200 },
  deployResource: { parameters: { kind: 'llmclient', name: 'free' }, status: 200 },
  undeployResource: { parameters: { kind: 'llmclient', name: 'free' }, status: 200 },
  logsOfResource: { parameters: { ...one, tail: 5 }, status: 200 },
  promptResource: { parameters: one, body: '{"prompt": "Hello"}', status: 200 },
  whyResource: { parameters: { ...one, field: 'defaultModel' }, status: 200 },
  listTrash: { status: 200 },
  restoreResource: { parameters: { kind: 'plugin', name: 'deleted' }, status: 200 },
  listApprovals: { status: 200 },
  listSuspensions: { status: 200 },
  suspendSource: { parameters: { name: 'team' }, body: '{"reason": "away"}', status: 200 },
  resumeSource: { parameters: { name: 'team' }, status: 200 },
  suspendResource: {
    parameters: one,
    body: '{"reason": "away", "until": "2040-01-01T00:00:00Z"}',
    status: 200,
  },
  resumeResource: { parameters: one, status: 200 },
  listJournal: {
    parameters: {
      verb: 'create',
      actor: 'http:local',
      revision: 'x',
      since: '2026-01-01T00:00:00Z',
    },
    status: 200,
  },
  listRuns: { parameters: { source: 'team', limit: 1 }, status: 200 },
  events: { status: 200 },
  listKinds: { status: 200 },
  schemaOfKind: { parameters: { kind: 'SqlPlugin' }, status: 200 },
  exampleOfKind: { parameters: { kind: 'secrets' }, status: 200 },
  cliApply: { body: pluginYaml('by_cli'), status: 200 },
  cliDelete: { parameters: { kind: 'plugin', name: 'by_hand', dry_run: 'true' }, status: 200 },
  cliDeploy: { parameters: { kind: 'chatbot', name: 'free' }, status: 200 },
  cliUndeploy: { parameters: { kind: 'chatbot', name: 'free' }, status: 200 },
  cliDescribe: { parameters: { kind: 'chatbot', name: 'alpha' }, status: 200 },
  cliGet: { parameters: { kind: 'chatbots', i: '1', desc: 'true' }, status: 200 },
  cliLogs: { parameters: { kind: 'chatbot', name: 'alpha' }, status: 200 },
  cliPrompt: { parameters: { name: 'alpha' }, body: '{"prompt": "Hello"}', status: 200 },
  cliPromptConfig: { parameters: { name: 'alpha' }, status: 200 },
  cliExampleManifest: { parameters: { kind: 'secret' }, status: 200 },
  cliJsonSchema: { parameters: { kind: 'provider' }, status: 200 },
  cliWhoami: { status: 200 },
  cliVersion: { status: 200 },
  cliStatus: { status: 200 },
  webhook: {
    parameters: { forge: 'gitlab', source: 'team' },
    headers: { 'x-gitlab-token': hookSecret },
    body: '{}',
    status: 202,
  },
};
