import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { loadConfig } from '../../src/config/load.ts';
import { forges, isSigned } from '../../src/http/webhook-signature.ts';
import { kinds } from '../../src/kinds/kinds.ts';
import { LocalVault } from '../../src/kinds/secret/local-vault.ts';
import { PlumblineError } from '../../src/lib/errors.ts';
import { createLog } from '../../src/lib/log.ts';
import { SealingKey } from '../../src/lib/seal.ts';
import { Secret } from '../../src/lib/secret.ts';
import {
  escapeUntrusted,
  escapeUntrustedJson,
  escapeUntrustedLines,
} from '../../src/lib/terminal.ts';
import { type LoadResult, ManifestLoader } from '../../src/manifest/load.ts';
import type { Manifest } from '../../src/manifest/manifest.ts';
import { joinDocuments, printManifest } from '../../src/manifest/print.ts';
import { gitAddress, remoteRef, subPath } from '../../src/source/git-address.ts';
import { manifestSet, secretEnvironment } from '../support/generate.ts';
import { type Test, t } from '../support/tap.ts';
import { mutants, yamlSeeds } from '../support/yaml-mutants.ts';
import { amount } from './amount.ts';
import { count } from './figures.ts';

/*
 * Whatever comes from outside, mutated at random: nothing throws what it should not, nothing takes a
 * second, no control character and no secret gets out. `npm test` tries twenty thousand cases,
 * `npm run test:fuzz -- --cases N` more; a case that fails is printed, shrunk, with its seed.
 */

const cases = amount('cases', 20_000);
const seed = Number(process.env['PLUMBLINE_SEED'] ?? Date.now() % 1_000_000);
t.comment(`seed ${seed}`);

/** So many of all cases, in percent. */
const share = (percent: number) => ({ numRuns: Math.ceil((cases * percent) / 100), seed });

/** Counts a share that went well. */
function passed(t: Test, what: string, percent: number): void {
  count(what, false, share(percent).numRuns);
  t.pass();
}

const canary = 'CANARY-7f3a9c';
const slowest = 1000;
const control =
  /(?![\t\n])\p{Cc}|[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/u;

/** Gives what a work gives, and throws where it takes the processor too long, in milliseconds. */
function within<T>(work: () => T): T {
  const start = process.cpuUsage();
  const result = work();
  refuseSlow(start);
  return result;
}

/** Other processes may keep the processor for long, so their time does not count. */
function refuseSlow(start: NodeJS.CpuUsage): void {
  const { user, system } = process.cpuUsage(start);
  const took = (user + system) / 1000;
  if (took > slowest) throw new Error(`it took ${took} ms`);
}

/** Passes where a work ends well or with a refusal of ours, and gives the refusal. */
function refusalOf(work: () => unknown, code: RegExp): PlumblineError | undefined {
  try {
    within(work);
    return undefined;
  } catch (error) {
    if (error instanceof PlumblineError && code.test(error.code)) return error;
    throw error;
  }
}

function assertQuiet(text: string): void {
  if (text.includes(canary)) throw new Error(`the canary sings: ${JSON.stringify(text)}`);
  if (control.test(text)) throw new Error(`a control character: ${JSON.stringify(text)}`);
}

const key = SealingKey.random();
const vault = new LocalVault({
  environment: { ...secretEnvironment, CANARY: canary },
  directory: undefined,
  key: () => key,
});

function load(bytes: Uint8Array): LoadResult {
  const loader = new ManifestLoader(kinds, 'default', vault);
  loader.add({ path: 'a.yaml', blob: 'sha1:0' }, bytes);
  return loader.finish();
}

const withCanary = `apiVersion: smarter.sh/v1
kind: Secret
metadata: { name: warehouse, description: a, version: 1.0.0 }
spec:
  config:
    value: ${canary}
---
apiVersion: smarter.sh/v1
kind: Secret
metadata: { name: depot, description: a, version: 1.0.0 }
spec: { config: { valueFrom: { env: CANARY } } }
`;

t.test('mutated manifests are loaded or refused, and say nothing they must not', async (t) => {
  const seeds = [...yamlSeeds(), withCanary, withCanary, withCanary];
  const bytes = fc
    .tuple(mutants(seeds), fc.option(fc.tuple(fc.nat(), fc.nat(255)), { freq: 4 }))
    .map(([text, flip]) => {
      const buffer = Buffer.from(text);
      if (flip !== null && buffer.length > 0) buffer[flip[0] % buffer.length] = flip[1];
      return buffer;
    });
  fc.assert(
    fc.property(bytes, (it) => {
      const { problems, manifests } = within(() => load(it));
      for (const { message, hint } of problems)
        assertQuiet(escapeUntrusted(`${message} ${hint ?? ''}`));
      for (const { manifest } of manifests)
        if (manifest.kind === 'Secret' && !it.includes('- '))
          assertQuiet(JSON.stringify(manifest.spec));
    }),
    share(40),
  );
  passed(t, 'mutated manifests', 40);
});

t.test('mutated configuration files are read or refused with CONFIG_ codes', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-fuzz-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'plumbline.yaml');
  const seeds = [
    `database: sqlite:a.db\naccount: acme\nhttp: { listen: 127.0.0.1:80, token: ${canary} }\nsources:\n  - name: a\n    directory: .\n    interval: 5s\n    prune: true\n`,
    `sources:\n  - name: b\n    git:\n      url: https://git.example.com/a.git\n      branch: main\n      credentials: { username: bot, password: ${canary} }\n    drift: report\n    limits: { deletes: { count: 1, percent: 5 } }\nlog: { level: info }\n`,
  ];
  await fc.assert(
    fc.asyncProperty(mutants(seeds), async (text) => {
      writeFileSync(file, text);
      const start = process.cpuUsage();
      try {
        await loadConfig({ file, environment: {}, flags: {}, cwd: folder });
      } catch (error) {
        if (!(error instanceof PlumblineError) || !error.code.startsWith('CONFIG_')) throw error;
        for (const { message, hint } of error.problems)
          assertQuiet(escapeUntrusted(`${message} ${hint ?? ''}`));
      }
      refuseSlow(start);
    }),
    share(8),
  );
  passed(t, 'mutated configuration files', 8);
});

