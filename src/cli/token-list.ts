import type { Issued } from '../kinds/smarter-auth-token/issued.ts';
import { valueAt } from '../lib/json.ts';
import type { LiveRecord } from '../manifest/record.ts';
import { listTokens } from '../reconcile/tokens.ts';
import { withPorts } from './assemble.ts';
import { type Invocation, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { tellNoDatabase } from './no-database.ts';
import { table } from './table.ts';

/** Lists the declared keys with what is known of their secrets, and nothing of the secrets themselves. */
export async function run(invocation: Invocation): Promise<number> {
  const { terminal } = invocation;
  return withPorts(invocation, 'read', async (assembly) => {
    const { ports, config } = assembly;
    const now = ports.clock.now().toISOString();
    const found = await ports.database.read((query) => listTokens(ports, query, config.account));
    const tokens = found.map(({ record, issued }) => tokenJson(record, issued, now));
    tellNoDatabase(assembly, terminal);
    if (textOption(invocation, 'output') === 'json')
      terminal.out(jsonDocument({ apiVersion: 'plumbline.dev/v1', kind: 'TokenList', tokens }));
    else if (tokens.length > 0)
      terminal.out(
        table(
          ['NAME', 'KEY', 'STATE', 'ACTIVE', 'ISSUED', 'BY', 'LAST USED'],
          tokens.map((it) => [
            it.name,
            it.keyId ?? '-',
            it.old === null ? it.state : `${it.state}; ${it.old.keyId} too, until ${it.old.until}`,
            it.active ? 'yes' : 'no',
            it.issuedAt ?? '-',
            it.issuedBy ?? '-',
            it.lastUsedAt ?? '-',
          ]),
          terminal.width,
        ),
      );
    return 0;
  });
}

function tokenJson({ key, manifest }: LiveRecord, issued: Issued, now: string) {
  const { hash, oldHash, oldKeyId, oldUntil, ...shown } = issued;
  const rotating = oldHash !== null && (oldUntil ?? '') > now;
  return {
    name: key.name,
    ...shown,
    state: shown.revokedAt !== null ? 'revoked' : hash === null ? 'not issued' : 'issued',
    active: valueAt(manifest, 'spec.config.isActive') === true,
    old: rotating ? { keyId: oldKeyId, until: oldUntil } : null,
  };
}
