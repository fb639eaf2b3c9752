import { kinds } from '../kinds/kinds.ts';
import { diagnosticJson, hasErrors, sortDiagnostics } from '../lib/diagnostic.ts';
import { systemClock } from '../lib/time.ts';
import { ManifestLoader } from '../manifest/load.ts';
import { looseReferences } from '../manifest/references.ts';
import { plural } from '../reconcile/outcome.ts';
import { openFiles } from './files.ts';
import { type Invocation, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { problemsText } from './problems-text.ts';

/**
 * Checks files offline, with no database and no configuration. A reference to something that these
 * files do not declare is a warning here: it may be a record already.
 */
export async function run(invocation: Invocation): Promise<number> {
  const { terminal } = invocation;
  const loader = new ManifestLoader(kinds, 'default');
  const found = await openFiles(invocation.arguments, terminal, systemClock, 'validate');
  for await (const { file, bytes } of found.read()) loader.add(file, bytes);
  const loaded = loader.finish();
  const problems = sortDiagnostics([
    ...loaded.problems,
    ...found.problems,
    ...looseReferences(loaded.manifests, kinds),
  ]);
  const ignored = [...found.ignored, ...loaded.ignored];
  const errors = problems.filter((it) => it.severity === 'error').length;
  const summary = {
    files: found.count,
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
        ignored,
      }),
    );
  else {
    terminal.out(problemsText(problems, terminal));
    terminal.out(
      `${plural(summary.manifests, 'manifest')} in ${plural(summary.files, 'file')}: ` +
        `${plural(errors, 'error')}, ${plural(summary.warnings, 'warning')}` +
        `${ignored.length > 0 ? `, ${plural(ignored.length, 'file')} passed over` : ''}\n`,
    );
  }
  return hasErrors(problems) ? 1 : 0;
}