t.test('a password that YAML takes for something else is not shown in what is wrong', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-fuzz-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'plumbline.yaml');
  for (const sign of [
    '*',
    '&',
    '!',
    '%',
    '@',
    '`',
    '|',
    '>',
    '? ',
    '- ',
    '{',
    '[',
    '"',
    "'",
    '#',
  ]) {
    const secret = `${sign}${canary}`;
    writeFileSync(file, `http:\n  token: ${secret}\nsources:\n  - { name: a, directory: . }\n`);
    const error = await loadConfig({ file, environment: {}, flags: {}, cwd: folder }).then(
      () => undefined,
      (it: PlumblineError) => it,
    );
    for (const { message, hint } of error?.problems ?? []) assertQuiet(`${message} ${hint ?? ''}`);
    const manifest = withCanary.replace(`value: ${canary}`, `value: ${secret}`);
    for (const { message, hint } of load(Buffer.from(manifest)).problems)
      assertQuiet(`${message} ${hint ?? ''}`);
    t.pass(secret);
  }
  const strict = { allowFile: false, allowInsecure: false };
  const work = () => gitAddress(`file://a b:${canary}@x`, strict);
  const address = refusalOf(work, /^SOURCE_REFUSED$/);
  assertQuiet(`${address?.message}`);
});

const odd = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(
      fc.constantFrom(
        ...[
          '-',
          '--upload-pack=x',
          'ext::sh -c',
          'https://',
          'ssh://',
          'file://',
          'git@',
          ':',
          '/',
        ],
        ...['..', '.lock', '@{', '$(x)', '`x`', '\n', '\0', '\x1b[31m', '\u202e', 'main', 'a.b'],
        ...['refs/heads/', '%2e%2e', '\\', '?', '#', ' ', ';', '|', `bot:${canary}@`],
      ),
      { minLength: 1, maxLength: 6 },
    )
    .map((it) => it.join('')),
);

t.test('addresses, refs and paths are safe for git or refused', async (t) => {
  const rules = fc.record({ allowFile: fc.boolean(), allowInsecure: fc.boolean() });
  fc.assert(
    fc.property(odd, rules, (text, how) => {
      const refusals = [
        refusalOf(() => safe(gitAddress(text, how).url), /^SOURCE_REFUSED$/),
        refusalOf(() => safe(remoteRef({ branch: text }).name), /^SOURCE_REFUSED$/),
        refusalOf(() => safe(remoteRef({ tag: text }).name), /^SOURCE_REFUSED$/),
        refusalOf(() => safe(`${subPath(text)}/x`), /^SOURCE_REFUSED$/),
      ];
      for (const it of refusals)
        if (it !== undefined && control.test(it.message)) throw new Error('a control character');
      const [address] = refusals;
      if (address !== undefined && /^[a-z]+:\/\/[^/\s]*@/.test(text)) assertQuiet(address.message);
    }),
    share(20),
  );
  passed(t, 'mutated addresses, refs and paths', 20);
});

