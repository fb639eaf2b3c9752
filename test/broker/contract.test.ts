import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorEnvelope, successEnvelope } from '../../src/broker/response.ts';
import type { Endpoint } from '../../src/endpoint/endpoint.ts';
import { recordEndpoint } from '../../src/endpoint/record.ts';
import { kinds } from '../../src/kinds/kinds.ts';
import { PlumblineError } from '../../src/lib/errors.ts';
import type { Kind } from '../../src/manifest/kind.ts';
import type { LiveRecord } from '../../src/manifest/record.ts';
import { Resources } from '../../src/reconcile/resources.ts';
import {
  type End,
  exampleName,
  lifeOf,
  referredExamples,
  type Step,
  wrongExample,
} from '../support/contract.ts';
import { freshPorts } from '../support/ports.ts';
import { never } from '../support/snapshots.ts';
import { type Test, t } from '../support/tap.ts';
import { World } from '../support/world.ts';

/* Every verb of every kind, over the library and over the command line; test/http has it over HTTP. */

const by = { actor: 'user:ann', signal: never };
const environment = { WAREHOUSE_KEY: 'example value' };

async function library(t: Test, kind: Kind) {
  const ports = await freshPorts(t, kinds, environment);
  const resources = new Resources(ports, 'default');
  const before = resources.load(referredExamples(kind));
  await resources.perform(await resources.planApply(before), by);
  const answer = ({ verb, on }: Step) => {
    if (verb === 'apply')
      return resources.ofText(on === 'wrong' ? wrongExample(kind) : kind.example).apply(by);
    const name = on === 'nobody' ? 'nobody' : exampleName(kind);
    const resource = resources.named(kind.name.toLowerCase(), name);
    if (verb === 'prompt') return resource.prompt('Hello', never);
    return verb === 'describe' || verb === 'logs' ? resource[verb]() : resource[verb](by);
  };
  return { ports, resources, answer };
}

async function endOf(t: Test, step: Step, asked: () => Promise<unknown>, thing: string) {
  try {
    const answer = (await asked()) as Parameters<typeof successEnvelope>[0];
    const envelope = successEnvelope(answer);
    t.match(envelope, {
      api: 'smarter.sh/v1',
      message: new RegExp(`^${thing} `),
      metadata: { command: step.verb, thing },
    });
    return answer.changed ? 'changed' : 'answered';
  } catch (error) {
    if (!(error instanceof PlumblineError)) throw error;
    const envelope = errorEnvelope(error, { verb: step.verb, thing });
    t.match(envelope, {
      status: error.httpStatus,
      error: { code: error.code, status: error.httpStatus, stacktrace: null, command: step.verb },
    });
    return error.code;
  }
}

for (const kind of kinds.all) {
  t.test(`${kind.name}: every verb of the library ends as the contract says`, async (t) => {
    const { answer, resources } = await library(t, kind);
    for (const [index, step] of lifeOf(kind).entries()) {
      const asked = async () => answer(step);
      const end = await endOf(t, step, asked, kind.name);
      t.equal(end, step.end, `${index}: ${step.verb} of ${step.on}`);
    }
    const { data, message } = resources.named(kind.name, 'nobody').exampleManifest();
    t.match(data, { apiVersion: 'smarter.sh/v1', kind: kind.name });
    t.match(message, /example manifest/);
    t.match(resources.named(kind.name, 'nobody').schema(), {
      verb: 'json_schema',
      data: { title: kind.name },
    });
  });

  t.test(
    `${kind.name}: a record is reached in every way, and told by no stale answer`,
    async (t) => {
      const { resources } = await library(t, kind);
      const name = exampleName(kind);
      const text = resources.ofText(kind.example);
      const named = resources.named(kind.name, name.replaceAll('_', '-'));
      t.equal(text.formattedClassName, `Broker[${kind.name} default/${name}]`);
      t.same(named.key, text.key);
      t.equal(await named.ready(), false);
      t.equal(await text.ready(), true);
      await text.apply(by);
      t.equal(await named.ready(), true, 'what one wrote the other sees at once');
      const manifest = await named.manifest();
      const value = resources.ofManifest(JSON.parse(JSON.stringify(manifest)));
      t.equal((await value.apply(by)).changed, false, 'its manifest as a value means the same');
      t.equal(await named.owner(), undefined);
      t.same(await named.plugins(), kind.name === 'LLMClient' ? ['return_policy'] : []);
      t.same(await named.functions(), kind.name === 'LLMClient' ? ['date_calculator'] : []);
      t.equal(await named.apiKey(), kind.name === 'LLMClient' ? 'support_key' : undefined);
      const before = await named.record();
      await named.describe();
      t.same(await named.record(), before, 'reading writes nothing');
      const { data } = await resources.get(kind.name);
      const payload = data as unknown as {
        metadata: { count: number };
        data: { titles: { name: string }[]; items: Record<string, unknown>[] };
      };
      t.equal(payload.metadata.count, payload.data.items.length);
      for (const item of payload.data.items)
        t.same(
          Object.keys(item),
          payload.data.titles.map((it) => it.name),
          'every item has exactly the titles',
        );
      await text.delete(by);
      t.equal(await named.ready(), false);
    },
  );

  t.test(`${kind.name}: every verb of the command line ends as the contract says`, async (t) => {
    const world = new World(t, environment);
    const file = (name: string, text: string) => writeFileSync(join(world.folder, name), text);
    const before = referredExamples(kind);
    file('before.yaml', before);
    if (before !== '') t.equal((await world.run('apply', '-f', 'before.yaml')).exit, 0);
    else await world.run('sync');
    file('it.yaml', kind.example);
    file('wrong.yaml', wrongExample(kind));
    for (const [index, step] of lifeOf(kind).entries()) {
      if (step.verb === 'prompt' && kind.name !== 'LLMClient') continue;
      t.equal(await ends(world, kind, step), step.end, `${index}: ${step.verb} of ${step.on}`);
    }
  });
}

