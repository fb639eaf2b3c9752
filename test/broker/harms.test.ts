import { type AddressInfo, createServer } from 'node:net';
import { errorEnvelope } from '../../src/broker/response.ts';
import { kinds } from '../../src/kinds/kinds.ts';
import { asPlumblineError, PlumblineError } from '../../src/lib/errors.ts';
import type { LiveRecord } from '../../src/manifest/record.ts';
import { Resources } from '../../src/reconcile/resources.ts';
import { TokenVerifier } from '../../src/reconcile/token-verifier.ts';
import { issueToken } from '../../src/reconcile/tokens.ts';
import { owedEffects } from '../../src/store/effects.ts';
import { FakeEndpoint, freshPorts } from '../support/ports.ts';
import { never } from '../support/snapshots.ts';
import { type Test, t } from '../support/tap.ts';
import { clientYaml, pluginYaml, tokenYaml } from '../support/world.ts';

/**
 * What the reference platform's broker does wrong, each by the harm that it does to somebody, as a
 * promise that it is not done here. The numbers are the rows of the list of known weaknesses; the
 * others are in test/kinds.
 */
const by = { actor: 'user:ann', signal: never };

/** An empty account, and a way to apply several manifests as a whole. */
async function account(t: Test, name = 'default', environment = {}) {
  const ports = await freshPorts(t, kinds, environment);
  const resources = new Resources(ports, name);
  const apply = async (...texts: string[]) =>
    resources.perform(await resources.planApply(resources.load(texts.join('---\n'))), by);
  return { ports, resources, apply };
}

async function errorOf(work: () => unknown): Promise<PlumblineError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof PlumblineError) return error;
  }
  throw new Error('nothing was refused');
}

const closed = (name: string) => clientYaml(name, { deployed: true }, { apiKey: 'key' });

t.test('8, 9: a new client is published once, after its record is written', async (t) => {
  const { ports, resources, apply } = await account(t);
  const seen: (boolean | undefined)[] = [];
  class Watching extends FakeEndpoint {
    override async publish(record: LiveRecord, key: string) {
      seen.push((await resources.named('client', record.key.name).record())?.deployed);
      return super.publish(record, key);
    }
  }
  const endpoint = new Watching();
  const watched = new Resources({ ...ports, endpoint }, 'default');
  await apply(tokenYaml('key'));
  await watched.ofText(closed('bot')).apply(by);
  t.same(seen, [true], 'the record said so by then');
  await watched.ofText(closed('bot')).apply(by);
  t.equal(endpoint.calls.length, 1, 'and a second apply publishes nothing');
  await errorOf(() =>
    watched.ofText(clientYaml('lost', { deployed: true }, { apiKey: 'none' })).apply(by),
  );
  t.equal(endpoint.calls.length, 1, 'what is refused is never published');
});

t.test('11, 12: a wrong manifest is told by all its places, a missing record by 404', async (t) => {
  const { resources } = await account(t);
  const wrong = clientYaml('bot', { defaultTemperature: 7, defaultMaxTokens: -1 });
  const error = await errorOf(() => resources.ofText(wrong, 'bot.yaml'));
  t.match(errorEnvelope(error), {
    status: 422,
    error: {
      problems: [
        { file: 'bot.yaml', line: Number, column: Number, path: 'spec.config.defaultTemperature' },
        { file: 'bot.yaml', line: Number, column: Number, path: 'spec.config.defaultMaxTokens' },
      ],
    },
  });
  const missing = await errorOf(() => resources.named('provider', 'openai').describe());
  t.equal(missing.httpStatus, 404);
});

t.test(
  '13, 35: an unknown key is refused with what was meant, a legacy one is left out with a warning',
  async (t) => {
    const { resources } = await account(t);
    const { problems } = await errorOf(() =>
      resources.ofText(clientYaml('bot', { defaultModle: 'x' })),
    );
    t.match(problems, [{ code: 'MANIFEST_UNKNOWN_KEY', hint: /defaultModel/ }]);
    const old = resources.load(clientYaml('bot', { dnsVerificationStatus: 'Verified' }));
    t.match(old.problems, [{ severity: 'warning', code: 'MANIFEST_LEGACY_KEY' }]);
    const { data } = await resources.ofLoaded(old).apply(by);
    t.notMatch(JSON.stringify(data['spec']), /dnsVerification/);
    t.match(data, { status: { dnsVerificationStatus: 'Not Verified' } }, 'which the server owns');
  },
);

