import { kinds } from '../kinds/kinds.ts';
import { diagnosticJson, hasErrors, sortDiagnostics } from '../lib/diagnostic.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { looseReferences } from '../manifest/references.ts';
import { plural } from '../reconcile/outcome.ts';
import { loadFiles } from './files.ts';
import { type Invocation, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { problemsText } from './problems-text.ts';

/** Files that are named as passed over; the rest is only counted. */
const mostPassedOver = 20;

/**
 * Checks files offline, with no database and no configuration. A reference to something that these
 * files do not declare is a warning here: it may be a record already.
 */
export async function run(invocation: Invocation): Promise<number> {
  const { terminal } = invocation;
  const options = { kinds, account: 'default', usage: 'plumbline validate PATH' };
  const loaded = await loadFiles(invocation.arguments, options, terminal);
  const { ignored } = loaded;
  const problems = sortDiagnostics([
    ...loaded.problems,
    ...looseReferences(loaded.manifests, kinds),
  ]);
  const errors = problems.filter((it) => it.severity === 'error').length;
  const summary = {
    files: loaded.counts.files,
    manifests: loaded.manifests.length,
    errors,
    warnings: problems.length - errors,
  };
  if (textOption(invocation, 'output') === 'json')
    terminal.out(
      jsonDocument({
        apiVersion: 'plumbline.dev/v1',
        kind: 'ValidationReport',
        summary,
        problems: problems.map(diagnosticJson),
        ignored: ignored.map((it) => it.path),
      }),
    );
  else {
    terminal.out(problemsText(problems, terminal));
    for (const { path, reason } of ignored.slice(0, mostPassedOver))
      terminal.out(`passed over ${escapeUntrusted(path)}: ${escapeUntrusted(reason)}\n`);
    terminal.out(
      `${plural(summary.manifests, 'manifest')} in ${plural(summary.files, 'file')}: ` +
        `${plural(errors, 'error')}, ${plural(summary.warnings, 'warning')}` +
        `${ignored.length > 0 ? `, ${plural(ignored.length, 'file')} passed over` : ''}\n`,
    );
  }
  return hasErrors(problems) ? 1 : 0;
}
