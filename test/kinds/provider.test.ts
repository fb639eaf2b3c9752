import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordMigrations } from '../../src/broker/record-schema.ts';
import { kinds } from '../../src/kinds/kinds.ts';
import type { Kind } from '../../src/manifest/kind.ts';
import { kindSet } from '../../src/manifest/kind-set.ts';
import { Resources } from '../../src/reconcile/resources.ts';
import { openStore } from '../../src/store/open.ts';
import { freshPorts } from '../support/ports.ts';
import { never } from '../support/snapshots.ts';
import { type Test, t } from '../support/tap.ts';

/* How a provider stands with its platform: told in its status, written by the platform alone. */

const name = 'house_models';
const by = { actor: 'user:ann', signal: never };
const wholeExample = kinds.byName('Provider')?.example ?? '';
const example = wholeExample.replace(/^ +#.*\n +api_key: .*\n/m, '');
const noted = '2026-03-01T12:00:00.000Z';

const unknown = {
  is_active: false,
  is_flagged: false,
  is_deprecated: false,
  is_suspended: false,
  is_verified: false,
  ownership_requested: null,
  contact_email_verified: null,
  support_email_verified: null,
  tos_accepted_at: null,
  tos_accepted_by: null,
  can_activate: false,
};
const accepted = { tos_accepted_at: noted, tos_accepted_by: 'ann@example.com' };
const good = { is_verified: 1, ...accepted };

/** What the platform has written, and what the status then says beside what it says of a new one. */
const rows: readonly (readonly [what: string, Readonly<Record<string, unknown>>, object])[] = [
  ['one that nobody has looked at', {}, {}],
  ['an active one', { is_active: 1 }, { is_active: true }],
  ['a verified one without accepted terms', { is_verified: 1 }, { is_verified: true }],
  ['accepted terms alone', accepted, accepted],
  ['terms that nobody accepted', { ...good, tos_accepted_by: null }, { is_verified: true }],
  ['terms of no time', { ...good, tos_accepted_at: null }, { is_verified: true }],
  ['a verified one with accepted terms', good, { is_verified: true, can_activate: true }],
  ['a flagged one', { ...good, is_flagged: 1 }, { is_flagged: true, is_verified: true }],
  ['a deprecated one', { ...good, is_deprecated: 1 }, { is_deprecated: true, is_verified: true }],
  ['a suspended one', { ...good, is_suspended: 1 }, { is_suspended: true, is_verified: true }],
  ['one that somebody claims', { ownership_requested: 'bo@example.com' }, {}],
  ['verified mailboxes', { contact_email_verified: noted, support_email_verified: noted }, {}],
];

async function provided(t: Test) {
  const ports = await freshPorts(t);
  const resources = new Resources(ports, 'default');
  await resources.ofText(example).apply(by);
  const write = (columns: Readonly<Record<string, unknown>>) =>
    ports.database.write((query) =>
      query('provider')
        .where({ name })
        .update(columns)
        .then(() => undefined),
    );
  const status = async () =>
    ((await resources.named('Provider', name).describe()).data as { status: object }).status;
  return { ports, resources, write, status };
}

for (const [what, columns, says] of rows)
  t.test(`the standing of a provider: ${what}`, async (t) => {
    const { write, status } = await provided(t);
    if (Object.keys(columns).length > 0) await write(columns);
    const texts = Object.entries(columns).filter(([, it]) => typeof it === 'string');
    t.match(await status(), { ...unknown, ...Object.fromEntries(texts), ...says });
  });

t.test('no manifest sets the standing of a provider, and no write of one changes it', async (t) => {
  const { ports, resources, write, status } = await provided(t);
  await write(good);
  const verified = await status();
  const claimed = `${example}status:\n  is_active: true\n  can_activate: false\n  is_verified: false\n`;
  t.equal((await resources.ofText(claimed).apply(by)).changed, false, 'status is not read');
  const moved = claimed.replace('models@house', 'help@house');
  t.equal((await resources.ofText(moved).apply(by)).changed, true);
  const { modified: _, ...kept } = (await status()) as Record<string, unknown>;
  t.match(verified, kept, 'a write keeps what the platform has found');
  t.equal(kept['can_activate'], true);
  const live = await resources.named('Provider', name).manifest();
  for (const flag of Object.keys(unknown)) {
    t.notMatch(JSON.stringify(live), flag, `${flag} is no part of the manifest`);
    const asked = resources.load(example.replace('  provider:\n', `$&    ${flag}: true\n`));
    t.match(asked.problems, [
      { code: 'MANIFEST_UNKNOWN_KEY', path: `spec.provider.${flag}`, severity: 'error' },
    ]);
  }
  t.same((await resources.planApply(resources.load(moved))).changes, [], 'and it is no drift');
  await resources.named('Provider', name).delete(by);
  t.same(await ports.database.read((query) => query.rows('SELECT * FROM provider')), []);
});

t.test('a database from before the standing of providers gets its columns', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-provider-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const { serverColumns: _, ...before } = kinds.byName('Provider') as Kind;
  const older = kindSet(kinds.all.map((it) => (it.name === 'Provider' ? before : it)));
  const old = recordMigrations(older).filter((it) => it.id !== 'provider_1');
  const columns = async (migrations: ReturnType<typeof recordMigrations>) => {
    const store = await openStore(`sqlite:${join(folder, 'test.db')}`, {
      mode: 'write',
      migrations,
    });
    const rows = await store.database.read((query) =>
      query.rows<{ name: string }>('SELECT name FROM pragma_table_info(?)', ['provider']),
    );
    await store.close();
    return rows.map((it) => it.name);
  };
  t.notOk((await columns(old)).includes('is_verified'));
  const now = await columns(recordMigrations(kinds));
  for (const flag of Object.keys(unknown))
    t.equal(now.includes(flag), flag !== 'can_activate', `${flag}, which is derived or a column`);
});
