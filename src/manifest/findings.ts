import { type Diagnostic, sortDiagnostics } from '../lib/diagnostic.ts';
import { limitProblems, type ParsedYaml, parseYaml, yamlLimits } from '../lib/yaml.ts';
import type { Declared } from './cross-check.ts';
import { type Declaration, type DocumentContext, loadDocument } from './load-document.ts';
import { recognise } from './load-file.ts';
import { mayBeManifest } from './load-kind.ts';
import type { Claim, EncodedManifest, LoadedManifest, ManifestOutline } from './manifest.ts';

/** One declared resource of a file; `loaded` is absent where something is wrong with its manifest. */
export interface Entry<L extends ManifestOutline = LoadedManifest> extends Declared {
  readonly loaded?: L;
}

/** An entry of a file; what it claims, its manifest says. */
class FileEntry implements Entry {
  readonly declares: Declaration;
  readonly loaded?: EncodedManifest;

  constructor(declares: Declaration, loaded: EncodedManifest | undefined) {
    this.declares = declares;
    if (loaded !== undefined) this.loaded = loaded;
  }

  get claims(): readonly Claim[] {
    return this.loaded?.claims ?? [];
  }
}

/**
 * What one file says, whatever the other files say: a plain value, the same for the same content, but
 * for secrets, whose values lie on this machine.
 */
export interface FileFindings {
  readonly path: string;
  readonly blob: string;
  /** In file order. */
  readonly entries: readonly Entry[];
  readonly problems: readonly Diagnostic[];
  /** True where its resources could not be learned; what it may declare must not be deleted. */
  readonly unknown: boolean;
  /** Why it holds no manifest of ours, where it holds none. */
  readonly ignored?: string;
  /** Manifests in it, right or wrong. */
  readonly manifests: number;
}

export type LoadContext = Omit<DocumentContext, 'blob'>;

/**
 * Reads one file; `parsed` where it is parsed already, as by a thread of its own. It never throws for
 * what is in it: that is a problem of the file. Throws SECRET_KEY where a secret cannot be sealed.
 */
export function loadFile(
  { path, blob }: { readonly path: string; readonly blob: string },
  bytes: Uint8Array,
  context: LoadContext,
  parsed: ParsedYaml = parseYaml(bytes, path),
): FileFindings {
  const nothing = { path, blob, entries: [], problems: [], unknown: false, manifests: 0 };
  const stranger = recognise(bytes);
  if (stranger !== undefined) {
    const problem = { severity: 'error', code: 'FILE_NOT_TEXT', file: path, ...stranger } as const;
    return { ...nothing, problems: [problem], unknown: true };
  }
  const { documents, problems, refusedRoots } = parsed;
  if (problems.length > 0) {
    if (refusedRoots === undefined || refusedRoots.some(mayBeManifest))
      return { ...nothing, problems, unknown: true };
    return { ...nothing, ignored: 'no manifest: it has neither apiVersion nor kind' };
  }
  if (documents.length === 0) return { ...nothing, ignored: 'there is nothing in it' };
  const found: Diagnostic[] = [];
  const reasons: string[] = [];
  const entries: Entry[] = [];
  let unknown = false;
  for (const document of documents) {
    const { foreign, declares, ...outcome } = loadDocument(document, { ...context, blob });
    found.push(...outcome.problems);
    const { loaded } = outcome;
    if (foreign !== undefined) reasons.push(foreign);
    else if (declares === undefined) unknown = true;
    else entries.push(new FileEntry(declares, loaded));
  }
  const [reason] = reasons.length === documents.length ? reasons : [];
  const findings = {
    path,
    blob,
    // A list that has grown has room for many more.
    entries: [...entries],
    problems: found.length === 0 ? none : mostImportant(found),
    unknown,
    manifests: documents.length - reasons.length,
  };
  return reason === undefined ? findings : { ...findings, ignored: reason };
}

/** One for all files with nothing wrong in them. */
const none: readonly Diagnostic[] = [];

/** As many problems as one file may show, errors before warnings. */
function mostImportant(found: readonly Diagnostic[]): readonly Diagnostic[] {
  if (found.length <= yamlLimits.problems) return found;
  const errors = found.filter((it) => it.severity === 'error');
  const warnings = found.filter((it) => it.severity === 'warning');
  const shown = [...errors, ...warnings].slice(0, yamlLimits.problems - 1);
  return limitProblems(sortDiagnostics(shown), found.length - shown.length);
}
