import fc from 'fast-check';
import { digestOf } from '../../src/lib/digest.ts';
import { putAt } from '../../src/lib/json.ts';
import { decoded, keyId, type Manifest } from '../../src/manifest/manifest.ts';
import { buildPlan } from '../../src/plan/build.ts';
import type { Change, LiveRecord, OwnedRecord, Plan } from '../../src/plan/change.ts';
import { planReport } from '../../src/plan/report.ts';
import { type PlanInput, targetsOf } from '../../src/plan/world.ts';
import { t } from '../support/tap.ts';
import { desired, input, keyOf, kindOf, live, manifest, owned, policy, told } from './literals.ts';

const names = { Key: ['k0', 'k1'], Tool: ['t0', 't1', 't2', 't3'], Bot: ['b0', 'b1', 'b2'] };
const runs = { numRuns: 400 };

const annotations = fc.constantFrom<Record<string, string | boolean>[]>(
  [],
  [],
  [],
  [{ 'plumbline.dev/protect': true }],
  [{ 'plumbline.dev/anonymous': 'allow' }],
);

function version(kind: 'Key' | 'Tool' | 'Bot', name: string): fc.Arbitrary<Manifest> {
  const text = fc.constantFrom('x', 'y');
  const spec =
    kind === 'Key'
      ? fc.record({ active: fc.boolean() })
      : kind === 'Tool'
        ? fc.record({ prompt: text, table: text }, { requiredKeys: [] })
        : fc.record(
            {
              model: text,
              deployed: fc.boolean(),
              domain: fc.record({ name: text }),
              tools: fc.subarray([...names.Tool, 'nowhere'], { minLength: 1, maxLength: 2 }),
              key: fc.constantFrom(...names.Key),
            },
            { requiredKeys: [] },
          );
  return fc.tuple(spec, annotations).map(([it, notes]) => manifest(kind, name, it, notes));
}

/** One name: what Git, the database and the inventory say of it, mostly the same. */
function resource(kind: 'Key' | 'Tool' | 'Bot', name: string) {
  const one = version(kind, name);
  const other = fc.option(one, { nil: undefined, freq: 2 });
  return fc
    .record({
      base: one,
      git: other,
      record: other,
      isDeclared: fc.boolean(),
      isLive: fc.boolean(),
      owner: fc.constantFrom('us', 'us', 'them', 'nobody'),
      invalid: fc.integer({ min: 0, max: 5 }).map((it) => it === 0),
      orphaned: fc.boolean(),
      moved: fc.boolean(),
    })
    .map((it) => ({ ...it, name, kind }));
}

const world: fc.Arbitrary<PlanInput> = fc
  .record({
    resources: fc.tuple(
      ...(['Key', 'Tool', 'Bot'] as const).flatMap((kind) =>
        names[kind].map((name) => resource(kind, name)),
      ),
    ),
    unknownContent: fc.constantFrom<string[]>([], [], [], ['torn.yaml']),
    rules: fc.record({
      prune: fc.constantFrom(true, true, false),
      drift: fc.constantFrom('enforce' as const, 'report' as const),
      adopt: fc.boolean(),
      allowEmpty: fc.boolean(),
      limits: fc.constantFrom(policy.limits, {
        ...policy.limits,
        deletes: { count: 2, percent: 100 },
      }),
    }),
  })
  .map(({ resources, unknownContent, rules }) => {
    const there = new Set(resources.filter((it) => it.isLive).map((it) => it.name));
    const theirs = new Set<string>();
    const made = {
      desired: [] as ReturnType<typeof desired>[],
      live: [] as LiveRecord[],
      owned: [] as OwnedRecord[],
      declaredButInvalid: [] as ReturnType<typeof keyOf>[],
    };
    for (const it of resources) {
      const git = it.git ?? it.base;
      const file = it.moved ? { file: 'moved.yaml', blob: 'sha1:moved' } : {};
      if (it.invalid) made.declaredButInvalid.push(keyOf(it.base));
      else if (it.isDeclared) made.desired.push(desired(git, file));
      if (it.isLive) made.live.push(live(intact(it.record ?? it.base, there)));
      if (it.owner === 'us') made.owned.push(owned(it.base, { orphaned: it.orphaned }));
      if (it.owner === 'them') theirs.add(keyId(keyOf(it.base)));
    }
    return input({
      ...made,
      unknownContent,
      policy: rules,
      ownerOf: (id) => (theirs.has(id) ? 'other' : undefined),
    });
  });

/** A record can only refer to records. */
function intact(it: Manifest, there: ReadonlySet<string>): Manifest {
  const { tools, key, ...spec } = it.spec;
  const kept = Array.isArray(tools) ? tools.filter((name) => there.has(String(name))) : [];
  return {
    ...it,
    spec: {
      ...spec,
      ...(kept.length > 0 ? { tools: kept } : {}),
      ...(typeof key === 'string' && there.has(key) ? { key } : {}),
    },
  };
}

function references(manifest_: Manifest): string[] {
  return [...targetsOf(kindOf(manifest_.kind), manifest_, 'acme')];
}

const isDue = (change: Change) => change.held !== true && change.action !== 'blocked';

