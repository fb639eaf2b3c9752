import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buildHttp } from '../src/http/server.ts';
import { kinds } from '../src/kinds/kinds.ts';
import { ManifestLoader } from '../src/manifest/load.ts';
import { FakeDaemon } from './http/fake-daemon.ts';
import { freshPorts } from './support/ports.ts';
import { t } from './support/tap.ts';
import { World } from './support/world.ts';

/*
 * Every attack that Plumbline is built against, and the test that shows what becomes of it. The tests
 * below hold those that no room is home to.
 */

/** An attack, and the file with the title of the test, or a part of it, that holds it. */
type Attack = readonly [id: string, attack: string, file: string, test: string];

const here = 'attacks.test.ts';
const attacks: readonly Attack[] = [
  ['S01', 'options in place of names', 'source/git-hostile.test.ts', '(S01, S02'],
  ['S02', 'transports that run commands', 'source/git-hostile.test.ts', '(S01, S02'],
  ['S03', 'commands in a configuration', 'source/git-hostile.test.ts', '(S03, S04'],
  ['S04', 'submodules and filters', 'source/git-hostile.test.ts', '(S03, S04'],
  ['S05', 'malformed trees', 'source/git-hostile.test.ts', 'S05)'],
  ['S06', 'links out of the tree', 'source/directory.test.ts', 'what cannot be taken is a problem'],
  ['S07', 'credentials on display', 'source/git.test.ts', '(S07)'],
  ['S08', 'redirects', 'source/git-hostile.test.ts', 'S08)'],
  ['S09', 'addresses in manifests', here, 'no address in a manifest is ever asked'],
  ['S10', 'alias bombs', 'catalogue/yaml-rows.ts', 'an alias bomb'],
  ['S11', 'deep nesting', 'catalogue/bad-inputs.test.ts', 'nesting beyond all measure'],
  ['S12', 'complex and many keys', 'catalogue/yaml-rows.ts', 'item: 20,'],
  ['S13', 'keys that are prototypes', 'catalogue/yaml-rows.ts', 'constructor.prototype'],
  [
    'S14',
    'a file that breaks everything',
    'journeys/control.test.ts',
    'content that has ended the process twice',
  ],
  ['S15', 'too much of it', 'source/git.test.ts', 'limits hold to the file and to the byte'],
  ['S16', 'a body before its signature', 'http/webhook.test.ts', 'a body is bounded before'],
  ['S17', 'bodies that break parsers', 'http/webhook.test.ts', 'no body, however wrong'],
  ['S18', 'a loop of requests', 'reconcile/loop.test.ts', 'a storm of webhooks'],
  ['S19', 'the time of a comparison', here, 'secrets are compared in one way'],
  ['S20', 'pages of other sites', 'http/server.test.ts', 'no foreign pages are answered'],
  ['S21', 'markup in names', here, 'nothing is served that a browser would run'],
  ['S22', 'frames and guessed types', here, 'nothing is served that a browser would run'],
  ['S23', 'slow and many callers', 'http/server.test.ts', 'a caller cannot hold the listener up'],
  ['S24', 'secrets in outputs', 'kinds/canaries.test.ts', 'no command and no file of ours'],
  ['S25', 'details without a token', 'http/server.test.ts', 'needs it'],
  ['S26', 'escapes for terminals', 'lib/yaml.test.ts', 'the escaper leaves nothing'],
  ['S27', 'forged lines in the log', 'lib/log.test.ts', 'no control character reaches'],
  ['S28', 'names that look alike', 'catalogue/schema-rows.ts', 'a Cyrillic letter in a name'],
  ['S29', 'names that are paths', 'reconcile/export.test.ts', 'no name leads out of the target'],
  ['S30', 'files of others', 'reconcile/export.test.ts', 'what is in the way and not ours'],
  ['S31', 'slow patterns', here, 'no text takes long to judge'],
  ['S32', 'commands and SQL in texts', here, 'no shell is ever started'],
  ['S33', 'values that fool the driver', 'store/database.test.ts', 'store as something else'],
  ['S34', 'another team', 'journeys/sources.test.ts', 'cannot declare more'],
  ['S35', 'files that others can read', 'store/database.test.ts', 'a new database is private'],
  ['S36', 'packages', here, 'one package is compiled'],
  ['S37', 'the container', 'config/container.test.ts', 'the image runs as nobody'],
  ['S38', 'the pod', here, 'the pod of the README'],
  ['S39', 'commits of strangers', 'source/git-verify.test.ts', 'only a commit signed by'],
  ['S40', 'code of the repository', here, 'no module is loaded by a name'],
];

