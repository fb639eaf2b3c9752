import type { CST, ScalarTag, Schema, YAMLError } from 'yaml';
import { compareText, type Diagnostic, limitProblems } from './diagnostic.ts';
import { isObject } from './json.ts';
import { YamlDocument } from './yaml-document.ts';
import { directive, faultOf, isOfIndent } from './yaml-fault.ts';
import { readTokens, type Tokens } from './yaml-guard.ts';
import { isScalar, yamlLibrary } from './yaml-library.ts';
import type { YamlLimits } from './yaml-limits.ts';
import type { Fault, YamlText } from './yaml-text.ts';
import { ValueReader } from './yaml-value.ts';

export interface ParsedYaml {
  /** Those with content, in file order; none of them when the file has a problem. */
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly Diagnostic[];
  /**
   * Where the file is sound YAML but refused: the keys at the root of each document, which tell
   * whether the file was meant for us at all. Undefined where even that is not known.
   */
  readonly refusedRoots?: readonly (readonly string[])[];
}

/** YAML 1.2 core, but digits after a leading nought stay a text, such as a postal code or a number to dial. */
function makeSchema(): Schema {
  const whole = String(/^[-+]?[0-9]+$/);
  return new (yamlLibrary().Schema)({
    schema: 'core',
    resolveKnownTags: false,
    customTags: (tags) =>
      tags.map((tag) =>
        typeof tag === 'object' && String((tag as ScalarTag).test) === whole
          ? { ...(tag as ScalarTag), test: /^[-+]?(?:0|[1-9][0-9]*)$/ }
          : tag,
      ),
  });
}

let schema: Schema | undefined;

/** Reads a text with the library: what is wrong with it, or its documents with their nodes. */
export function composeText(page: YamlText, limits: YamlLimits): ParsedYaml {
  const tokens = readTokens(page.text, limits);
  if ('offset' in tokens) return { documents: [], problems: [page.problem(tokens)] };
  return compose(page, tokens, limits);
}

function compose(page: YamlText, tokens: Tokens, limits: YamlLimits): ParsedYaml {
  schema ??= makeSchema();
  const composer = new (yamlLibrary().Composer)({ schema, uniqueKeys: false, prettyErrors: false });
  const composed = [...composer.compose(tokens.tokens)];
  const loose = composer.streamInfo();
  const errors = [
    ...composed.flatMap((it) => withoutEchoes(it.errors, page.text)),
    ...loose.errors,
  ];
  if (errors.length > 0) {
    const { shown, more } = firstOfEachLine(page, errors, limits);
    const faults = shown.map((it) => faultOf(it, page.text, tokens));
    return { documents: [], problems: told(page, faults, more, limits) };
  }
  const warnings = [...composed.flatMap((it) => it.warnings), ...loose.warnings];
  const faults = [
    ...tokens.tokens.filter(isDirective).map((it) => directive(it.offset)),
    ...warnings
      .filter((it) => it.code !== 'BAD_DIRECTIVE')
      .map((it) => faultOf(it, page.text, tokens)),
  ];
  const documents: YamlDocument[] = [];
  for (const [index, { contents }] of composed.entries()) {
    if (isEmpty(contents)) continue;
    const reader = new ValueReader(page.text, limits, (fault) => faults.push(fault));
    const value = reader.read(contents);
    const { place } = reader;
    documents.push(new YamlDocument(page, { value, index }, () => place));
  }
  if (faults.length === 0) return { documents, problems: [] };
  const refusedRoots = documents.map(({ value }) => (isObject(value) ? Object.keys(value) : []));
  return { documents: [], problems: told(page, faults, 0, limits), refusedRoots };
}

function isDirective(token: CST.Token): boolean {
  return token.type === 'directive' && !/^%YAML\s+1\.2\s*$/.test(token.source);
}

/** True for a document with nothing in it, as between two `---`. */
function isEmpty(contents: unknown): boolean {
  return (
    contents === null ||
    (isScalar(contents) && contents.source === '' && !contents.tag && !contents.anchor)
  );
}

/** Of the lines of a document that do not line up the first alone: all after it are measured by that one. */
function withoutEchoes(errors: readonly YAMLError[], text: string): readonly YAMLError[] {
  let isShifted = false;
  return [...errors]
    .sort((a, b) => a.pos[0] - b.pos[0])
    .filter((error) => {
      const isIndent = isOfIndent(error, text);
      if (isShifted && (isIndent || error.code === 'MULTILINE_IMPLICIT_KEY')) return false;
      isShifted ||= isIndent || error.code === 'TAB_AS_INDENT';
      return true;
    });
}

/** What follows a fault is mostly its echo: one to a line, and nothing after what was never closed. */
function firstOfEachLine(page: YamlText, errors: readonly YAMLError[], limits: YamlLimits) {
  const kept = new Map<number, YAMLError>();
  let more = 0;
  for (const error of [...errors].sort((a, b) => a.pos[0] - b.pos[0])) {
    const line = page.lineOf(error.pos[0]);
    if (kept.has(line)) continue;
    if (kept.size < limits.problems) kept.set(line, error);
    else more += 1;
    if (/^Missing closing|end with a/.test(error.message)) break;
  }
  return { shown: [...kept.values()], more };
}

function told(
  page: YamlText,
  faults: readonly Fault[],
  more: number,
  { problems }: YamlLimits,
): readonly Diagnostic[] {
  const sorted = [...faults].sort((a, b) => a.offset - b.offset || compareText(a.code, b.code));
  const shown = more + sorted.length > problems ? sorted.slice(0, problems - 1) : sorted;
  return limitProblems(
    shown.map((it) => page.problem(it)),
    more + sorted.length - shown.length,
  );
}
