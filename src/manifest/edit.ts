import type { YAMLMap } from 'yaml';
import { canonicalJson } from '../lib/digest.ts';
import { isObject, type JsonObject, type JsonValue, valueAt } from '../lib/json.ts';
import { parseYaml } from '../lib/yaml.ts';
import { isMap, isScalar, yamlLibrary } from '../lib/yaml-library.ts';
import { DocumentEdit } from './edit-document.ts';
import { EntryEdit } from './edit-entries.ts';
import { CannotEdit } from './edit-place.ts';
import type { Kind } from './kind.ts';
import { comparableWhole } from './kind-set.ts';
import { contentDigest, type Manifest } from './manifest.ts';
import { foldName, normalise } from './normal.ts';
import { canonicalForm, printManifest } from './print.ts';
import { Splices } from './splice.ts';

/**
 * The text of a file whose document number `document`, from 0, now means `to`. Only what differs is
 * touched: comments, order, quotes, indentation and line endings of all else stay byte for byte.
 * Sets keep the order of the file, what is new comes last. Undefined when the document cannot be
 * edited in place, because of anchors for instance; print it anew then with `replaceDocument`.
 */
export function editManifest(
  text: string,
  document: number,
  kind: Kind,
  to: Manifest,
): string | undefined {
  const raw = read(text)?.get(document);
  const contents = contentsOf(text, document);
  if (contents === undefined || !isObject(raw)) return undefined;
  const from = normalise(raw as JsonObject, kind);
  if (sameMeaning(from, to, kind)) return text;
  const splices = new Splices(text);
  const entries = new EntryEdit(splices, jsonIndent(text, splices, contents));
  const print = canonicalForm(to, kind);
  try {
    new DocumentEdit(entries, kind.fields).map(contents, {
      from: from as unknown as JsonObject,
      to: to as unknown as JsonObject,
      print,
    });
  } catch (error) {
    if (error instanceof CannotEdit) return undefined;
    throw error;
  }
  return checked(splices.result(), text, document, kind, to);
}

/**
 * The text of a file with one whole document printed anew; comments inside of it are lost. Undefined
 * when that would touch the others.
 */
export function replaceDocument(
  text: string,
  document: number,
  kind: Kind,
  to: Manifest,
): string | undefined {
  const range = contentsOf(text, document)?.range;
  if (range === undefined || range === null) return undefined;
  const splices = new Splices(text);
  const json = isJson(text);
  const print = json
    ? JSON.stringify(canonicalForm(to, kind), null, 2)
    : printManifest(to, kind).slice(0, -1);
  const body = text.slice(range[0], range[1]).trimEnd();
  const start = splices.lineStart(range[0]);
  splices.replace(json ? range[0] : start, range[0] + body.length, print);
  return checked(splices.result(), text, document, kind, to);
}

/** Position of the document that declares a resource; undefined when none does or the file cannot be read. */
export function documentOf(text: string, kind: Kind, name: string): number | undefined {
  for (const [document, raw] of read(text) ?? []) {
    const written = valueAt(raw, 'metadata.name');
    if (valueAt(raw, 'kind') !== kind.name || typeof written !== 'string') continue;
    if (foldName(written) === name) return document;
  }
  return undefined;
}

/** What the documents of a text say, by their position; undefined when the loader would refuse it. */
function read(text: string): ReadonlyMap<number, JsonValue> | undefined {
  const { documents, problems } = parseYaml(new TextEncoder().encode(text), 'text');
  if (documents.length === 0 && problems.length > 0) return undefined;
  return new Map(documents.map((it) => [it.index, it.value]));
}

/** The nodes of one document with their places in the text. */
function contentsOf(text: string, document: number): YAMLMap | undefined {
  const documents = yamlLibrary().parseAllDocuments(text, {
    keepSourceTokens: true,
    uniqueKeys: false,
  });
  const contents = Array.isArray(documents) ? documents[document]?.contents : undefined;
  return isMap(contents) ? contents : undefined;
}

/** An edit is good only if a reader finds in it what was wanted, and all else as it was. */
function checked(
  result: string | undefined,
  text: string,
  document: number,
  kind: Kind,
  to: Manifest,
): string | undefined {
  if (result === undefined || (isJson(text) && !isJson(result))) return undefined;
  const before = read(text);
  const after = read(result);
  if (before === undefined || after === undefined || before.size !== after.size) return undefined;
  for (const [index, raw] of after) {
    if (index === document) {
      if (!sameMeaning(normalise(raw as JsonObject, kind), to, kind)) return undefined;
    } else if (canonicalJson(raw) !== canonicalJson(before.get(index) ?? null)) return undefined;
  }
  return result;
}

/** Equal but for the order within sets. */
function sameMeaning(a: Manifest, b: Manifest, kind: Kind): boolean {
  const whole = comparableWhole(kind);
  return contentDigest(a, whole) === contentDigest(b, whole);
}

function isJson(text: string): boolean {
  if (!/^\ufeff?\s*\{/.test(text)) return false;
  try {
    JSON.parse(text.replace(/^\ufeff/, ''));
    return true;
  } catch {
    return false;
  }
}

/** By how many blanks a JSON text indents, 0 where all stands on one line; undefined if it is none. */
function jsonIndent(text: string, splices: Splices, contents: YAMLMap): number | undefined {
  if (!isJson(text)) return undefined;
  const [first] = contents.items;
  const range = isScalar(first?.key) ? first.key.range : undefined;
  if (range === undefined || range === null || !splices.isFirstOnLine(range[0])) return 0;
  return splices.padTo(range[0]).length;
}
