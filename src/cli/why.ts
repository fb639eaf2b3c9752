import { explain } from '../reconcile/why.ts';
import { whyJson } from '../reconcile/why-json.ts';
import type { InventoryRow } from '../store/inventory.ts';
import { type Assembly, withPorts } from './assemble.ts';
import { type Invocation, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { requireDatabase } from './no-database.ts';
import { resourcesOf } from './resources-of.ts';
import { whyText } from './why-text.ts';

/** Tells of each field of a record, or of one, where its value comes from. */
export async function run(invocation: Invocation): Promise<number> {
  const [word, name, wanted] = invocation.arguments as [string, string, string | undefined];
  const { terminal } = invocation;
  return withPorts(invocation, 'read', async (assembly) => {
    const { ports } = assembly;
    const resource = resourcesOf(assembly).named(word, name);
    requireDatabase(assembly, resource);
    const { kind, key } = resource;
    const { provenance, fields } = await explain(ports, kind, key, wanted, (owned) =>
      recall(assembly, owned),
    );
    if (textOption(invocation, 'output') === 'json')
      terminal.out(jsonDocument(whyJson(provenance, fields)));
    else terminal.out(whyText(provenance, fields));
    return 0;
  });
}

/** The file that a record was applied from, where its source is configured and still has it. */
async function recall(
  { config, targets, close }: Assembly,
  { source, file, blob }: InventoryRow,
): Promise<Uint8Array | undefined> {
  if (!config.sources.some((it) => it.name === source)) return undefined;
  const [target] = targets([source], {});
  if (target === undefined) return undefined;
  close.add(() => target.source.close());
  return target.source.recall({ path: file, blob });
}
