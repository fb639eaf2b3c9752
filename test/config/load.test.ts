import { inspect } from 'node:util';
import type { GitLocation, SourceConfig } from '../../src/config/config.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import type { ConfigFlags, Environment } from '../../src/config/layers.ts';
import { loadConfig } from '../../src/config/load.ts';
import { knownVariables, type Setting, settings } from '../../src/config/settings.ts';
import { placeOf } from '../../src/lib/diagnostic.ts';
import type { PlumblineError } from '../../src/lib/errors.ts';
import { valueAt } from '../../src/lib/json.ts';
import { Secret } from '../../src/lib/secret.ts';
import { type Test, t } from '../support/tap.ts';

interface Given {
  readonly file?: string;
  readonly environment?: Environment;
  readonly flags?: ConfigFlags;
  /** Files beside the configuration, by name. */
  readonly beside?: Readonly<Record<string, string>>;
}

/** Loads from a folder of its own; the file, when given, is the default one. */
async function load(t: Test, { file, environment = {}, flags = {}, beside = {} }: Given) {
  const cwd = t.testdir({
    ...beside,
    config: file === undefined ? {} : { 'plumbline.yaml': file },
  });
  return { cwd, ...(await loadConfig({ environment, flags, cwd })) };
}

async function failure(t: Test, given: Given): Promise<PlumblineError> {
  try {
    await load(t, given);
  } catch (error) {
    return error as PlumblineError;
  }
  return t.fail('it was accepted') as never;
}

const git = 'https://git.example.com/acme/llm.git';
const folder = { PLUMBLINE_SOURCE: '/manifests' };
const repository = { PLUMBLINE_SOURCE: git };

function only(sources: readonly SourceConfig[]): SourceConfig {
  t.equal(sources.length, 1, 'one source');
  return sources[0] as SourceConfig;
}

t.test('the configuration of this checkout loads without a warning', async (t) => {
  const { config, warnings, file } = await loadConfig({
    environment: {},
    flags: {},
    cwd: process.cwd(),
  });
  t.same(warnings, []);
  t.equal(file, 'config/plumbline.yaml');
  t.equal(config.database, `sqlite:${process.cwd()}/data/plumbline.db`);
  t.match(only(config.sources), {
    name: 'example',
    location: { directory: `${process.cwd()}/manifests-example` },
    rhythm: { interval: 60_000 },
    policy: { prune: true, drift: 'enforce', adopt: false, allowEmpty: false },
  });
});

