import { resolve } from 'node:path';
import { PlumblineError } from '../lib/errors.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { yamlLimits } from '../lib/yaml.ts';
import { printStream } from '../manifest/print.ts';
import { type ExportReport, exportTo } from '../reconcile/export.ts';
import { exportEntries } from '../reconcile/export-entries.ts';
import { plural } from '../reconcile/outcome.ts';
import { withPorts } from './assemble.ts';
import { type Invocation, listOption, type Terminal, textOption } from './invocation.ts';
import { kindNamed } from './kind-named.ts';
import { requireKnownSource } from './known-source.ts';
import { noDatabase } from './no-database.ts';
import { Progress } from './progress.ts';

/** Writes the live records as manifests, to standard output or into a folder. */
export async function run(invocation: Invocation): Promise<number> {
  const { terminal } = invocation;
  const to = textOption(invocation, 'to');
  const source = textOption(invocation, 'source');
  const kinds = listOption(invocation, 'kind').map((word) => kindNamed(word).name);
  return withPorts(invocation, 'read', async (assembly) => {
    const { ports, config } = assembly;
    const why = noDatabase(assembly);
    if (why !== undefined)
      throw new PlumblineError('EXPORT_REFUSED', `${why}, so there is nothing to export`, {
        hint: "name the right one with --database, or make it with 'plumbline sync'",
      });
    await ports.database.read((query) => requireKnownSource(config, query, source));
    const scope = {
      account: config.account,
      kinds,
      ...(source === undefined ? {} : { source }),
    };
    const entries = exportEntries(ports, scope);
    if (to !== undefined) {
      const progress = new Progress(terminal);
      const counted = progress.counted(entries, (it) => `${it} records exported`);
      const layout = (textOption(invocation, 'layout') ?? 'kind') as 'kind' | 'source' | 'flat';
      const folder = resolve(terminal.workingFolder, to);
      return tell(terminal, to, await exportTo(folder, counted, { layout, scope }));
    }
    let count = 0;
    for await (const text of printStream(entries)) {
      terminal.out(text);
      count += 1;
    }
    if (count === 0) terminal.err('there are no records to export\n');
    if (count > yamlLimits.documents)
      terminal.err(
        `${count} documents: a file that is read back may hold ${yamlLimits.documents}; 'plumbline export --to DIR' writes a file each\n`,
      );
    return 0;
  });
}

/** What became of every file; exit 1 when one could not be written as it should. */
function tell(terminal: Terminal, folder: string, report: ExportReport): number {
  for (const path of report.written) terminal.out(`written  ${escapeUntrusted(path)}\n`);
  for (const path of report.removed) terminal.out(`removed  ${escapeUntrusted(path)}\n`);
  for (const { path, reason, hint } of report.kept)
    terminal.err(
      `kept     ${escapeUntrusted(path)}: ${escapeUntrusted(reason)}\n` +
        `         hint: ${escapeUntrusted(hint)}\n`,
    );
  terminal.out(
    `${plural(report.written.length, 'file')} written, ${report.unchanged.length} unchanged, ` +
      `${report.removed.length} removed in ${escapeUntrusted(folder)}\n`,
  );
  return report.kept.length > 0 ? 1 : 0;
}
