import * as z from 'zod/mini';
import type { Diagnostic } from './diagnostic.ts';
import type { ErrorCode } from './errors.ts';
import { isObject } from './json.ts';
import { keysAt, placesOfKey } from './shape-keys.ts';
import { typeHint, wording } from './shape-words.ts';
import { suggest } from './suggest.ts';
import { escapeUntrusted } from './terminal.ts';
import type { Path, YamlDocument } from './yaml-document.ts';
import { yamlLimits } from './yaml-limits.ts';

export interface ShapeOptions {
  /** Where in the document the value stands; the root when absent. */
  readonly at?: Path;
  /** What to check instead of the document's own value, such as a copy without some keys. */
  readonly value?: unknown;
  /** One code for all problems, in place of the MANIFEST_ codes. */
  readonly code?: ErrorCode;
}

/** How often a schema has been used here. */
const uses = new WeakMap<z.core.$ZodType, number>();
/** From so many uses on it pays to have zod make a function of a schema. */
const oftenUsed = 30;

/** Every way in which a document differs from a schema, each at its place, with what to write instead. */
export function checkShape(
  schema: z.core.$ZodType,
  document: YamlDocument,
  { at = [], value = document.value, code }: ShapeOptions = {},
): Diagnostic[] {
  const used = (uses.get(schema) ?? 0) + 1;
  uses.set(schema, used);
  const result = z.safeParse(schema, value, { error: wording, jitless: used < oftenUsed });
  if (result.success) return [];
  const found: Finding[] = [];
  for (const issue of result.error.issues)
    found.push(...findings(issue, schema, document, value, at));
  const first = new Map<string, Finding>();
  for (const it of found) {
    const id = JSON.stringify(it.path);
    if (!first.has(id)) first.set(id, it);
  }
  return [...first.values()].map(({ which, path, ...finding }, index) => ({
    severity: 'error' as const,
    code: code ?? finding.code,
    file: document.file,
    ...document.place(path, which),
    path: path.map(escaped).join('.'),
    message: finding.message,
    hint: finding.hint,
    // A file with so many problems is not mended by looking at each.
    ...(index < yamlLimits.problems ? { frame: document.frameAt(path, which) } : {}),
  }));
}

interface Finding {
  readonly code: ErrorCode;
  readonly path: Path;
  readonly which: 'key' | 'value';
  readonly message: string;
  readonly hint: string;
}

function findings(
  issue: z.core.$ZodIssue,
  schema: z.core.$ZodType,
  document: YamlDocument,
  root: unknown,
  at: Path,
): Finding[] {
  const inner = issue.path.map((it) => (typeof it === 'number' ? it : String(it)));
  const path = [...at, ...inner];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknownKey(key, inner, schema, at));
  if (issue.code === 'invalid_union') return unionFindings(issue, schema, document, root, at);
  const written = follow(root, inner);
  if (written === undefined) return [missingKey(path)];
  const label = labelOf(path);
  const message = issue.message.startsWith('must ') ? `${label} ${issue.message}` : issue.message;
  if (issue.code !== 'invalid_type')
    return [
      {
        code: 'MANIFEST_BAD_VALUE',
        path,
        which: 'value',
        message,
        hint: valueHint(issue, label, written),
      },
    ];
  const hint = typeHint(issue.expected, written, document.source(path), String(path.at(-1) ?? ''));
  return [{ code: 'MANIFEST_WRONG_TYPE', path, which: 'value', message, hint }];
}

/** Of several shapes, the one that comes closest says what is wrong. */
function unionFindings(
  issue: z.core.$ZodIssueInvalidUnion,
  schema: z.core.$ZodType,
  document: YamlDocument,
  root: unknown,
  at: Path,
): Finding[] {
  const [closest] = [...issue.errors].sort((a, b) => a.length - b.length);
  return (closest ?? []).flatMap((it) =>
    findings({ ...it, path: [...issue.path, ...it.path] }, schema, document, root, at),
  );
}

function unknownKey(key: string, inner: Path, schema: z.core.$ZodType, at: Path): Finding {
  const path = [...at, ...inner, key];
  const siblings = keysAt(schema, inner);
  const meant = suggest(key, siblings);
  const elsewhere = placesOfKey(schema, key)[0];
  const close = meant !== undefined && plain(meant) === plain(key);
  const where = inner.length === 0 ? 'the top level' : labelOf([...at, ...inner]);
  return {
    code: 'MANIFEST_UNKNOWN_KEY',
    path,
    which: 'key',
    message: `${where} has no key ${short(key)}`,
    hint:
      elsewhere !== undefined && !close
        ? `move it: it belongs ${elsewhere === '' ? 'to the top level' : `under ${elsewhere}`}`
        : meant === undefined
          ? 'remove it'
          : `did you mean ${meant}?`,
  };
}

function missingKey(path: Path): Finding {
  const parent = path.slice(0, -1);
  const key = String(path.at(-1));
  const holder = parent.length === 0 ? 'the top level' : labelOf(parent);
  return {
    code: 'MANIFEST_MISSING_KEY',
    path,
    which: 'key',
    message: `${holder} needs a key ${key}`,
    hint: `add ${key}: …`,
  };
}

function valueHint(issue: z.core.$ZodIssue, label: string, written: unknown): string {
  if (issue.code === 'invalid_value' && typeof written === 'string') {
    const meant = suggest(written, issue.values.map(String));
    if (meant !== undefined) return `did you mean ${meant}?`;
  }
  if (issue.code === 'too_big' && issue.origin === 'string') return 'shorten it';
  if (issue.code === 'invalid_value') return 'write one of them';
  return `correct ${label}`;
}

/** The value at a path; undefined where a key is not there, which no document can say otherwise. */
function follow(root: unknown, path: Path): unknown {
  let at = root;
  for (const step of path) {
    if (Array.isArray(at)) at = at[Number(step)];
    else if (isObject(at) && Object.hasOwn(at, String(step))) at = at[String(step)];
    else return undefined;
  }
  return at;
}

/** What a message calls a value: its key, with the indexes that follow. */
export function labelOf(path: Path): string {
  const start = path.findLastIndex((it) => typeof it === 'string');
  if (start === -1) return path.length === 0 ? 'the document' : `item ${path.join('.')}`;
  const indexes = path.slice(start + 1).map((it) => `[${it}]`);
  return `${short(String(path[start]))}${indexes.join('')}`;
}

function escaped(step: string | number): string | number {
  return typeof step === 'number' ? step : short(step);
}

function short(text: string): string {
  return escapeUntrusted(text.length > 60 ? `${text.slice(0, 59)}…` : text);
}

function plain(text: string): string {
  return text.toLowerCase().replace(/[-_ ]/g, '');
}
