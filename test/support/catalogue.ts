import { kinds } from '../../src/kinds/kinds.ts';
import type { Diagnostic } from '../../src/lib/diagnostic.ts';
import { type LoadResult, ManifestLoader } from '../../src/manifest/load.ts';
import { unknownReferences } from '../../src/manifest/references.ts';

/** One bad input, by its number in the catalogue of reliability.md, and what becomes of it. */
export interface Row {
  readonly item: number;
  readonly name: string;
  /** The file, or several by path. */
  readonly input: Content | Readonly<Record<string, Content>>;
  /** Every error, as `CODE line:column`, with the path before it where there are several files. */
  readonly errors?: readonly string[];
  /** Every warning, in the same form; the two about a missing description and version are left out. */
  readonly warnings?: readonly string[];
  /** Words that message and hint of the first error, or else the first warning, hold. */
  readonly says?: RegExp;
  /** True where the file is passed over as none of ours. */
  readonly ignored?: true;
  /** Names that are loaded, without the bystander; none when absent. */
  readonly loads?: readonly string[];
  /** What else must hold. */
  readonly check?: (result: LoadResult) => boolean;
}

export type Content = string | Uint8Array;

const bystander =
  'apiVersion: smarter.sh/v1\nkind: Plugin\nmetadata:\n  name: bystander\nspec: {selector: {directive: always}, prompt: {systemRole: x}, data: {}}\n';

/** Loads the files of a row beside a good one. */
export function loadRow(input: Row['input']): LoadResult {
  const files: Readonly<Record<string, Content>> =
    typeof input === 'string' || input instanceof Uint8Array ? { 'bad.yaml': input } : input;
  const loader = new ManifestLoader(kinds, 'default');
  loader.add({ path: 'good.yaml', blob: 'sha1:0' }, Buffer.from(bystander));
  for (const [path, content] of Object.entries(files))
    loader.add(
      { path, blob: 'sha1:1' },
      typeof content === 'string' ? Buffer.from(content) : content,
    );
  return loader.finish();
}

/** Problems of one severity in the form that rows have them; those of references included. */
export function toldOf(result: LoadResult, severity: Diagnostic['severity']): string[] {
  return told(result, severity).map((it) => {
    const place = it.line === undefined ? '' : ` ${it.line}:${it.column}`;
    return `${it.file === 'bad.yaml' ? '' : `${it.file} `}${it.code}${place}`;
  });
}

/** The problems of the row's files, without the two warnings that nearly every row would have. */
export function told(result: LoadResult, severity: Diagnostic['severity']): Diagnostic[] {
  return result.problems.filter(
    (it) =>
      it.severity === severity &&
      it.file !== 'good.yaml' &&
      !/there is no (?:description|version)$/.test(it.message),
  );
}

/** Names that are loaded, without the bystander. */
export function loadedNames(result: LoadResult): string[] {
  return result.manifests.map((it) => it.key.name).filter((it) => it !== 'bystander');
}

/** With the references that nothing loaded here stands for. */
export function withReferences(result: LoadResult): LoadResult {
  const unknown = unknownReferences(result.manifests, () => false, kinds);
  return { ...result, problems: [...result.problems, ...unknown] };
}

const begin = 'apiVersion: smarter.sh/v1\nkind: LLMClient\n';

/** A client whose metadata, from line 4 on, is given. */
export function metadata(lines: string): string {
  return `${begin}metadata:\n${lines}spec:\n  config: {}\n`;
}

/** A client of a name, on line 4. */
export function named(name: string): string {
  return metadata(`  name: ${name}\n`);
}

/** A client whose spec, from line 5 on, is given. */
export function spec(lines: string): string {
  return `${begin}metadata: { name: bot }\nspec:\n${lines}`;
}

/** A client with one line of configuration, line 6. */
export function config(line: string): string {
  return spec(`  config:\n    ${line}\n`);
}