t.test('the whole file is understood', async (t) => {
  const file = `
database: sqlite:/var/lib/plumbline/records.db
account: acme
sources:
  - name: example
    directory: manifests
  - name: platform
    git:
      url: ${git}
      tag: v1.4.0
      path: clients
      depth: 5
      timeout: 90s
      credentials: { username: bot, passwordFile: secrets/git }
    interval: 1.5m
    schedule: 0 6 * * 1-5
    prune: true
    drift: report
    adopt: true
    allowEmpty: true
    limits: { deletes: { count: 3, percent: 12.5 }, updates: { count: 50 }, window: 2d }
    policy: { exposure: hold }
    fight: { window: 30m }
  - name: keyed
    git:
      url: git@git.example.com:acme/llm.git
      credentials: { ssh: { keyFile: secrets/key, knownHostsFile: /etc/known } }
http: { listen: '[::1]:0', tokenEnv: LISTENER }
log: { level: debug, format: json }
`;
  const beside = { secrets: { git: 'hunter2\n' } } as unknown as Record<string, string>;
  const { cwd, config } = await load(t, { file, beside, environment: { LISTENER: 'sesame' } });
  const [example, platform, keyed] = config.sources;
  t.equal(config.database, 'sqlite:/var/lib/plumbline/records.db');
  t.equal(config.account, 'acme');
  t.same(config.log, { level: 'debug', format: 'json' });
  t.same(config.http.listen, { host: '::1', port: 0 });
  t.equal(config.http.token?.reveal(), 'sesame');
  t.same(example, {
    name: 'example',
    account: 'acme',
    location: { directory: `${cwd}/manifests` },
    rhythm: { interval: 60_000 },
    policy: {
      prune: false,
      drift: 'enforce',
      adopt: false,
      history: 'follow',
      allowEmpty: false,
      limits: {
        deletes: { count: 10, percent: 20 },
        updates: {},
        exposure: {},
        window: 86_400_000,
      },
      classes: {
        exposure: 'auto',
        capability: 'auto',
        cost: 'auto',
        behaviour: 'auto',
        cosmetic: 'auto',
      },
      fightWindow: 3_600_000,
    },
  });
  t.match(platform, {
    location: {
      git: { url: git, ref: { tag: 'v1.4.0' }, path: 'clients', depth: 5, timeoutMs: 90_000 },
    },
    rhythm: { interval: 90_000, schedule: '0 6 * * 1-5' },
    policy: {
      prune: true,
      drift: 'report',
      adopt: true,
      allowEmpty: true,
      limits: { deletes: { count: 3, percent: 12.5 }, updates: { count: 50 }, window: 172_800_000 },
      classes: { exposure: 'hold', cost: 'auto' },
      fightWindow: 1_800_000,
    },
  });
  const { credentials } = (platform as { location: { git: GitLocation } }).location.git;
  t.match(credentials, { username: 'bot' });
  t.equal((credentials as { password: Secret }).password.reveal(), 'hunter2');
  t.match(keyed?.location, {
    git: {
      ref: { branch: 'main' },
      credentials: { keyFile: `${cwd}/secrets/key`, knownHostsFile: '/etc/known' },
    },
  });
});