t.test('every attack of the list has its test', async (t) => {
  t.same(
    attacks.map(([id]) => id),
    Array.from({ length: 40 }, (_, at) => `S${String(at + 1).padStart(2, '0')}`),
  );
  for (const [id, attack, file, title] of attacks)
    t.ok(readFileSync(join('test', file), 'utf8').includes(title), `${id} ${attack}`);
});

/** Every source file of the program, by path. */
const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((it) => it.endsWith('.ts'))
  .map((it) => ({ path: it, text: readFileSync(join('src', it), 'utf8') }));

t.test('no address in a manifest is ever asked', async (t) => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.end();
  });
  server.on('connection', () => {
    asked += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const world = new World(t);
  const metadata = (name: string) => `{ name: ${name}, description: Asks, version: 1.0.0 }`;
  world.write(
    'all.yaml',
    `apiVersion: smarter.sh/v1
kind: LLMClient
metadata: ${metadata('bot')}
spec:
  config: { appInfoUrl: "${at}/info", appLogoUrl: "${at}/logo", appBackgroundImageUrl: "${at}/back" }
---
apiVersion: smarter.sh/v1
kind: ApiConnection
metadata: ${metadata('orders')}
spec:
  connection: { baseUrl: "${at}" }
---
apiVersion: smarter.sh/v1
kind: ApiPlugin
metadata: ${metadata('look_up')}
spec:
  selector: { directive: always }
  prompt: { systemRole: Look it up. }
  connection: orders
  apiData: { endpoint: /v1/orders/ }
---
apiVersion: smarter.sh/v1
kind: Provider
metadata: ${metadata('vendor')}
spec:
  provider: { name: vendor, base_url: "${at}/v1/", website_url: "${at}/", connectivity_test_path: /models/ }
`,
  );
  for (const words of [
    ['validate', 'manifests'],
    ['plan'],
    ['sync'],
    ['drift'],
    ['describe', 'provider', 'vendor'],
    ['export'],
    ['doctor'],
  ]) {
    const { err } = await world.run(...words);
    t.notMatch(err, /error/, words.join(' '));
  }
  t.match((await world.run('get', 'provider', '-o', 'name')).out, /vendor/);
  t.equal(asked, 0);
});

t.test('no text takes long to judge', async (t) => {
  const length = 40_000;
  const texts = ['a', 'A_', '-', '.1', ' ', 'a.', '/a', '{a', 'é', '0', '@a'].map((it) =>
    it.repeat(length / it.length),
  );
  const leaves: string[][] = [];
  const walk = (schema: unknown, path: string[]): void => {
    const { properties, items } = schema as {
      properties?: Record<string, unknown>;
      items?: unknown;
    };
    for (const [key, child] of Object.entries(properties ?? {})) walk(child, [...path, key]);
    if (items !== undefined) walk(items, [...path, '0']);
    if (properties === undefined && items === undefined) leaves.push(path);
  };
  const { z } = await import('zod');
  for (const kind of kinds.all) {
    leaves.length = 0;
    walk(z.toJSONSchema(kind.spec(), { io: 'input', unrepresentable: 'any' }), ['spec']);
    for (const path of [['metadata', 'name'], ['metadata', 'version'], ...leaves]) {
      const started = performance.now();
      for (const text of texts) {
        const manifest = {
          apiVersion: 'smarter.sh/v1',
          kind: kind.name,
          metadata: { name: 'a', description: 'd', version: '1.0.0' },
        };
        const bytes = Buffer.from(JSON.stringify(withText(manifest, path, text)));
        const loader = new ManifestLoader(kinds, 'default');
        loader.add({ path: 'a.json', blob: 'sha256:0' }, bytes);
        loader.finish();
      }
      const each = (performance.now() - started) / texts.length;
      if (each > 200) t.fail(`${kind.name} ${path.join('.')} took ${Math.round(each)} ms a text`);
    }
    t.ok(leaves.length > 0, kind.name);
  }
});

/** A copy with a text at a path; a step that is a number makes a list. */
function withText(root: unknown, [step, ...rest]: readonly string[], text: string): unknown {
  if (step === undefined) return text;
  if (step === '0') return [withText({}, rest, text)];
  const map = root as Record<string, unknown>;
  return { ...map, [step]: withText(map[step] ?? {}, rest, text) };
}

