/*
 * W(N): a bare repository with N LLMClient manifests of about 1.5 KB, ten to a folder, with all
 * fields, lists, a folded and a literal text, and references to a few plugins and keys beside them.
 * A fixed seed, fixed names and fixed dates: equal N gives equal commits on every machine.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';

const seed = 20_251_104;
const perFolder = 10;
/** Of every hundred clients, the commit `pct` changes one and deletes another. */
const changedOfHundred = 7;
const deletedOfHundred = 57;

export const pluginCount = 8;
export const keyCount = 3;

/** What git may read beside the repository: nothing, so that no setting of this machine counts. */
export const gitEnvironment = {
  PATH: process.env.PATH,
  LC_ALL: 'C',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
};

/** A small generator of random numbers; mulberry32. */
function random(start) {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const words =
  `answer ask book check choose compare confirm customer delivery detail explain find form guest
  guide help invoice keep list look member name note offer order page part plan please price quote
  reader reason record reply report request return review room season send service short show stay
  step store team ticket tour visit visitor wait week write`.split(/\s+/);
const models = ['gpt-4o-mini', 'gpt-4.1', 'gpt-4.1-mini', 'o4-mini'];
const functions = ['get_current_weather', 'date_calculator', 'calculator'];

export function clientName(index) {
  return `client_${String(index).padStart(6, '0')}`;
}

export function clientPath(index) {
  const folder = String(Math.floor(index / perFolder)).padStart(5, '0');
  return `clients/${folder}/${clientName(index)}.yaml`;
}

/** The manifest of one client; another edition differs in three fields. */
export function clientManifest(index, edition = 1) {
  const next = random(seed + index);
  const below = (count) => Math.floor(next() * count);
  const one = (list) => list[below(list.length)];
  const phrase = (count) => {
    const text = Array.from({ length: count }, () => one(words)).join(' ');
    return text[0].toUpperCase() + text.slice(1);
  };
  const some = (list, count) => {
    const from = below(list.length);
    return Array.from({ length: count }, (_, at) => list[(from + at) % list.length]);
  };
  const label = clientName(index).replaceAll('_', '-');
  const plugins = some(
    Array.from({ length: pluginCount }, (_, at) => `plugin_${at}`),
    2,
  );
  return `apiVersion: smarter.sh/v1
kind: LLMClient
metadata:
  name: ${clientName(index)}
  description: >-
    ${phrase(8)}
    ${phrase(6).toLowerCase()}, edition ${edition}
  version: ${1 + below(4)}.${below(20)}.${below(10)}
  tags:
${some(['production', 'support', 'sales', 'trial', 'internal'], 2)
  .map((it) => `    - ${it}`)
  .join('\n')}
  annotations:
    - example.com/owner: team-${below(40)}
    - example.com/reviewed: '2025-${String(1 + below(12)).padStart(2, '0')}-${String(1 + below(28)).padStart(2, '0')}'
spec:
  config:
    deployed: true
    subdomain: ${label}
    customDomain:
      aws_hosted_zone_id: Z${String(1_000_000 + below(9_000_000))}
      domain_name: ${label}.bots.example.com
    provider: openai
    defaultModel: ${one(models)}
    defaultSystemRole: |
      ${phrase(11)}.
      ${phrase(9)}.

      ${phrase(10)}.
    defaultTemperature: ${((below(9) + edition - 1) % 10) / 10}
    defaultMaxTokens: ${256 * (1 + below(8)) + edition - 1}
    appName: ${phrase(2)}
    appAssistant: ${phrase(1)}
    appWelcomeMessage: ${phrase(6)}. ${phrase(4)}!
    appExamplePrompts:
      - ${phrase(5)}?
      - ${phrase(6)}?
      - "${phrase(3)}: ${phrase(2)}?"
    appPlaceholder: ${phrase(3)}
    appInfoUrl: https://www.example.com/info/${label}
    appBackgroundImageUrl: https://cdn.example.com/backgrounds/${below(50)}.jpg
    appLogoUrl: https://cdn.example.com/logos/${below(50)}.png
    appFileAttachment: ${below(2) === 1}
  plugins:
${plugins.map((it) => `    - ${it}`).join('\n')}
  functions:
${some(functions, 1 + below(2))
  .map((it) => `    - ${it}`)
  .join('\n')}
  apiKey: key_${below(keyCount)}
`;
}

function pluginManifest(index) {
  return `apiVersion: smarter.sh/v1
kind: Plugin
metadata:
  name: plugin_${index}
  description: What is known about topic ${index}
  version: 1.0.0
  pluginClass: static
spec:
  selector:
    directive: search_terms
    searchTerms:
      - topic ${index}
  prompt:
    provider: openai
    systemRole: You know topic ${index}.
    model: gpt-4o-mini
    temperature: 0.2
    maxTokens: 512
  data:
    staticData:
      topic: number ${index}
      facts:
        - the first
        - the second
`;
}

function keyManifest(index) {
  return `apiVersion: smarter.sh/v1
kind: SmarterAuthToken
metadata:
  name: key_${index}
  description: Key of widget ${index}
  version: 1.0.0
spec:
  config:
    isActive: true
    username: platform_admin
`;
}

/** How many of N clients the commit `pct` changes, and how many it deletes. */
export function touched(n) {
  return { changed: Math.floor(n / 100), deleted: Math.floor(n / 100) };
}

/** Makes the repository, packed, with the branches `base`, `one` and `pct`, and `main` at `base`. */
export async function makeWorkload(repository, n) {
  mkdirSync(repository, { recursive: true });
  git(repository, 'init', '--quiet', '--bare', '--template=', '--initial-branch=main', '.');
  const importer = spawn('git', ['fast-import', '--quiet', '--date-format=raw'], {
    cwd: repository,
    env: gitEnvironment,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = once(importer, 'close');
  for (const part of stream(n))
    if (!importer.stdin.write(part)) await once(importer.stdin, 'drain');
  importer.stdin.end();
  const [code] = await ended;
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
  git(repository, 'repack', '-a', '-d', '--quiet');
  git(repository, 'update-ref', 'refs/heads/main', 'refs/heads/base');
  return git(repository, 'rev-parse', 'refs/heads/base^{tree}');
}

function* stream(n) {
  yield commit('base');
  for (let at = 0; at < pluginCount; at++)
    yield put(`shared/plugin_${at}.yaml`, pluginManifest(at));
  for (let at = 0; at < keyCount; at++) yield put(`shared/key_${at}.yaml`, keyManifest(at));
  for (let at = 0; at < n; at++) yield put(clientPath(at), clientManifest(at));
  const middle = Math.floor(n / 2);
  yield `${commit('one')}from refs/heads/base\n${put(clientPath(middle), clientManifest(middle, 2))}`;
  yield `${commit('pct')}from refs/heads/base\n`;
  for (let at = 0; at < n; at++) {
    if (at % 100 === changedOfHundred) yield put(clientPath(at), clientManifest(at, 2));
    if (at % 100 === deletedOfHundred) yield `D ${clientPath(at)}\n`;
  }
}

function commit(branch) {
  return `commit refs/heads/${branch}\ncommitter Bench <bench@example.com> 1700000000 +0000\n${data(branch)}`;
}

function put(path, text) {
  return `M 100644 inline ${path}\n${data(text)}`;
}

function data(text) {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}

/** One call of git in a folder; gives what it printed. */
export function git(folder, ...args) {
  const { status, stdout, stderr } = spawnSync('git', args, {
    cwd: folder,
    env: gitEnvironment,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}