t.test('each wrong setting of a file is told with its place and a way out', async (t) => {
  const source = 'sources:\n  - name: a\n    directory: m\n';
  const remote = `sources:\n  - name: a\n    git:\n      url: ${git}\n`;
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    ['an unknown section', 'datbase: x\n', '1:1', /database/],
    ['an unknown key', `${source}    prun: true\n`, '4:5', /prune/],
    ['text for a boolean', `${source}    prune: "yes"\n`, '4:12', /true or false|boolean/],
    ['a number for text', `${source}    interval: 60\n`, '4:15', /text|string|quote/i],
    ['a duration without unit', `${source}    interval: "60"\n`, '4:15', /60s/],
    ['too short an interval', `${source}    interval: 1ms\n`, '4:15', /100 ms/],
    ['too long an interval', `${source}    interval: 999h\n`, '4:15', /1440 m/],
    ['no cron expression', `${source}    schedule: often\n`, '4:15', /0 6 \* \* 1-5/],
    ['an unknown word', `${source}    drift: ignore\n`, '4:12', /enforce.*report/],
    ['a negative limit', `${source}    limits: { deletes: { count: -1 } }\n`, '4:33', /0/],
    [
      'over a hundred percent',
      `${source}    limits: { deletes: { percent: 101 } }\n`,
      '4:35',
      /100/,
    ],
    ['a bad name', 'sources:\n  - name: Bad Name\n    directory: m\n', '2:11', /lower-case/],
    ['no name', 'sources:\n  - directory: m\n', '2:5', /name/],
    ['a database elsewhere', 'database: postgres://db/x\n', '1:11', /sqlite:/],
    ['a port too high', 'http: { listen: "127.0.0.1:99999" }\n', '1:17', /65535/],
    ['no port', 'http: { listen: localhost }\n', '1:17', /127\.0\.0\.1:8080/],
    ['sources as a map', 'sources: { name: a }\n', '1:10', /list|array/],
    ['a list as the file', '- database: x\n', '1:1', /map/],
    ['broken YAML', 'database: [x\n', '2:1', /./],
    ['a key twice', 'account: a\naccount: b\n', '2:1', /account/],
    ['two equal names', `${source}  - name: a\n    directory: n\n`, '4:11', /yaml:2:11.*rename/],
    ['no place', 'sources:\n  - name: a\n', '2:5', /directory: FOLDER/],
    ['two places', `${source}    git: { url: ${git} }\n`, '4:10', /yaml:3:16.*remove/],
    ['branch and tag', `${remote}      branch: b\n      tag: v1\n`, '6:12', /yaml:5:15.*remove/],
    [
      'two tokens',
      'http:\n  tokenEnv: A\n  tokenFile: b\n',
      '3:14',
      /tokenFile and tokenEnv.*yaml:2:13.*remove/,
    ],
    [
      'a key for https',
      `${remote}      credentials: { ssh: { keyFile: k, knownHostsFile: h } }\n`,
      '5:27',
      /https.*passwordFile/,
    ],
    [
      'a password for ssh',
      'sources:\n  - name: a\n    git: { url: "git@h:r.git", credentials: { token: x } }\n',
      '3:54',
      /URL.*keyFile/,
    ],
    [
      'a user name alone',
      `${remote}      credentials: { username: bot }\n`,
      '5:20',
      /passwordFile/,
    ],
    [
      'a variable that is not set',
      'http: { tokenEnv: NOWHERE }\n',
      '1:19',
      /NOWHERE is not set.*set NOWHERE/,
    ],
    ['a second document', 'account: a\n---\naccount: b\n', '3:1', /second document.*---/],
    ['a file that is not there', 'http: { tokenFile: nowhere }\n', '1:20', /no file .*nowhere/],
    ['a file that is a folder', 'http: { tokenFile: config }\n', '1:20', /is a folder/],
    ['an empty file', 'http: { tokenFile: empty }\n', '1:20', /empty.*write the secret/],
  ];
  for (const [name, file, place, words] of cases) {
    const error = await failure(t, { file, beside: { empty: '\n' } });
    t.equal(error.code, 'CONFIG_INVALID', name);
    const first = error.problems.find((it) => it.severity === 'error');
    t.equal(first && placeOf(first), `config/plumbline.yaml:${place}`, `${name}: place`);
    t.match(`${first?.message} ${first?.hint}`, words, `${name}: words`);
    t.equal(error.message, first?.message, `${name}: the message leaves the place to the place`);
    t.match(error.place, { file: first?.file, line: first?.line, column: first?.column });
    t.ok(first?.hint, `${name}: hint`);
    t.match(first?.frame, /^ +\d+ \| .*\n[\s\S]* \| +\^+$/, `${name}: frame`);
  }
});

t.test('a section with nothing but comments in it is not set', async (t) => {
  const file =
    'account:\nhttp:\n  # listen: 0.0.0.0:80\nsources:\n  - { name: a, directory: m, limits: }\n';
  const { config, warnings } = await load(t, { file });
  t.same(warnings, []);
  t.same([config.account, config.http.listen.port, config.sources.length], ['default', 8080, 1]);
});

t.test('all problems of file and environment come together, in order', async (t) => {
  const error = await failure(t, {
    file: 'account: ""\nlog: { level: loud }\nsources:\n  - name: A\n    directory: m\n',
    environment: { PLUMBLINE_HTTP_LISTEN: 'nowhere', PLUMBLINE_SOURCE_PRUNE: '1' },
  });
  t.same(error.problems.map(placeOf), [
    'PLUMBLINE_HTTP_LISTEN',
    'PLUMBLINE_SOURCE_PRUNE',
    'config/plumbline.yaml:1:10',
    'config/plumbline.yaml:2:15',
    'config/plumbline.yaml:4:11',
  ]);
  t.match(error, { message: / \(and 4 more\)$/, place: { file: 'PLUMBLINE_HTTP_LISTEN' } });
});

