import type { Diagnostic } from '../lib/diagnostic.ts';
import { hasErrors } from '../lib/diagnostic.ts';
import {
  detached,
  isObject,
  type JsonObject,
  type JsonValue,
  recurring,
  valueAt,
} from '../lib/json.ts';
import { checkShape, labelOf } from '../lib/shape.ts';
import type { YamlDocument } from '../lib/yaml.ts';
import type { Kind, KindSet } from './kind.ts';
import { comparableOf, uniqueValues } from './kind-set.ts';
import { adviceOn } from './load-advice.ts';
import { encrypted } from './load-file.ts';
import { readHead } from './load-kind.ts';
import { collectReferences } from './load-references.ts';
import { manifestSchema } from './load-schema.ts';
import { confide, hiding, withoutSecret } from './load-secret.ts';
import { tell } from './load-tell.ts';
import {
  type Claim,
  contentDigest,
  EncodedManifest,
  type Manifest,
  type ResourceKey,
} from './manifest.ts';
import { canonicalName, normalise } from './normal.ts';
import type { Vault } from './secret-value.ts';

/** What became of one document. */
export interface LoadedDocument {
  readonly problems: readonly Diagnostic[];
  /** Set for somebody else's document, which is passed over. */
  readonly foreign?: string;
  /** Set where the document says which resource it declares, in however wrong a way. */
  readonly declares?: Declaration;
  /** Set where nothing is wrong with it. */
  readonly loaded?: EncodedManifest;
}

