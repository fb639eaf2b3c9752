import { kinds } from '../../src/kinds/kinds.ts';
import type { Kind } from '../../src/manifest/kind.ts';
import { type Answer, listeningApi } from '../support/api.ts';
import { secretEnvironment } from '../support/generate.ts';
import { type Test, t } from '../support/tap.ts';

/**
 * Every verb of every kind over HTTP, in both of its forms: the API, and the routes of the reference
 * platform's command line. The examples of the kinds are the records.
 */
const environment = { ...secretEnvironment, WAREHOUSE_KEY: 'example value' };

const nameOf = (kind: Kind) => /^ {2}name: (\S+)$/m.exec(kind.example)?.[1] as string;

interface Form {
  readonly title: string;
  apply(body: string, dryRun: boolean): Promise<Answer>;
  verb(verb: string, kind: string, name: string, dryRun: boolean): Promise<Answer>;
  /** The manifest that an answer of describe holds. */
  manifest(answer: Answer): unknown;
}

/** A listener where everything is that the example of a kind refers to, and both ways to talk to it. */
async function forms(t: Test, kind: Kind) {
  const { ask } = await listeningApi(t, { environment });
  const referred = kinds.all.filter((it) => kinds.rank(it.space) < kinds.rank(kind.space));
  const before = referred.map((it) => it.example).join('---\n');
  if (before !== '') t.equal((await ask('POST', '/api/v1/resources', before)).status, 200);
  const dry = (name: string, dryRun: boolean) => (dryRun ? `${name}=true` : '');
  const api: Form = {
    title: 'the API',
    apply: (body, dryRun) => ask('POST', `/api/v1/resources?${dry('dryRun', dryRun)}`, body),
    verb: (verb, word, name, dryRun) => {
      const path = `/api/v1/resources/${word}/${name}`;
      const query = `?${dry('dryRun', dryRun)}`;
      if (verb === 'describe') return ask('GET', path);
      if (verb === 'delete') return ask('DELETE', path + query);
      if (verb === 'logs') return ask('GET', `${path}/logs`);
      if (verb === 'prompt') return ask('POST', `${path}/prompt`, '{"prompt": "Hello"}');
      return ask('POST', `${path}/${verb}${query}`);
    },
    manifest: (answer) => answer.body,
  };
  const platform: Form = {
    title: 'the command line of the reference platform',
    apply: (body, dryRun) => ask('POST', `/api/v1/cli/apply/?${dry('dry_run', dryRun)}`, body),
    verb: (verb, word, name, dryRun) =>
      verb === 'prompt'
        ? ask('POST', `/api/v1/cli/prompt/${name}/?prompt=Hello`)
        : ask('POST', `/api/v1/cli/${verb}/${word}/?name=${name}&${dry('dry_run', dryRun)}`),
    manifest: (answer) => answer.body.data,
  };
  return [api, platform];
}

for (const kind of kinds.all)
  t.test(`${kind.name}: every verb answers over HTTP as the contract says`, async (t) => {
    const word = kind.name.toLowerCase();
    const name = nameOf(kind);
    for (const form of await forms(t, kind))
      await t.test(form.title, async (t) => {
        const status = async (verb: string, of = name, dryRun = false) =>
          (await form.verb(verb, word, of, dryRun)).status;
        t.equal(await status('describe'), 404, 'it is not there yet');
        t.equal((await form.apply(kind.example, true)).status, 200, 'apply, tried');
        t.equal(await status('describe'), 404, 'a trial writes nothing');
        const applied = await form.apply(kind.example, false);
        t.equal(applied.status, 200, applied.text.slice(0, 300));
        t.equal((await form.apply(kind.example, false)).status, 200, 'apply once more');
        const described = await form.verb('describe', word, name, false);
        t.equal(described.status, 200);
        t.match(form.manifest(described), {
          apiVersion: 'smarter.sh/v1',
          kind: kind.name,
          metadata: { name },
          status: { accountNumber: 'default', created: /T/, modified: /T/ },
        });
        const switches = kind.deployment === undefined ? 501 : 200;
        t.equal(await status('undeploy', name, true), switches, 'undeploy, tried');
        t.equal(await status('undeploy'), switches, 'undeploy');
        t.equal(await status('deploy', name, true), switches, 'deploy, tried');
        t.equal(await status('deploy'), switches, 'deploy');
        t.equal(await status('logs'), kind.verbs?.includes('logs') === true ? 200 : 501, 'logs');
        t.equal(await status('delete', name, true), 200, 'delete, tried');
        t.equal(await status('describe'), 200, 'a trial deletes nothing');
        t.equal(await status('delete'), 200, 'delete');
        for (const verb of ['describe', 'delete'])
          t.equal(await status(verb), 404, `${verb} of what is gone`);
        t.equal(await status('deploy', 'nobody'), kind.deployment === undefined ? 501 : 404);
        const wrong = kind.example.replace(/^spec:/m, 'spec:\n  surprise: true');
        const refused = await form.apply(wrong, false);
        t.equal(refused.status, 422);
        t.match(refused.text, /MANIFEST_UNKNOWN_KEY/);
        t.equal(await status('describe'), 404, 'nothing of it is written');
      });
  });