t.test('each wrong variable is told by its name', async (t) => {
  const cases: readonly (readonly [Environment, string, RegExp])[] = [
    [{ ...folder, PLUMBLINE_LOG_LEVEL: 'loud' }, 'PLUMBLINE_LOG_LEVEL', /debug, info/],
    [{ ...folder, PLUMBLINE_SOURCE_PRUNE: 'yes' }, 'PLUMBLINE_SOURCE_PRUNE', /write true or false/],
    [
      { ...folder, PLUMBLINE_SOURCE_LIMITS_DELETES_COUNT: 'ten' },
      'PLUMBLINE_SOURCE_LIMITS_DELETES_COUNT',
      /write a number/,
    ],
    [
      { ...folder, PLUMBLINE_SOURCE_LIMITS_DELETES_PERCENT: '200' },
      'PLUMBLINE_SOURCE_LIMITS_DELETES_PERCENT',
      /100/,
    ],
    [{ ...folder, PLUMBLINE_SOURCE_INTERVAL: '60' }, 'PLUMBLINE_SOURCE_INTERVAL', /60s/],
    [{ ...folder, PLUMBLINE_SOURCE_NAME: 'Bad Name' }, 'PLUMBLINE_SOURCE_NAME', /lower-case/],
    [{ ...folder, PLUMBLINE_SOURCE_BRANCH: 'x' }, 'PLUMBLINE_SOURCE_BRANCH', /Git URL.*unset/],
    [
      { ...repository, PLUMBLINE_SOURCE_BRANCH: 'x', PLUMBLINE_SOURCE_TAG: 'y' },
      'PLUMBLINE_SOURCE_TAG',
      /PLUMBLINE_SOURCE_BRANCH.*remove/,
    ],
    [
      { PLUMBLINE_SOURCE: 'git@h:r.git', PLUMBLINE_SOURCE_SSH_KEY_FILE: '/k' },
      'PLUMBLINE_SOURCE_KNOWN_HOSTS_FILE',
      /needed as well/,
    ],
    [
      { ...repository, PLUMBLINE_SOURCE_PASSWORD_FILE: '/nowhere' },
      'PLUMBLINE_SOURCE_PASSWORD_FILE',
      /no file \/nowhere/,
    ],
    [{ ...folder, PLUMBLINE_HTTP_LISTEN: 'x' }, 'PLUMBLINE_HTTP_LISTEN', /127\.0\.0\.1:8080/],
  ];
  for (const [environment, place, words] of cases) {
    const error = await failure(t, { environment });
    t.equal(error.code, 'CONFIG_INVALID', place);
    t.same(error.problems.map(placeOf), [place]);
    const [{ message, hint } = { message: '', hint: '' }] = error.problems;
    t.match(`${message} ${hint}`, words, place);
  }
  const flags = { 'log.level': 'loud' };
  t.match(await failure(t, { environment: folder, flags }), {
    place: { file: '--log-level' },
  });
});

t.test('a variable for a source needs exactly one source', async (t) => {
  const environment = { PLUMBLINE_SOURCE_PRUNE: 'true' };
  const one = 'sources:\n  - { name: a, directory: m }\n';
  const { config } = await load(t, { file: one, environment });
  t.equal(only(config.sources).policy.prune, true);
  const two = `${one}  - { name: b, directory: n }\n`;
  t.match(await failure(t, { file: two, environment }), {
    message: /^the file has 2 sources/,
    place: { file: 'PLUMBLINE_SOURCE_PRUNE' },
  });
  t.match(await failure(t, { file: 'account: a\n', environment }), {
    message: /^there is no source/,
    place: { file: 'PLUMBLINE_SOURCE_PRUNE' },
    hint: 'set PLUMBLINE_SOURCE as well',
  });
});