/** The resource that a document declares, and where it names it. */
export interface Declaration {
  readonly key: ResourceKey;
  readonly kind: string;
  readonly written: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface DocumentContext {
  readonly kinds: KindSet;
  readonly account: string;
  readonly blob: string;
  /** Absent where files are checked without looking at this machine's secrets. */
  readonly vault: Vault | undefined;
}

/** Reads one document as a manifest; everything that is wrong with it is told at once. */
export function loadDocument(document: YamlDocument, context: DocumentContext): LoadedDocument {
  const root = document.value;
  if (!isObject(root)) return { problems: [noMap(document)] };
  const head = readHead(root as JsonObject, context.kinds);
  const isEncrypted = isObject(root['sops']);
  // Encrypted without a head it may be ours; with somebody else's head it is theirs.
  const mayBeOurs = isEncrypted && root['kind'] === undefined;
  if (head.is === 'foreign' && !mayBeOurs) return { problems: [], foreign: head.reason };
  const kind = head.is === 'foreign' ? undefined : head.kind;
  const declares = kind === undefined ? undefined : declaration(document, kind, context);
  const known = declares === undefined ? {} : { declares };
  if (isEncrypted) {
    return { problems: [tell(document, 'FILE_NOT_TEXT', ['sops'], 'key', encrypted)], ...known };
  }
  if (head.is === 'wrong') {
    const { code, key, severity } = head.problem;
    const problem = tell(document, code, [key], 'value', head.problem, severity);
    return severity === 'warning' && declares === undefined
      ? { problems: [problem], foreign: head.problem.message }
      : { problems: [problem], ...known };
  }
  const outcome = loadManifest(document, root as JsonObject, kind as Kind, declares, context);
  const problems = kind?.secret === undefined ? outcome.problems : outcome.problems.map(hiding);
  return { ...outcome, problems, ...known };
}

function loadManifest(
  document: YamlDocument,
  root: JsonObject,
  kind: Kind,
  declares: Declaration | undefined,
  context: DocumentContext,
): LoadedDocument {
  const legacy = kind.legacy.filter((path) => valueAt(root, path) !== undefined);
  const value = legacy.length === 0 ? root : without(root, legacy);
  const problems: Diagnostic[] = [
    ...legacy.map((path) => legacyKey(document, path)),
    ...checkShape(manifestSchema(kind), document, { value }).map(versionHint),
    ...nameProblems(document, valueAt(root, 'metadata.name')),
    ...adviceOn(document, withoutSecret(root, kind), kind),
  ];
  const { references, problems: wrong } = collectReferences(document, root, kind, context.kinds);
  problems.push(...wrong);
  if (declares === undefined || hasErrors(problems)) return { problems };
  const confided = confide(document, root, kind, declares.key, context.vault);
  problems.push(...confided.problems);
  if (hasErrors(problems)) return { problems };
  const manifest = normalise(confided.root, kind);
  for (const { severity, path, ...words } of kind.check?.(manifest) ?? []) {
    const hint = words.hint ?? `correct ${labelOf(path.split('.'))}`;
    const at = path.split('.');
    problems.push(
      tell(
        document,
        severity === 'error' ? 'MANIFEST_BAD_VALUE' : 'MANIFEST_ADVICE',
        at,
        'value',
        { message: words.message, hint },
        severity,
      ),
    );
  }
  if (hasErrors(problems)) return { problems };
  const deployed = kind.deployment === undefined ? undefined : valueAt(manifest, kind.deployment);
  const said = {
    manifest,
    key: declares.key,
    kind: kind.name,
    digest: contentDigest(manifest, comparableOf(kind)),
    deployed: typeof deployed === 'boolean' ? deployed : undefined,
    references,
    ...(confided.sealed === undefined ? {} : { sealed: confided.sealed }),
    file: document.file,
    document: document.index,
    line: document.line,
    blob: context.blob,
  };
  const claims = claimsOf(document, manifest, declares.key, kind);
  return { problems, loaded: new EncodedManifest(said, claims) };
}

function declaration(
  document: YamlDocument,
  kind: Kind,
  { account }: DocumentContext,
): Declaration | undefined {
  const name = valueAt(document.value, 'metadata.name');
  if (typeof name !== 'string') return undefined;
  const written = detached(name);
  const verdict = canonicalName(written);
  if (!('name' in verdict)) return undefined;
  const { line, column } = document.valuePlace(['metadata', 'name']);
  // Most often it is written as it counts, and then one text does for both.
  const counts = verdict.name === written ? written : verdict.name;
  const key = { account, space: kind.space, name: counts };
  return { key, kind: kind.name, written, file: document.file, line, column };
}

function nameProblems(document: YamlDocument, written: JsonValue | undefined): Diagnostic[] {
  if (typeof written !== 'string') return [];
  const verdict = canonicalName(written);
  const path = ['metadata', 'name'];
  if (!('name' in verdict)) {
    const { problem, suggestion } = verdict;
    const hint =
      suggestion === undefined ? 'write a name such as support_bot' : `write ${suggestion}`;
    return [
      tell(document, 'MANIFEST_BAD_NAME', path, 'value', { message: `the name ${problem}`, hint }),
    ];
  }
  if (verdict.name === written) return [];
  const message = `a hyphen in a name means an underscore, so this is ${verdict.name}`;
  const hint = `write ${verdict.name}`;
  return [tell(document, 'MANIFEST_BAD_NAME', path, 'value', { message, hint }, 'warning')];
}

/** Quoted or not, what is no semantic version stays none. */
function versionHint(problem: Diagnostic): Diagnostic {
  if (problem.path !== 'metadata.version') return problem;
  return { ...problem, hint: 'write three numbers, such as 1.0.0' };
}

function legacyKey(document: YamlDocument, path: string): Diagnostic {
  const message = `${labelOf(path.split('.'))} is an old key without effect`;
  return tell(
    document,
    'MANIFEST_LEGACY_KEY',
    path.split('.'),
    'key',
    { message, hint: 'remove it' },
    'warning',
  );
}

function noMap(document: YamlDocument): Diagnostic {
  const what = Array.isArray(document.value) ? 'a list' : 'a single value';
  const words = {
    message: `a manifest is a map, and this is ${what}`,
    hint: 'write apiVersion, kind, metadata and spec',
  };
  return tell(document, 'MANIFEST_WRONG_TYPE', [], 'value', words);
}

/** The values of this manifest that no other may have: unique fields, and unique columns that follow from it. */
function claimsOf(
  document: YamlDocument,
  manifest: Manifest,
  key: ResourceKey,
  kind: Kind,
): Claim[] {
  const claims: Claim[] = [];
  const claim = (what: string, value: JsonValue, path: string) => {
    claims.push({
      what: recurring(`${kind.tables.main}.${what}`),
      value: typeof value === 'string' ? detached(value) : value,
      path,
      place: document.valuePlace(path.split('.')),
    });
  };
  for (const field of kind.fields) {
    const value = field.unique === true ? valueAt(manifest, field.path) : undefined;
    if (value !== undefined) claim(field.path, value, field.path);
  }
  for (const [column, value] of uniqueValues(kind, manifest, key)) {
    if (value === null) continue;
    const from = kind.fields.find((it) => valueAt(manifest, it.path) === value);
    claim(column, value, from?.path ?? 'metadata.name');
  }
  // A list that has grown has room for many more.
  return [...claims];
}

/** A copy without the values at some dotted paths. */
function without(root: JsonObject, paths: readonly string[]): JsonObject {
  const copy = structuredClone(root) as Record<string, unknown>;
  for (const path of paths) {
    const steps = path.split('.');
    const last = steps.pop() as string;
    const holder = valueAt(copy, steps.join('.')) as Record<string, unknown> | undefined;
    delete holder?.[last];
  }
  return copy as JsonObject;
}
