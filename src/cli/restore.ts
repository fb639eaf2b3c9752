import { PlumblineError } from '../lib/errors.ts';
import { escapeUntrustedLines } from '../lib/terminal.ts';
import { moment } from '../plan/hold.ts';
import { shortRevision } from '../plan/wording.ts';
import { planRestore, type Restoration } from '../reconcile/restore.ts';
import { trash } from '../store/trash.ts';
import { type Assembly, withPorts } from './assemble.ts';
import { workByHand } from './by-hand.ts';
import { flag, type Invocation, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { tellNoDatabase } from './no-database.ts';
import { resourcesOf } from './resources-of.ts';
import { table } from './table.ts';

/** Brings back a deleted record, or lists what can be brought back. */
export async function run(invocation: Invocation): Promise<number> {
  const [word, name] = invocation.arguments;
  if (flag(invocation, 'list')) return withPorts(invocation, 'read', (it) => list(invocation, it));
  if (word === undefined || name === undefined)
    throw new PlumblineError('USAGE', 'restore needs a kind and a name', {
      hint: "see what can be restored with 'plumbline restore --list'",
    });
  let planned: Restoration | undefined;
  const exit = await workByHand(invocation, {
    due: 'To restore',
    done: 'Restored',
    plan: async (assembly) => {
      const { kind, key } = resourcesOf(assembly).named(word, name);
      planned = await planRestore(assembly.ports, kind, key);
      return planned.plan;
    },
  });
  if (planned !== undefined && exit !== 1) {
    const told = [...missing(planned), ...(flag(invocation, 'dryRun') ? [] : [advice(planned)])];
    invocation.terminal.err(escapeUntrustedLines(told.join('')));
  }
  return exit;
}

function missing({ lost }: Restoration): string[] {
  return lost.map((it) => `${it.path}: ${it.name} is gone, so the record comes back without it\n`);
}

/** What to commit so that a restored record stays as it is. */
function advice({ trashed }: Restoration): string {
  const { kind, name, source, file, revision } = trashed;
  const print = `plumbline describe ${kind.toLowerCase()} ${name}`;
  if (source === null || file === null)
    return `It belongs to no source; to have it in Git, commit what '${print}' prints.\n`;
  return (
    `It belongs to no source now, so no sync deletes it. To have it in Git again, commit it as ${file} in ${source}\n` +
    `(${shortRevision(revision ?? '')} has it, and '${print}' prints it).\n`
  );
}

async function list(invocation: Invocation, assembly: Assembly): Promise<number> {
  const { terminal } = invocation;
  const { ports } = assembly;
  tellNoDatabase(assembly, terminal);
  const now = ports.clock.now().toISOString();
  const rows = await ports.database.read((query) => trash(query, now));
  if (textOption(invocation, 'output') === 'json')
    terminal.out(jsonDocument({ kind: 'List', items: rows.map(({ record: _, ...row }) => row) }));
  else if (rows.length === 0) terminal.err('nothing can be restored\n');
  else
    terminal.out(
      table(
        ['KIND', 'NAME', 'DELETED', 'BY', 'SOURCE', 'FILE', 'UNTIL'],
        rows.map((it) => [
          it.kind,
          it.name,
          moment(it.deletedAt),
          it.actor,
          it.source ?? '-',
          it.file ?? '-',
          moment(it.expiresAt),
        ]),
        terminal.width,
      ),
    );
  return 0;
}