const webhook = {
  PLUMBLINE_ENDPOINT_DRIVER: 'webhook',
  PLUMBLINE_ENDPOINT_URL: 'https://deploy.example.com/',
  PLUMBLINE_ENDPOINT_KEY: 'sesame',
};
const withoutKey = { ...webhook, PLUMBLINE_ENDPOINT_KEY: '' };
const plainly = { ...webhook, PLUMBLINE_ENDPOINT_URL: 'http://deploy.example.com/' };

/** For every setting a text that is not its default, and what else must be set for it to count. */
const samples: Readonly<
  Record<string, readonly [text: string, value?: unknown, more?: Environment]>
> = {
  database: ['sqlite:/elsewhere.db'],
  account: ['acme'],
  'http.listen': ['127.0.0.1:9357', { host: '127.0.0.1', port: 9357 }],
  'http.token': ['sesame'],
  'http.tokenFile': ['secret', 'from the file'],
  'secrets.directory': ['/run/secrets'],
  'journal.keep': ['365d', 31_536_000_000],
  'trash.keep': ['90d', 7_776_000_000],
  'platform.scheme': ['http'],
  'platform.domain': ['localhost:9357'],
  'platform.apiDomain': ['api.local.example.com'],
  'platform.accountNumber': ['3141-5926-5359'],
  'platform.username': ['admin'],
  'endpoint.driver': [
    'webhook',
    'webhook',
    { PLUMBLINE_ENDPOINT_URL: 'https://deploy.example.com/', PLUMBLINE_ENDPOINT_KEY: 'sesame' },
  ],
  'endpoint.url': ['https://deploy.example.com/', 'https://deploy.example.com/', webhook],
  'endpoint.key': ['sesame', 'sesame', webhook],
  'endpoint.keyFile': ['secret', 'from the file', withoutKey],
  'endpoint.timeout': ['5s', 5000, webhook],
  'endpoint.patience': ['30s', 30_000, webhook],
  'endpoint.undeployTimeout': ['1h', 3_600_000, webhook],
  'endpoint.allowInsecure': ['true', 'http://deploy.example.com/', plainly],
  'log.level': ['error'],
  'log.format': ['pretty'],
  'sources[].directory': ['/manifests'],
  'sources[].git.url': [git],
  'sources[].name': ['platform'],
  'sources[].git.branch': ['next'],
  'sources[].git.tag': ['v1'],
  'sources[].git.commit': ['0123456789012345678901234567890123456789'],
  'sources[].git.path': ['clients'],
  'sources[].git.depth': ['7', 7],
  'sources[].git.timeout': ['5s', 5000],
  'sources[].git.allowFile': ['true', true],
  'sources[].git.allowInsecure': ['true', true],
  'sources[].git.verify.mode': [
    'ssh',
    'ssh',
    { PLUMBLINE_SOURCE_VERIFY_SIGNERS_FILE: '/dev/null' },
  ],
  'sources[].git.verify.signersFile': [
    '/dev/null',
    '/dev/null',
    { PLUMBLINE_SOURCE_VERIFY_MODE: 'gpg' },
  ],
  'sources[].git.credentials.username': ['bot', 'bot', { PLUMBLINE_SOURCE_TOKEN: 'x' }],
  'sources[].git.credentials.password': ['hunter2'],
  'sources[].git.credentials.passwordFile': ['secret', 'from the file'],
  'sources[].git.credentials.token': ['hunter2'],
  'sources[].git.credentials.tokenFile': ['secret', 'from the file'],
  'sources[].git.credentials.ssh.keyFile': [
    '/key',
    '/key',
    { PLUMBLINE_SOURCE: 'git@h:r.git', PLUMBLINE_SOURCE_KNOWN_HOSTS_FILE: '/known' },
  ],
  'sources[].git.credentials.ssh.knownHostsFile': [
    '/known',
    '/known',
    { PLUMBLINE_SOURCE: 'git@h:r.git', PLUMBLINE_SOURCE_SSH_KEY_FILE: '/key' },
  ],
  'sources[].account': ['team_b'],
  'sources[].allow.kinds': ['LLMClient, Plugin', ['LLMClient', 'Plugin']],
  'sources[].allow.names': ['support_'],
  'sources[].webhook.secret': ['sesame'],
  'sources[].webhook.secretFile': ['secret', 'from the file'],
  'sources[].interval': ['250ms', 250],
  'sources[].schedule': ['@daily'],
  'sources[].prune': ['true', true],
  'sources[].drift': ['report'],
  'sources[].history': ['hold'],
  'sources[].adopt': ['true', true],
  'sources[].allowEmpty': ['true', true],
  'sources[].limits.deletes.count': ['0', 0],
  'sources[].limits.deletes.percent': ['99.5', 99.5],
  'sources[].limits.updates.count': ['7', 7],
  'sources[].limits.updates.percent': ['0.5', 0.5],
  'sources[].limits.exposure.count': ['1', 1],
  'sources[].limits.exposure.percent': ['10', 10],
  'sources[].limits.window': ['36h', 129_600_000],
  'sources[].policy.exposure': ['hold'],
  'sources[].policy.capability': ['hold'],
  'sources[].policy.cost': ['hold'],
  'sources[].policy.behaviour': ['hold'],
  'sources[].policy.cosmetic': ['hold'],
  'sources[].fight.window': ['90m', 5_400_000],
};

