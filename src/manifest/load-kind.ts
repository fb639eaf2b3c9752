import type { JsonValue } from '../lib/json.ts';
import { suggest } from '../lib/suggest.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import type { Kind, KindSet } from './kind.ts';
import { apiVersion } from './manifest.ts';

/** Kinds of the platform that may stand beside ours and are kept by somebody else. */
const platformKinds = new Set([
  ...['LLMClient', 'Plugin', 'SqlPlugin', 'ApiPlugin', 'SqlConnection', 'ApiConnection', 'Secret'],
  ...['SmarterAuthToken', 'Provider', 'Account', 'User', 'Prompt', 'Vectorstore', 'Proxy', 'Chat'],
]);

/** A key at the root that is wrong. */
interface HeadProblem {
  readonly code: 'MANIFEST_API_VERSION' | 'MANIFEST_UNKNOWN_KIND' | 'MANIFEST_MISSING_KEY';
  readonly severity: 'error' | 'warning';
  readonly key: 'apiVersion' | 'kind';
  readonly message: string;
  readonly hint: string;
}

/**
 * What the head of a document says it is: a manifest of a kind, somebody else's document, or one of
 * ours with a wrong head. With a wrong head, `kind` is the one that was probably meant.
 */
export type Head =
  | { readonly is: 'manifest'; readonly kind: Kind }
  | { readonly is: 'foreign'; readonly reason: string }
  | { readonly is: 'wrong'; readonly kind: Kind | undefined; readonly problem: HeadProblem };

/** Judges a document by its `apiVersion` and `kind`; a near miss of ours is never taken for a stranger. */
export function readHead(root: Readonly<Record<string, JsonValue>>, kinds: KindSet): Head {
  const version = root['apiVersion'];
  const word = root['kind'];
  if (version === undefined && word === undefined) return headless(Object.keys(root));
  const exact = typeof word === 'string' ? kinds.byName(word) : undefined;
  if (version === apiVersion) return ours(exact, word, kinds);
  const strange = typeof version === 'string' && !isNear(version);
  if (strange && exact?.sharesName === true)
    return { is: 'foreign', reason: foreignReason(version, word) };
  const meant = exact ?? (strange ? undefined : meantKind(word, kinds));
  if (meant === undefined && !isNear(version))
    return { is: 'foreign', reason: foreignReason(version, word) };
  if (version === undefined)
    return wrong(
      meant,
      'MANIFEST_MISSING_KEY',
      'apiVersion',
      'the top level needs a key apiVersion',
      `add apiVersion: ${apiVersion}`,
    );
  const said = typeof version === 'string' ? ` ${shown(version)}` : '';
  const message = `the apiVersion${said} is not known`;
  return wrong(meant, 'MANIFEST_API_VERSION', 'apiVersion', message, `write ${apiVersion}`);
}

/** True where the keys at a root, few or many, may be those of a manifest of ours. */
export function mayBeManifest(keys: readonly string[]): boolean {
  return keys.includes('apiVersion') || keys.includes('kind') || headless(keys).is === 'wrong';
}

function headless(keys: readonly string[]): Head {
  const near = keys.some((it) => /^(?:api[-_ ]?version|kind)s?$/i.test(it));
  if (!near && !(keys.includes('metadata') && keys.includes('spec')))
    return { is: 'foreign', reason: 'no manifest: it has neither apiVersion nor kind' };
  return wrong(
    undefined,
    'MANIFEST_MISSING_KEY',
    'apiVersion',
    'the top level needs the keys apiVersion and kind',
    `add apiVersion: ${apiVersion} and kind: …`,
  );
}

function ours(exact: Kind | undefined, word: JsonValue | undefined, kinds: KindSet): Head {
  if (exact !== undefined) return { is: 'manifest', kind: exact };
  const names = kinds.all.map((it) => it.name).join(', ');
  if (word === undefined)
    return wrong(
      undefined,
      'MANIFEST_MISSING_KEY',
      'kind',
      'the top level needs a key kind',
      `add kind: one of ${names}`,
    );
  if (typeof word !== 'string')
    return wrong(
      undefined,
      'MANIFEST_UNKNOWN_KIND',
      'kind',
      'the kind must be a word',
      `write one of ${names}`,
    );
  if (platformKinds.has(word)) {
    const message = `the kind ${word} is not kept here, so this document has no effect`;
    return {
      ...wrong(
        undefined,
        'MANIFEST_UNKNOWN_KIND',
        'kind',
        message,
        `known kinds: ${names}`,
        'warning',
      ),
    };
  }
  const meant = meantKind(word, kinds);
  const hint = meant === undefined ? `write one of ${names}` : `did you mean ${meant.name}?`;
  return wrong(meant, 'MANIFEST_UNKNOWN_KIND', 'kind', `there is no kind ${shown(word)}`, hint);
}

function wrong(
  kind: Kind | undefined,
  code: HeadProblem['code'],
  key: HeadProblem['key'],
  message: string,
  hint: string,
  severity: HeadProblem['severity'] = 'error',
): Head & { readonly is: 'wrong' } {
  return { is: 'wrong', kind, problem: { code, severity, key, message, hint } };
}

function meantKind(word: JsonValue | undefined, kinds: KindSet): Kind | undefined {
  if (typeof word !== 'string') return undefined;
  const known = kinds.find(word);
  if (known !== undefined) return known;
  if (platformKinds.has(word)) return undefined;
  return kinds.byName(
    suggest(
      word,
      kinds.all.map((it) => it.name),
    ) ?? '',
  );
}

/** True for another version of our group, and for what is nearly our group. */
function isNear(version: JsonValue | undefined): boolean {
  if (typeof version !== 'string') return false;
  const [group = ''] = version.split('/');
  return suggest(group, ['smarter.sh']) !== undefined;
}

function foreignReason(version: JsonValue | undefined, word: JsonValue | undefined): string {
  const what = typeof word === 'string' ? shown(word) : 'a document';
  return `no manifest of ours: ${what}${typeof version === 'string' ? ` of ${shown(version)}` : ''}`;
}

function shown(text: string): string {
  return escapeUntrusted(text.length > 60 ? `${text.slice(0, 59)}…` : text);
}