/** What a command came to, by what it says. */
async function ends(world: World, kind: Kind, { verb, on }: Step): Promise<End> {
  const name = on === 'nobody' ? 'nobody' : exampleName(kind);
  const word = kind.name.toLowerCase();
  const words = {
    apply: ['-f', on === 'wrong' ? 'wrong.yaml' : 'it.yaml'],
    prompt: [name, 'Hello'],
  };
  const ended = await world.run(verb, ...(words[verb as 'apply'] ?? [word, name]));
  const code = /error ([A-Z_]+):|\[([A-Z_]+)\]$/m.exec(
    ended.exit === 0 ? '' : ended.err + ended.out,
  );
  if (code !== null) return code[1] ?? code[2] ?? '';
  const isRead = verb === 'describe' || verb === 'logs';
  return isRead || /nothing|Nothing/.test(ended.out) ? 'answered' : 'changed';
}

t.test('a manifest is taken from a file, and only one at a time', async (t) => {
  const { resources } = await library(t, kinds.byName('LLMClient') as Kind);
  const world = new World(t);
  const path = join(world.folder, 'it.yaml');
  const code = async (work: () => unknown) => {
    try {
      await work();
      return undefined;
    } catch (error) {
      return (error as PlumblineError).code;
    }
  };
  writeFileSync(path, kinds.byName('Plugin')?.example ?? '');
  t.equal((await resources.ofFile(path)).name, 'return_policy');
  t.equal(await code(() => resources.ofFile(world.folder)), 'FILE_UNREADABLE');
  t.equal(await code(() => resources.ofText('')), 'MANIFEST_NONE');
  t.equal(await code(() => resources.ofText('{')), 'MANIFEST_SYNTAX');
  t.equal(await code(() => resources.ofText(referredExamples(kinds.all.at(-1) as Kind))), 'USAGE');
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  t.equal(await code(() => resources.ofManifest(circle)), 'MANIFEST_SYNTAX');
  t.equal(await code(() => resources.named('llmclient', 'bot').apply(by)), 'MANIFEST_NONE');
  t.equal(await code(() => resources.named('robot', 'bot')), 'USAGE');
  t.equal(await code(() => resources.list({ cursor: 'x' })), 'REQUEST_INVALID');
});

t.test('a list is filtered, sorted and cut, and its pages neither repeat nor skip', async (t) => {
  const { resources } = await library(t, kinds.byName('LLMClient') as Kind);
  const plugin = kinds.byName('Plugin')?.example ?? '';
  for (let index = 0; index < 7; index += 1)
    await resources.ofText(plugin.replace('name: return_policy', `name: tool_${index}`)).apply(by);
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await resources.list({ kind: 'plugins', name: 'tool-*', limit: 3, cursor });
    names.push(...page.records.map((it) => it.key.name));
    cursor = page.next;
  } while (cursor !== undefined);
  t.same(
    names,
    [0, 1, 2, 3, 4, 5, 6].map((it) => `tool_${it}`),
  );
  const { records } = await resources.list({
    kind: 'plugin',
    sort: 'name',
    descending: true,
    limit: 1,
  });
  t.equal(records[0]?.key.name, 'tool_6');
  t.same((await resources.list({ kind: 'plugin', tag: 'no_such_tag' })).records, []);
  t.same((await resources.list({ kind: 'plugin', source: 'team' })).records, []);
  t.equal(
    (await resources.list({ kind: 'plugin', source: 'manual', name: 'tool*' })).records.length,
    7,
  );
});

t.test('a deployed client answers a prompt through its endpoint', async (t) => {
  const kind = kinds.byName('LLMClient') as Kind;
  const { ports, answer } = await library(t, kind);
  await answer({ verb: 'apply', on: 'it', end: 'changed' });
  const prompt = async (record: LiveRecord, text: string) => `${record.key.name} heard: ${text}`;
  const endpoint: Endpoint = { ...recordEndpoint, prompt };
  const client = new Resources({ ...ports, endpoint }, 'default').named('client', 'support_bot');
  t.match(await client.prompt('Where is my order?', never), {
    verb: 'prompt',
    data: { answer: 'support_bot heard: Where is my order?' },
  });
  await t.rejects(answer({ verb: 'prompt', on: 'it', end: '' }), { code: 'VERB_NOT_IMPLEMENTED' });
});
