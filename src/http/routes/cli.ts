import type { FastifyRequest } from 'fastify';
import * as z from 'zod';
import { type Answer, successEnvelope } from '../../broker/response.ts';
import type { WritingVerb } from '../../broker/verbs.ts';
import { PlumblineError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { planReport } from '../../plan/report.ts';
import { refuseUnready } from '../../reconcile/conclude.ts';
import type { Resource } from '../../reconcile/resource.ts';
import { Resources } from '../../reconcile/resources.ts';
import { isOn, numberIn, parameter, promptText } from '../cli-request.ts';
import { platformPath } from '../failure.ts';
import { admitCaller } from '../key-holder.ts';
import type { Api, HttpParts } from '../parts.ts';
import { unchecked } from '../request.ts';
import { manifestsBody, platformAnswers } from '../shapes.ts';

/** What stands in the query, or in headers of the same names. */
const parameters = {
  name: 'Of the record',
  dry_run: 'true only tells what would be done',
  i: 'How many at most',
  asc: 'true for the usual order',
  desc: 'true for the other way round',
  prompt: 'What to say, where the body does not',
} as const;

/** One command of that command line. */
interface Command {
  /** Words of its address; the first one is its name, the others are what older clients call it. */
  readonly words: readonly [string, ...string[]];
  readonly verb: Answer['verb'];
  readonly summary: string;
  /** What its address goes on with. */
  readonly of?: 'kind' | 'name';
  /** A read may be asked with GET as well. */
  readonly reads?: true;
  /** Asked without the token of the listener too. */
  readonly openTo?: 'keys' | 'everybody';
  readonly takesManifest?: true;
  /** What to say may stand in the body. */
  readonly takesText?: true;
  readonly takes?: readonly (keyof typeof parameters)[];
  run(request: FastifyRequest, of: string): Answer | Promise<Answer>;
}

/**
 * The routes that the reference platform's own command line asks. That client always sends POST,
 * lower-cases the address, gives parameters in the query and as headers, and calls every body JSON. All
 * of it is taken as it comes.
 */
export function cliRoutes(app: Api, parts: HttpParts): void {
  for (const command of commandsOf(parts)) {
    const { words, verb, of, reads, openTo, takesManifest, run } = command;
    const [name] = words;
    for (const word of words) {
      const isName = word === name;
      const route = {
        url: `${platformPath}${word}${of === undefined ? '' : `/:${of}`}`,
        config: { verb, ...(openTo === undefined ? {} : { openTo }) },
        ...(takesManifest === true ? { bodyLimit: parts.limits.manifestSize } : {}),
        handler: async (request: FastifyRequest) => {
          const params = request.params as Readonly<Record<string, string>>;
          return successEnvelope(await run(request, params[of ?? ''] ?? ''));
        },
      };
      app.route({
        ...route,
        method: 'POST',
        schema: isName ? documented(command) : { hide: true },
      });
      if (reads === true) app.route({ ...route, method: 'GET', schema: { hide: true } });
    }
  }
}

/** What somebody says to a client, in either of two ways. The document cannot say that no body is needed. */
const textBody = unchecked(
  z
    .looseObject({ prompt: z.string(), messages: z.array(z.looseObject({ content: z.string() })) })
    .partial()
    .describe(
      'The prompt, or a conversation whose last message it is; empty where the query says it',
    ),
);

function documented(command: Command) {
  const {
    words: [name],
    summary,
    of,
    openTo,
    takesManifest,
    takesText,
    takes = [],
    reads,
  } = command;
  const camel = name.replace(/[-/](\w)/g, (_, letter: string) => letter.toUpperCase());
  return {
    tags: ['cli'],
    operationId: `cli${camel.charAt(0).toUpperCase()}${camel.slice(1)}`,
    summary,
    ...(reads === true ? { description: 'GET does the same.' } : {}),
    ...(openTo === 'everybody' ? { security: [] } : {}),
    ...(takesManifest === true
      ? { consumes: ['application/yaml', 'application/json'], body: manifestsBody }
      : {}),
    ...(takesText === true ? { body: textBody } : {}),
    querystring: unchecked(
      z.object(
        Object.fromEntries(takes.map((it) => [it, z.string().optional().describe(parameters[it])])),
      ),
    ),
    ...(of === undefined ? {} : { params: z.object({ [of]: z.string().max(200) }) }),
    response: platformAnswers,
  };
}

function commandsOf(parts: HttpParts): readonly Command[] {
  const { ports, account, access, limits, daemon } = parts;
  const resources = new Resources(ports, account);
  const named = (request: FastifyRequest, word: string): Resource =>
    resources.named(word, nameIn(request));
  const by = () => ({
    actor: access.actor,
    signal: AbortSignal.timeout(limits.answerTime),
    trigger: 'request' as const,
  });
  const write = async (request: FastifyRequest, resource: Resource, verb: WritingVerb) =>
    isOn(request, 'dry_run', 'dry-run', 'dryRun')
      ? rehearsed(resource, verb)
      : resource[verb](by());
  const writing = (verb: 'delete' | 'deploy' | 'undeploy', summary: string): Command => ({
    words: [verb],
    verb,
    summary,
    of: 'kind',
    takes: ['name', 'dry_run'],
    run: async (request, word) => write(request, named(request, word), verb),
  });
  const told = (verb: Answer['verb'], data: JsonObject): Answer => ({
    verb,
    thing: '',
    changed: false,
    data,
    message: `${verb} told successfully`,
  });
  return [
    {
      words: ['apply'],
      verb: 'apply',
      summary: 'Apply one manifest',
      takes: ['dry_run'],
      takesManifest: true,
      run: async (request) => {
        const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
        return write(request, resources.ofText(body, 'request'), 'apply');
      },
    },
    writing('delete', 'Delete a record'),
    writing('deploy', 'Publish a record'),
    writing('undeploy', 'Withdraw a record'),
    {
      words: ['describe'],
      verb: 'describe',
      summary: 'One record as a manifest with its status',
      of: 'kind',
      takes: ['name'],
      reads: true,
      run: (request, word) => named(request, word).describe(),
    },
    {
      words: ['get'],
      verb: 'get',
      summary: 'The records of a kind as titles and items',
      of: 'kind',
      takes: ['name', 'i', 'asc', 'desc'],
      reads: true,
      run: (request, word) =>
        resources.get(word, {
          name: parameter(request, 'name'),
          limit: numberIn(request, 1000, 'i'),
          descending: isOn(request, 'desc') && !isOn(request, 'asc'),
        }),
    },
    {
      words: ['logs'],
      verb: 'logs',
      summary: 'What happened to a record',
      of: 'kind',
      takes: ['name'],
      reads: true,
      run: (request, word) => named(request, word).logs(),
    },
    {
      words: ['prompt', 'chat'],
      verb: 'prompt',
      summary: 'Say something to a deployed client',
      of: 'name',
      takes: ['prompt'],
      takesText: true,
      openTo: 'keys',
      run: async (request, name) => {
        const client = resources.named('llmclient', name);
        await admitCaller(parts, request, client);
        const text = promptText(request);
        if (text === '') throw nothingSaid();
        return client.prompt(text, by().signal);
      },
    },
    {
      words: ['prompt/config', 'chat/config'],
      verb: 'chat_config',
      summary: 'What a chat application needs to know of a client',
      of: 'name',
      run: async (_request, name) => ({
        ...(await resources.named('llmclient', name).describe()),
        verb: 'chat_config',
        message: 'chat_config told successfully',
      }),
    },
    {
      words: ['example-manifest', 'example_manifest', 'manifest'],
      verb: 'example_manifest',
      summary: 'A manifest of a kind to start from',
      of: 'kind',
      reads: true,
      openTo: 'everybody',
      run: (_request, word) => resources.named(word, '').exampleManifest(),
    },
    {
      words: ['json-schema', 'json_schema', 'schema'],
      verb: 'json_schema',
      summary: 'The JSON Schema of the manifests of a kind',
      of: 'kind',
      reads: true,
      openTo: 'everybody',
      run: (_request, word) => resources.named(word, '').schema(),
    },
    {
      words: ['whoami'],
      verb: 'whoami',
      summary: 'Who asks, and for which account',
      reads: true,
      run: () =>
        told('whoami', {
          user: { username: access.actor },
          account: { accountNumber: account },
          environment: access.loopback ? 'local' : 'prod',
        }),
    },
    {
      words: ['version'],
      verb: 'version',
      summary: 'The version of Plumbline',
      reads: true,
      run: () => told('version', { api: { version: ports.version, node: process.versions.node } }),
    },
    {
      words: ['status'],
      verb: 'status',
      summary: 'How every source stands',
      reads: true,
      run: () =>
        told('status', {
          sources: daemon
            .status()
            .map(({ name, outcome, message }) => ({ name, outcome, message })),
        }),
    },
  ];
}

/** What a verb would do, in the same envelope; it is refused as the verb itself would be. */
async function rehearsed(resource: Resource, verb: WritingVerb): Promise<Answer> {
  const plan = await resource.plan(verb);
  refuseUnready(plan);
  return {
    verb,
    thing: resource.kind.name,
    changed: false,
    data: planReport(plan, 'Plan') as JsonObject,
    message: `${resource.kind.name} ${resource.name}: nothing was written, this was a dry run`,
  };
}

function nameIn(request: FastifyRequest): string {
  const name = parameter(request, 'name');
  if (name !== undefined) return name;
  throw new PlumblineError('REQUEST_INVALID', 'it needs a name', {
    hint: 'give it in the query: ?name=support_bot',
  });
}

function nothingSaid(): PlumblineError {
  return new PlumblineError('REQUEST_INVALID', 'there is nothing to say', {
    hint: 'send {"prompt": "Hello"}',
  });
}