t.test(
  '16: a secret value in a manifest is warned of, and lies nowhere in clear text',
  async (t) => {
    const { ports, resources } = await account(t);
    const value = 'correct horse battery staple';
    const text = (kinds.byName('Secret')?.example ?? '').replace(
      /^ {4}valueFrom:[\s\S]*?(?=^ {4}\w|$(?![\s\S]))/m,
      `    value: ${value}\n`,
    );
    const loaded = resources.load(text);
    t.match(loaded.problems, [{ severity: 'warning' }]);
    const { data } = await resources.ofLoaded(loaded).apply(by);
    const rows = await ports.database.read((query) => query.rows('SELECT * FROM secret'));
    const journal = await ports.database.read((query) => query.rows('SELECT * FROM journal'));
    t.notMatch(JSON.stringify([data, rows, journal]), value);
  },
);

t.test(
  '17, 34: a failure nobody foresaw keeps its cause for the log and shows none of it',
  async (t) => {
    const error = asPlumblineError(new TypeError('cannot read password hunter2'));
    const shown = JSON.stringify([errorEnvelope(error), error]);
    t.match(shown, /INTERNAL/);
    t.notMatch(shown, /hunter2|TypeError|\.ts:|\.js:/);
    t.match(error.cause, { message: /hunter2/ });
  },
);

