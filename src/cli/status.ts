import { shortRevision } from '../plan/wording.ts';
import { readSourceStates } from '../store/source-state.ts';
import { withPorts } from './assemble.ts';
import { type Invocation, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { table } from './table.ts';

/** Shows the configured sources and how the last run over each ended, as the database remembers it. */
export async function run(invocation: Invocation): Promise<number> {
  return withPorts(invocation, 'read', async ({ ports, targets, close }) => {
    const states = await ports.database.read((query) => readSourceStates(query));
    const sources = targets([], {}).map((target) => {
      close.add(() => target.source.close());
      const state = states.find((it) => it.name === target.source.name);
      return {
        name: target.source.name,
        location: target.location,
        outcome: state?.outcome ?? 'pending',
        message: state?.message ?? 'never synced',
        since: state?.since,
        // Empty while no run has come as far as reading the source.
        revision: state?.revision || undefined,
        records: state?.records ?? 0,
      };
    });
    const { terminal } = invocation;
    if (textOption(invocation, 'output') === 'json')
      terminal.out(jsonDocument({ apiVersion: 'plumbline.dev/v1', kind: 'Status', sources }));
    else
      terminal.out(
        table(
          ['SOURCE', 'OUTCOME', 'RECORDS', 'REVISION', 'SINCE', 'MESSAGE'],
          sources.map((it) => [
            it.name,
            it.outcome,
            String(it.records),
            shortRevision(it.revision ?? '-'),
            it.since ?? '-',
            it.message,
          ]),
          terminal.width,
        ),
      );
    return 0;
  });
}