/** Where the loaded configuration has a setting of the file. */
function loadedPath({ path }: Setting): string {
  const last = path.slice(path.lastIndexOf('.') + 1);
  if (path.startsWith('http.token')) return 'http.token';
  if (path === 'endpoint.keyFile') return 'endpoint.key';
  if (path === 'endpoint.allowInsecure') return 'endpoint.url';
  if (path.startsWith('endpoint.')) return path;
  if (/\.(?:branch|tag|commit)$/.test(path)) return `location.git.ref.${last}`;
  if (/\.credentials\.(?:password|token)/.test(path)) return 'location.git.credentials.password';
  if (path.includes('.verify.')) return `location.git.verify.${last}`;
  if (path.includes('.credentials.')) return `location.git.credentials.${last}`;
  if (path.endsWith('.timeout')) return 'location.git.timeoutMs';
  if (path.startsWith('sources[].git.')) return `location.git.${last}`;
  if (path.endsWith('[].directory')) return 'location.directory';
  if (/\.(?:interval|schedule)$/.test(path)) return `rhythm.${last}`;
  if (path.includes('.webhook.')) return 'webhook';
  if (path.includes('.allow.')) return `policy.allow.${last}`;
  if (/\.(?:prune|drift|adopt|allowEmpty|history)$/.test(path)) return `policy.${last}`;
  if (path.startsWith('sources[].policy.')) return `policy.classes.${last}`;
  if (path === 'sources[].fight.window') return 'policy.fightWindow';
  return path.replace('sources[].', '').replace(/^limits\./, 'policy.limits.');
}

t.test('every setting can be given by its variable', async (t) => {
  t.same(settings.map((it) => it.path).sort(), Object.keys(samples).sort(), 'all have a sample');
  for (const setting of settings) {
    const [text, value = text, more = {}] = samples[setting.path] ?? [''];
    const remote = setting.path.startsWith('sources[].git.');
    const environment = { ...(remote ? repository : folder), ...more, [setting.variable]: text };
    const { config } = await load(t, { environment, beside: { secret: 'from the file\n' } });
    const root = setting.path.startsWith('sources[]') ? only(config.sources) : config;
    const seen = valueAt(root, loadedPath(setting)) as unknown;
    t.same(seen instanceof Secret ? seen.reveal() : seen, value, setting.variable);
    t.ok(setting.description.endsWith('.'), `${setting.path} is described`);
  }
});

