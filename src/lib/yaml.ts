import { type Diagnostic, limitProblems } from './diagnostic.ts';
import { composeText, type ParsedYaml } from './yaml-compose.ts';
import { YamlDocument } from './yaml-document.ts';
import { type YamlLimits, yamlLimits } from './yaml-limits.ts';
import { readPlain } from './yaml-plain.ts';
import { decodeText, type Fault, YamlText } from './yaml-text.ts';

export { limitProblems, type ParsedYaml, YamlDocument, yamlLimits };

/**
 * Reads a YAML or JSON file. Limits are checked before anything is built, so no file costs more than
 * they allow. One problem refuses the whole file, because positions after a fault cannot be trusted.
 */
export function parseYaml(
  bytes: Uint8Array,
  file: string,
  limits: Partial<YamlLimits> = {},
): ParsedYaml {
  const all = { ...yamlLimits, ...limits };
  const opened = openYaml(bytes, file, all);
  return opened instanceof YamlText ? composeText(opened, all) : opened;
}

/**
 * What can be said of a file at little cost: that it is refused, or what it says where it is plain; else its
 * text.
 */
export function openYaml(
  bytes: Uint8Array,
  file: string,
  limits: YamlLimits,
): YamlText | ParsedYaml {
  if (bytes.length > limits.bytes) return refused(tooLarge(file, bytes.length, limits));
  const page = decodeText(bytes, file);
  if (!(page instanceof YamlText)) return refused(page);
  const conflict = /^<{7}(?: |\r?$)/m.exec(page.text);
  if (conflict !== null) return refused(page.problem(mergeConflict(conflict.index)));
  return plainly(page, limits) ?? page;
}

/** A text in the plain subset, whose places are learned only where somebody asks for one. */
function plainly(page: YamlText, limits: YamlLimits): ParsedYaml | undefined {
  const contents = readPlain(page.text, limits);
  if (contents === undefined) return undefined;
  let composed: ParsedYaml | undefined;
  const rootOf = (index: number) => {
    composed ??= composeText(page, limits);
    const document = composed.documents.find((it) => it.index === index);
    if (document === undefined) throw new Error('a plain text is none to the library');
    return document.root;
  };
  const documents = contents.map((it) => new YamlDocument(page, it, () => rootOf(it.index)));
  return { documents, problems: [] };
}

function refused(problem: Diagnostic): ParsedYaml {
  return { documents: [], problems: [problem] };
}

function tooLarge(file: string, size: number, { bytes }: YamlLimits): Diagnostic {
  const message = `the file has ${size} bytes, and at most ${bytes} are read`;
  const hint = 'split it, or move it out of the folder';
  return { severity: 'error', code: 'FILE_TOO_LARGE', file, message, hint };
}

function mergeConflict(offset: number): Fault {
  return {
    code: 'MANIFEST_SYNTAX',
    offset,
    length: 7,
    message: 'an unresolved merge conflict starts here',
    hint: 'resolve the conflict and remove its markers',
  };
}