function safe(given: string): void {
  const transport = /^[a-z]+::/.test(given) && !given.endsWith('/x');
  if (given.startsWith('-') || /\p{Cc}/u.test(given) || transport)
    throw new Error(`it would reach git: ${JSON.stringify(given)}`);
}

t.test('no body passes for signed but the one that is', async (t) => {
  const secret = new Secret('the secret of a webhook');
  const body = Buffer.from('{"ref":"refs/heads/main"}');
  const signed = `sha256=${createHmac('sha256', secret.reveal()).update(body).digest('hex')}`;
  const header = fc.oneof(
    odd,
    fc.nat(signed.length).map((at) => signed.slice(0, at)),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...forges),
      header,
      fc.uint8Array({ maxLength: 60 }),
      (forge, it, bytes) => {
        const headers = Object.fromEntries(
          ['x-hub-signature-256', 'x-gitlab-token', 'x-gitea-signature', 'x-signature'].map(
            (name) => [name, it],
          ),
        );
        for (const content of [bytes, body])
          if (within(() => isSigned(forge, headers, content, secret)) && it !== signed)
            throw new Error('it passes');
      },
    ),
    share(10),
  );
  passed(t, 'mutated webhooks', 10);
  t.equal(isSigned('github', { 'x-hub-signature-256': signed }, body, secret), true);
});

t.test('the escaper lets no control character through, and JSON stays JSON', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      assertQuiet(escapeUntrusted(text));
      assertQuiet(escapeUntrustedLines(text).replace(/[\n\t]/g, ''));
      const json = escapeUntrustedJson(JSON.stringify({ text }));
      assertQuiet(json);
      if ((JSON.parse(json) as { text: string }).text !== text) throw new Error('another value');
    }),
    share(10),
  );
  passed(t, 'mutated texts for the terminal', 10);
});

t.test('the log shows no secret, wherever one stands', async (t) => {
  let written = '';
  const stream = {
    writableLength: 0,
    write: (text: string) => {
      written += text;
    },
    on: () => undefined,
  };
  const log = createLog({ level: 'debug', format: 'json', stream });
  const name = fc.constantFrom('password', 'apiKey', 'token', 'clientSecret', 'credentials');
  const holder = fc.oneof(
    name.map((it) => ({ [it]: canary })),
    fc.string({ maxLength: 8 }).map((it) => ({ [`x${it}`]: new Secret(canary) })),
    name.map((it) => ({ list: [{ [it]: canary }] })),
    fc.constant({ url: `https://bot:${canary}@git.example.com/a.git` }),
    name.map((it) => ({ err: new Error('failed', { cause: { [it]: canary } }) })),
  );
  fc.assert(
    fc.property(holder, odd, (fields, message) => {
      written = '';
      log.warn(fields, message.replaceAll(canary, ''));
      assertQuiet(written.replace(/\n$/, ''));
    }),
    share(8),
  );
  passed(t, 'secrets in log lines', 8);
});

t.test('what is printed is read back as what it was, and printed the same again', async (t) => {
  const sets = manifestSet({ tokens: 1, secrets: 1, sqlConnections: 1, plugins: 2, clients: 2 });
  fc.assert(
    fc.property(sets, (set) => {
      const first = load(Buffer.from(set.map((it) => JSON.stringify(it)).join('\n---\n')));
      const print = (all: readonly Manifest[]) =>
        joinDocuments(
          all
            .filter((it) => it.kind !== 'Secret')
            .map((it) => printManifest(it, kinds.byName(it.kind) as (typeof kinds.all)[number])),
        );
      const printed = print(first.manifests.map((it) => it.manifest));
      const second = load(Buffer.from(printed));
      const again = print(second.manifests.map((it) => it.manifest));
      if (again !== printed) throw new Error(`not the same again:\n${printed}\n${again}`);
      const digests = ({ manifests }: LoadResult) =>
        manifests.filter((it) => it.manifest.kind !== 'Secret').map((it) => it.digest);
      if (digests(first).join() !== digests(second).join()) throw new Error('another meaning');
    }),
    share(4),
  );
  passed(t, 'sets of manifests printed and read', 4);
});