/** Executes a plan on maps, as a database with foreign keys would; throws where that would refuse. */
function execute(before: PlanInput, plan: Plan): PlanInput {
  const records = new Map(before.live.map((it) => [keyId(it.key), it]));
  const inventory = new Map(before.owned.map((it) => [keyId(it.key), it]));
  const own = ({ key, desired: it }: Pick<Change, 'key' | 'desired'>) => {
    if (it !== undefined)
      inventory.set(
        keyId(key),
        owned(it.manifest, { file: it.file, line: it.line, blob: it.blob, digest: it.digest }),
      );
  };
  const written = new Set<string>();
  for (const change of plan.changes.filter(isDue)) {
    const id = keyId(change.key);
    const record = records.get(id);
    if (change.action === 'delete') {
      for (const [other, it] of records)
        if (references(it.manifest).includes(id)) throw new Error(`${other} refers to ${id}`);
      records.delete(id);
      inventory.delete(id);
      continue;
    }
    if (change.action === 'deploy' || change.action === 'undeploy') {
      const it = structuredClone((record as LiveRecord).manifest) as Manifest &
        Record<string, unknown>;
      putAt(it, 'spec.deployed', change.action === 'deploy');
      records.set(id, live(it));
    } else if (change.write !== undefined) {
      for (const target of references(decoded(change.write)))
        if (!records.has(target)) throw new Error(`${id} refers to ${target}, which is not there`);
      const now = record?.deployed ?? false;
      const it = structuredClone(decoded(change.write)) as Manifest & Record<string, unknown>;
      if (change.kind === 'Bot') putAt(it, 'spec.deployed', now);
      records.set(id, live(it));
    }
    if (!written.has(id)) own(change);
    written.add(id);
  }
  for (const book of plan.bookkeeping) {
    if (book.kind === 'record') own({ key: book.desired.key, desired: book.desired });
    else if (book.kind === 'forget') inventory.delete(keyId(book.owned.key));
    else inventory.set(keyId(book.owned.key), { ...book.owned, orphaned: true });
  }
  return { ...before, live: [...records.values()], owned: [...inventory.values()] };
}

t.test('executing a plan leaves nothing to do, and what waits keeps waiting', async (t) => {
  let executed = 0;
  fc.assert(
    fc.property(world, (before) => {
      const plan = buildPlan(before);
      executed += plan.changes.filter(isDue).length;
      const again = buildPlan(execute(before, plan));
      const waiting = { ...plan, changes: plan.changes.filter((it) => !isDue(it)) };
      const told_ = [told(again), again.bookkeeping.length];
      const expected = [told(waiting), 0];
      if (digestOf(told_) !== digestOf(expected))
        throw new Error(`${JSON.stringify(told(plan))}\n${JSON.stringify(told_)}`);
    }),
    runs,
  );
  t.ok(executed > 400, 'the worlds give something to do');
});

t.test('nothing is deleted that might be wanted', async (t) => {
  let deleted = 0;
  fc.assert(
    fc.property(world, (before) => {
      const plan = buildPlan(before);
      const deletes = plan.changes.filter((it) => it.action === 'delete');
      if (before.unknownContent.length > 0 || !before.policy.prune) return deletes.length === 0;
      const kept = new Set([
        ...before.declaredButInvalid.map(keyId),
        ...before.desired.map((it) => keyId(it.key)),
      ]);
      const ours = new Map(before.owned.map((it) => [keyId(it.key), it]));
      const after = execute(before, plan);
      const needed = new Set(after.live.flatMap((it) => references(it.manifest)));
      deleted += deletes.length;
      return deletes.every(({ key, live: record, held }) => {
        const id = keyId(key);
        const all = JSON.stringify([record?.manifest, ours.get(id)?.applied]);
        const fine = ours.has(id) && !kept.has(id) && !all.includes('plumbline.dev/protect');
        return fine && (held === true || !needed.has(id));
      });
    }),
    runs,
  );
  t.ok(deleted > 50, 'the worlds give something to delete');
});

t.test('the order of the input has no meaning', async (t) => {
  const shuffled = <T>(items: readonly T[]) =>
    fc.shuffledSubarray([...items], { minLength: items.length });
  const twice = world.chain((it) =>
    fc.record({
      one: fc.constant(it),
      other: fc
        .record({
          desired: shuffled(it.desired),
          live: shuffled(it.live),
          owned: shuffled(it.owned),
          declaredButInvalid: shuffled(it.declaredButInvalid),
        })
        .map((lists) => ({ ...it, ...lists })),
    }),
  );
  const bytes = (it: PlanInput) => {
    const plan = buildPlan(it);
    const books = plan.bookkeeping.map((book) => [
      book.kind,
      'owned' in book ? book.owned.key : book.desired.key,
    ]);
    return JSON.stringify([planReport(plan, 'Plan'), books]);
  };
  fc.assert(
    fc.property(twice, ({ one, other }) => bytes(one) === bytes(other)),
    runs,
  );
  t.pass('same id, same bytes, same bookkeeping');
});

t.test('the summary counts what the plan lists', async (t) => {
  fc.assert(
    fc.property(world, (before) => {
      const { changes, summary, left } = buildPlan(before);
      const { unchanged, invalid, ...counts } = summary;
      const total = Object.values(counts).reduce((sum, it) => sum + it, 0);
      const excluded = invalid - before.declaredButInvalid.length - before.unknownContent.length;
      const resources = new Set(
        changes.filter((it) => it.desired !== undefined).map((it) => keyId(it.key)),
      );
      const declared = unchanged + left + excluded + resources.size;
      return total === changes.length && declared === before.desired.length;
    }),
    runs,
  );
  t.pass('every declared resource is accounted for');
});