t.test('every setting of the file has a variable, but for names of other variables', async (t) => {
  const leaves: string[] = [];
  const walk = (schema: Record<string, unknown>, path: string): void => {
    const properties = schema['properties'] as Record<string, Record<string, unknown>> | undefined;
    const items = schema['items'] as Record<string, unknown> | undefined;
    if (items !== undefined && items['properties'] !== undefined) walk(items, `${path}[]`);
    else if (properties === undefined) leaves.push(path);
    else
      for (const [key, child] of Object.entries(properties))
        walk(child, path === '' ? key : `${path}.${key}`);
  };
  walk(configJsonSchema(), '');
  const covered = settings.map((it) => it.path);
  t.same(
    leaves.filter((path) => !covered.includes(path)),
    [
      'sources[].git.credentials.passwordEnv',
      'sources[].git.credentials.tokenEnv',
      'sources[].webhook.secretEnv',
      'http.tokenEnv',
      'endpoint.keyEnv',
    ],
  );
});

t.test('options win over environment, environment over file, file over defaults', async (t) => {
  const file = 'account: file\nlog: { level: warn }\n';
  const environment = { ...folder, PLUMBLINE_ACCOUNT: 'environment' };
  const flags = { account: 'option' };
  const account = async (given: Given) => (await load(t, given)).config.account;
  t.equal(await account({ environment: folder }), 'default');
  t.equal(await account({ file }), 'file');
  t.equal(await account({ file, environment }), 'environment');
  t.equal(await account({ file, environment, flags }), 'option');
  t.equal(await account({ file, environment: { ...environment, PLUMBLINE_ACCOUNT: '' } }), 'file');
  t.equal((await load(t, { file, environment, flags })).config.log.level, 'warn', 'the rest stays');
});

t.test("the environment's choice takes the place of the file's alternative", async (t) => {
  const file = `
sources:
  - name: a
    git: { url: ${git}, branch: main, credentials: { username: bot, passwordEnv: UNSET } }
http: { tokenEnv: UNSET }
`;
  const environment = {
    PLUMBLINE_SOURCE_TAG: 'v2',
    PLUMBLINE_SOURCE_TOKEN: 'new',
    PLUMBLINE_HTTP_TOKEN: 'new',
  };
  const { config } = await load(t, { file, environment });
  t.match(only(config.sources).location, {
    git: { ref: { tag: 'v2' }, credentials: { username: 'bot' } },
  });
  t.equal(config.http.token?.reveal(), 'new');
});

t.test('PLUMBLINE_SOURCE is the only source, and a folder is told from a repository', async (t) => {
  const file =
    'sources:\n  - { name: a, directory: m, prune: true }\n  - { name: b, directory: n }\n';
  const cases: readonly (readonly [string, 'git' | 'directory'])[] = [
    ['/manifests', 'directory'],
    ['manifests', 'directory'],
    ['./a@b:c', 'directory'],
    ['/srv/a@b:c', 'directory'],
    ['https://git.example.com/acme/llm', 'git'],
    ['ssh://git@git.example.com/acme/llm', 'git'],
    ['git@git.example.com:acme/llm', 'git'],
    ['file:///srv/llm', 'git'],
    ['/srv/llm.git', 'git'],
  ];
  for (const [place, type] of cases) {
    const { cwd, config } = await load(t, { file, environment: { PLUMBLINE_SOURCE: place } });
    const { name, location, policy } = only(config.sources);
    t.same([name, policy.prune, Object.keys(location)], ['default', false, [type]], place);
    if (place === 'manifests') t.same(location, { directory: `${cwd}/manifests` });
  }
});