t.test('no shell is ever started, and no value becomes part of a statement', async (t) => {
  for (const { path, text } of sources) {
    t.notMatch(
      text,
      /\bexec(?:Sync|File|FileSync)?\(['"`]|\bexec\b.*child_process|shell: true/,
      path,
    );
    // Names of our own tables pass through a quoting function; values are always bound.
    for (const [, inside] of text.matchAll(/\.raw\(\s*`([^`]*)`/g))
      for (const [, expression = ''] of (inside ?? '').matchAll(/\$\{([^}]*)\}/g))
        t.match(
          expression,
          /^(?:quoted|list|cells)\(|^[a-z]+(?:Sql|Columns)?$/i,
          `${path}: ${expression}`,
        );
  }
  const world = new World(t);
  const text = `apiVersion: smarter.sh/v1
kind: Plugin
metadata:
  name: trap
  description: "'); DROP TABLE plugin_meta; --"
  version: 1.0.0
  tags: ["$(touch pwned)", "\`touch pwned\`", "' OR '1'='1"]
spec:
  selector: { directive: always }
  prompt: { systemRole: "'; DELETE FROM inventory; --" }
  data: { staticData: { "'); --": "; touch pwned" } }
`;
  world.write('trap.yaml', text);
  t.equal((await world.run('sync')).exit, 0);
  const again = await world.report('plan');
  t.match(again.summary, { unchanged: 1, create: 0, update: 0 }, 'the texts are only texts');
  t.notOk(readdirSync(world.folder).includes('pwned'));
});

t.test('secrets are compared in one way, whose time says nothing', async (t) => {
  const comparing = sources.filter(({ text }) => text.includes('timingSafeEqual'));
  t.same(
    comparing.map((it) => it.path),
    ['lib/secret.ts'],
  );
});

t.test('nothing is served that a browser would run', async (t) => {
  const daemon = new FakeDaemon('<script>alert(1)</script>');
  const listen = { host: '127.0.0.1', port: 0 };
  const app = await buildHttp(daemon, { listen, ports: await freshPorts(t), account: 'default' });
  t.teardown(() => app.close());
  for (const url of [
    '/healthz',
    '/readyz',
    '/metrics',
    '/api/v1/status',
    '/<script>',
    '/webhooks/x',
  ]) {
    const { headers } = await app.inject(url);
    t.notMatch(headers['content-type'], /html|xml|svg|javascript/, url);
    t.match(headers, {
      'x-content-type-options': 'nosniff',
      'content-security-policy': /default-src 'none'; frame-ancestors 'none'/,
    });
    t.notOk('access-control-allow-origin' in headers || 'set-cookie' in headers, url);
  }
});

t.test('one package is compiled, and every one is what the lock file says', async (t) => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<
      string,
      { integrity?: string; resolved?: string; dev?: true; hasInstallScript?: true }
    >;
  };
  const packages = Object.entries(lock.packages).filter(([path]) => path !== '');
  t.same(
    packages.filter(([, it]) => it.integrity === undefined),
    [],
  );
  t.same(
    packages.filter(([, it]) => it.resolved !== undefined),
    [],
  );
  const shipped = packages.filter(([, it]) => it.dev !== true);
  t.same(
    shipped.filter(([, it]) => it.hasInstallScript).map(([path]) => path),
    ['node_modules/sqlite3'],
  );
  t.ok(shipped.length <= 160, `${shipped.length} packages are shipped`);
});

t.test('the pod of the README has no rights that it does not need', async (t) => {
  const readme = readFileSync('README.md', 'utf8');
  for (const line of [
    'automountServiceAccountToken: false',
    'runAsNonRoot: true',
    'readOnlyRootFilesystem: true',
    'allowPrivilegeEscalation: false',
    'capabilities: { drop: [ALL] }',
  ])
    t.ok(readme.includes(line), line);
});

t.test('no module is loaded by a name that is not written in the program', async (t) => {
  for (const { path, text } of sources) {
    // The one place that loads by a name it is given; who asks there writes the name.
    if (path === 'lib/on-demand.ts') continue;
    const loads = [...text.matchAll(/\b(?:import|require|onDemand(?:<[^(]*>)?)\s*\(\s*([^)]*)\)/g)];
    const computed = loads.map(([, name = '']) => name).filter((it) => !/^'[^']+'$/.test(it));
    t.same(computed, [], path);
  }
});

t.test('what is written is for its owner alone, whatever the umask is', async (t) => {
  const world = new World(t);
  world.write('bot.yaml', '');
  const program = join(process.cwd(), 'dist', 'src', 'main.cjs');
  const command = `umask 000 && exec "${process.execPath}" "${program}" sync`;
  const { status } = spawnSync('sh', ['-c', command], {
    cwd: world.folder,
    env: { PATH: process.env['PATH'], ...world.environment },
  });
  t.equal(status, 0);
  const made = readdirSync(world.folder).filter((it) => it.startsWith('plumbline.db'));
  t.ok(made.length > 1);
  for (const name of made) t.equal(statSync(join(world.folder, name)).mode & 0o077, 0, name);
});
