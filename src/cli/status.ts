import type { Held } from '../plan/approval.ts';
import { shortRevision } from '../plan/wording.ts';
import { leftSources } from '../reconcile/release.ts';
import { quarantinedFiles } from '../store/crashes.ts';
import { orphansOf } from '../store/inventory.ts';
import { readSourceStates } from '../store/source-state.ts';
import { suspensions } from '../store/suspensions.ts';
import { withPorts } from './assemble.ts';
import { type Invocation, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { tellNoDatabase } from './no-database.ts';
import { table } from './table.ts';
import { locationText, sourcesNamed } from './targets.ts';
import { toldSuspension, waitingText } from './waiting-text.ts';

/** Shows the configured sources and how the last run over each ended, as the database remembers it. */
export async function run(invocation: Invocation): Promise<number> {
  const { terminal } = invocation;
  return withPorts(invocation, 'read', async (assembly) => {
    const { config, ports } = assembly;
    tellNoDatabase(assembly, terminal);
    const now = ports.clock.now().toISOString();
    const { states, orphans, suspended, passedOver } = await ports.database.read(async (query) => ({
      states: await readSourceStates(query),
      orphans: await orphansOf(query),
      suspended: await suspensions(query, now),
      passedOver: await quarantinedFiles(query, ports.version),
    }));
    const sources = sourcesNamed(config, []).map((source) => {
      const { name } = source;
      const quarantined = passedOver
        .filter((it) => it.source === name)
        .map(({ path, since }) => ({ path, since }));
      const state = states.find((it) => it.name === name);
      return {
        name,
        location: locationText(source),
        outcome: state?.outcome ?? 'pending',
        message: state?.message ?? 'never synced',
        since: state?.since,
        // Empty while no run has come as far as reading the source.
        revision: state?.revision || undefined,
        records: state?.records ?? 0,
        orphaned: orphans.filter((it) => it.source === name).length,
        ...(state?.held ? { held: JSON.parse(state.held) as Held } : {}),
        ...(quarantined.length === 0 ? {} : { quarantined }),
      };
    });
    const suspensionsTold = suspended.map(toldSuspension);
    const left = await leftSources(
      ports,
      config.sources.map((it) => it.name),
    );
    if (textOption(invocation, 'output') === 'json')
      terminal.out(
        jsonDocument({
          apiVersion: 'plumbline.dev/v1',
          kind: 'Status',
          sources,
          suspensions: suspensionsTold,
          ...(left.length === 0 ? {} : { left }),
        }),
      );
    else {
      terminal.out(
        table(
          ['SOURCE', 'OUTCOME', 'RECORDS', 'ORPHANED', 'REVISION', 'SINCE', 'MESSAGE'],
          sources.map((it) => [
            it.name,
            it.outcome,
            String(it.records),
            String(it.orphaned),
            shortRevision(it.revision ?? '-'),
            it.since ?? '-',
            it.message,
          ]),
          terminal.width,
        ),
      );
      terminal.out(waitingText(sources, suspensionsTold, left));
    }
    return 0;
  });
}