t.test('an unknown variable is a warning that names the likely one', async (t) => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['PLUMBLINE_SOURCE_PRUN', 'did you mean PLUMBLINE_SOURCE_PRUNE?'],
    ['PLUMBLINE_LOGLEVEL', 'did you mean PLUMBLINE_LOG_LEVEL?'],
    ['PLUMBLINE_QQQQQQQQQQ', 'remove it'],
    ['PLUMBLINE_SERVICE_HOST', undefined],
    ['PLUMBLINE_PORT_8080_TCP_ADDR', undefined],
    ['OTHER_VARIABLE', undefined],
    ['PLUMBLINE_CONFIG', undefined],
  ];
  for (const [name, hint] of cases) {
    const environment = { ...folder, [name]: name === 'PLUMBLINE_CONFIG' ? '' : 'x' };
    const { warnings } = await load(t, { environment });
    t.same(
      warnings.map((it) => [it.severity, it.file, it.hint]),
      hint === undefined ? [] : [['warning', name, hint]],
      name,
    );
  }
  t.equal(new Set(knownVariables).size, knownVariables.length);
});

t.test('a file is needed unless the environment names a source', async (t) => {
  const missing = await failure(t, {});
  t.match(missing, {
    code: 'CONFIG_MISSING',
    message: /config\/plumbline\.yaml/,
    hint: /--config FILE.*PLUMBLINE_SOURCE/,
  });
  t.equal((await load(t, { environment: folder })).file, undefined);
  const cwd = t.testdir({ 'other.yaml': 'account: other\n', 'empty.yaml': '# nothing yet\n' });
  const named = (file: string, environment: Environment = folder) =>
    loadConfig({ file, environment, flags: {}, cwd });
  t.equal((await named('other.yaml')).config.account, 'other');
  t.equal((await named('empty.yaml')).config.account, 'default');
  await t.rejects(named('nowhere.yaml'), { code: 'CONFIG_MISSING', message: /nowhere\.yaml/ });
  await t.rejects(named('.'), { code: 'CONFIG_MISSING', message: /folder/ });
  const byVariable = { ...folder, PLUMBLINE_CONFIG: 'other.yaml' };
  const loaded = await loadConfig({ environment: byVariable, flags: {}, cwd });
  t.same([loaded.config.account, loaded.file], ['other', 'other.yaml']);
});

t.test('no secret shows in JSON, inspection or an error', async (t) => {
  const canary = 'canary-3f9a';
  const environment = {
    ...repository,
    PLUMBLINE_SOURCE_PASSWORD: canary,
    PLUMBLINE_HTTP_TOKEN: canary,
  };
  const { config } = await load(t, { environment });
  t.equal(config.http.token?.reveal(), canary);
  const shown = [JSON.stringify(config), inspect(config, { depth: 9 }), String(config)];
  shown.push(inspect(config, { depth: 9, customInspect: false, showHidden: true }));
  const error = await failure(t, {
    file: `http:\n  token: ${canary}\n  tokenFile: x\nlog: { level: x }\n`,
    environment: {
      PLUMBLINE_SOURCE_PASSWORD: `${canary}\n`,
      PLUMBLINE_HTTP_TOKEN: `\u0007${canary}`,
    },
  });
  shown.push(JSON.stringify(error), JSON.stringify(error.problems), error.message);
  for (const text of shown) t.notMatch(text, canary);
});

t.test('files that others may read or write are warned of', async (t) => {
  const { chmod } = await import('node:fs/promises');
  const cwd = t.testdir({ 'c.yaml': 'http: { tokenFile: secret }\n', secret: 'sesame' });
  const warned = async (config: number, secret: number) => {
    await chmod(`${cwd}/c.yaml`, config);
    await chmod(`${cwd}/secret`, secret);
    const { warnings } = await loadConfig({ file: 'c.yaml', environment: {}, flags: {}, cwd });
    return warnings.map((it) => `${placeOf(it)} ${it.hint}`);
  };
  t.same(await warned(0o644, 0o600), []);
  t.match(await warned(0o644, 0o644), [/^c\.yaml:1:20 .*chmod o-r/]);
  t.match(await warned(0o666, 0o600), [/^c\.yaml .*chmod o-w/]);
});