t.test(
  '18: applying a connection asks nobody, and a slow endpoint holds up no write',
  async (t) => {
    const { ports, resources, apply } = await account(t);
    let asked = 0;
    const server = createServer((socket) => {
      asked += 1;
      socket.destroy();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    t.teardown(() => server.close());
    const { port } = server.address() as AddressInfo;
    const text = (name: string, from: RegExp, to: string) =>
      (kinds.byName(name)?.example ?? '').replace(from, to).replace(/^ +\w+: warehouse_key\n/m, '');
    await apply(
      text('ApiConnection', /https:[^\s]+/, `http://127.0.0.1:${port}`),
      text('SqlConnection', /hostname: \S+\n +port: \d+/, `hostname: 127.0.0.1\n    port: ${port}`),
      text('Provider', /https:[^\s]+\/v1/, `http://127.0.0.1:${port}`),
    );
    t.equal(asked, 0, 'whether they can be reached is not asked');
    class Waiting extends FakeEndpoint {
      override async publish(record: LiveRecord, key: string) {
        await apply(pluginYaml('meanwhile'));
        return super.publish(record, key);
      }
    }
    await apply(tokenYaml('key'));
    const waited = new Resources({ ...ports, endpoint: new Waiting() }, 'default');
    await waited.ofText(closed('bot')).apply(by);
    t.ok(await resources.named('plugin', 'meanwhile').record(), 'no transaction was open');
  },
);

t.test(
  '20: a reference means the account of its manifest, and what is missing is named',
  async (t) => {
    const { ports, apply } = await account(t);
    await apply(pluginYaml('returns'));
    const other = new Resources(ports, 'other');
    const bot = clientYaml('bot', {}, { plugins: ['returns'] });
    const error = await errorOf(() => other.ofText(bot).apply(by));
    t.match(error, { code: 'MANIFEST_UNKNOWN_REFERENCE', message: /returns/ });
    await other.ofText(pluginYaml('returns')).apply(by);
    t.equal((await other.ofText(bot).apply(by)).changed, true);
  },
);

t.test(
  '23: a deployed client is withdrawn before it is deleted, and kept while that fails',
  async (t) => {
    const { ports, resources, apply } = await account(t);
    await apply(tokenYaml('key'), closed('bot'));
    ports.endpoint.refused.add('bot');
    await errorOf(() => resources.named('client', 'bot').delete(by));
    t.ok(await resources.named('client', 'bot').record(), 'no endpoint without its record');
    ports.endpoint.refused.clear();
    await resources.named('client', 'bot').delete(by);
    t.same(
      ports.endpoint.calls.map((it) => it.verb),
      ['published', 'withdrawn'],
    );
    t.equal(await resources.named('client', 'bot').record(), undefined);
  },
);

t.test('24: every answer is under the name of the verb that was asked', async (t) => {
  const { resources, apply } = await account(t);
  await apply(tokenYaml('key'), closed('bot'));
  const bot = resources.named('client', 'bot');
  t.match(await bot.undeploy(by), {
    verb: 'undeploy',
    message: 'LLMClient bot undeployed successfully',
  });
  t.match(await bot.deploy(by), { verb: 'deploy', message: 'LLMClient bot deployed successfully' });
  t.match(bot.schema(), { verb: 'json_schema' });
  t.match(bot.exampleManifest(), { verb: 'example_manifest' });
});

t.test(
  '26: a list is narrowed, sorted and cut as it was asked, and a provider is found by name',
  async (t) => {
    const { resources, apply } = await account(t, 'default', { WAREHOUSE_KEY: 'x' });
    await apply(pluginYaml('alpha'), pluginYaml('beta'), ...kinds.all.map((it) => it.example));
    const names = async (query: object) => {
      const { data } = await resources.get('plugin', query);
      const { items } = (data as unknown as { data: { items: { name: string }[] } }).data;
      return items.map((it) => it.name);
    };
    t.same(await names({ name: 'beta' }), ['beta']);
    t.same(await names({ sort: 'name', descending: true, limit: 2 }), ['return_policy', 'beta']);
    const provider = /name: (\S+)/.exec(kinds.byName('Provider')?.example ?? '')?.[1] as string;
    t.match(await resources.named('Provider', provider).describe(), {
      data: { kind: 'Provider', metadata: { name: provider } },
    });
  },
);

t.test(
  '28: the time of the next try is in the database, and no worker sleeps for it',
  async (t) => {
    const { ports, resources, apply } = await account(t);
    await apply(tokenYaml('key'));
    ports.endpoint.refused.add('bot');
    await errorOf(() => resources.ofText(closed('bot')).apply(by));
    const owed = await ports.database.read((query) => owedEffects(query));
    t.match(owed, [{ name: 'bot', verb: 'deploy', nextTryAt: /^\d{4}-\d\d-\d\dT/ }]);
  },
);

t.test('29: a secret opens what its own key is for, and nothing else', async (t) => {
  const { ports, resources, apply } = await account(t);
  await apply(tokenYaml('mine'), tokenYaml('yours'));
  const verifier = new TokenVerifier(ports);
  for (const name of ['mine', 'yours']) {
    const { key } = resources.named('token', name);
    const issued = await issueToken(ports, { key, actor: by.actor });
    t.match(await verifier.verify(issued.text.reveal()), { key: { name } });
  }
  t.equal(await verifier.verify('plumb_nobody_nothing'), undefined);
});

t.test(
  '31: the SQL of a plugin is kept byte for byte, and a placeholder nobody declares is refused',
  async (t) => {
    const { resources, apply } = await account(t, 'default', { WAREHOUSE_KEY: 'x' });
    await apply(...kinds.all.map((it) => it.example));
    const { example = '' } = kinds.byName('SqlPlugin') ?? {};
    const name = /name: (\S+)/.exec(example)?.[1] as string;
    const manifest = await resources.named('SqlPlugin', name).manifest();
    const [declared] = resources.load(example).manifests;
    t.same(manifest?.spec, declared?.manifest.spec);
    const query = /(?<=WHERE .*)\{(\w+)\}/s;
    t.match(example, query);
    const error = await errorOf(() => resources.ofText(example.replace(query, '{nobody}')));
    t.match(error.problems, [{ message: /nobody/ }]);
  },
);
