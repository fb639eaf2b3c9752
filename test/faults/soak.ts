import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Brokers } from '../../src/broker/brokers.ts';
import { recordMigrations } from '../../src/broker/record-schema.ts';
import { kinds } from '../../src/kinds/kinds.ts';
import { systemClock } from '../../src/lib/time.ts';
import type { Ports } from '../../src/reconcile/ports.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { GitSource } from '../../src/source/git.ts';
import { openStore } from '../../src/store/open.ts';
import { GitRepository } from '../support/git-repository.ts';
import { freshPorts, targetOf } from '../support/ports.ts';
import { never } from '../support/snapshots.ts';
import { clientYaml, pluginYaml, tokenYaml } from '../support/world.ts';
import { record } from './record.ts';

/*
 * npm run bench:soak -- [--syncs 10000] [--record]
 *
 * One process syncs two revisions of a repository by turns, with everything real but the endpoint, and
 * tells how memory, open files, child processes and the database's log grow. Ends with status 1 where
 * one of them grows beyond its limit.
 */

const { values } = parseArgs({
  options: {
    syncs: { type: 'string', default: '10000' },
    record: { type: 'boolean', default: false },
  },
});
const syncs = Number(values.syncs);
const warm = Math.min(1000, Math.ceil(syncs / 5));
const limits = { residentMiB: 16, files: 2, children: 0, logMiB: 8 };

const folder = mkdtempSync(join(tmpdir(), 'plumbline-soak-'));
const teardowns: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];

interface Sample {
  readonly residentMiB: number;
  readonly files: number;
  readonly children: number;
  readonly logMiB: number;
}

function sample(): Sample {
  (globalThis as { gc?: () => void }).gc?.();
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
  return {
    residentMiB: process.memoryUsage.rss() / 2 ** 20,
    files: readdirSync('/proc/self/fd').length,
    children: children === '' ? 0 : children.split(' ').length,
    logMiB: statSync(join(folder, 'plumbline.db-wal')).size / 2 ** 20,
  };
}

async function prepare(): Promise<{ ports: Ports; one: GitSource; two: GitSource }> {
  const repository = new GitRepository(join(folder, 'team.git'));
  const files = (model: string) =>
    Object.fromEntries([
      ['gate.yaml', tokenYaml('gate')],
      ...Array.from({ length: 20 }, (_, at) => [`p${at}.yaml`, pluginYaml(`p${at}`, { model })]),
      ...Array.from({ length: 20 }, (_, at) => [
        `c${at}.yaml`,
        clientYaml(`c${at}`, { defaultModel: model, deployed: at % 2 === 0 }, { apiKey: 'gate' }),
      ]),
    ]) as Record<string, string>;
  repository.git('update-ref', 'refs/heads/two', repository.commit(files('a')));
  repository.commit(files('b'), { branch: 'two' });
  const store = await openStore(`sqlite:${join(folder, 'plumbline.db')}`, {
    mode: 'write',
    migrations: recordMigrations(kinds),
  });
  teardowns.push(() => store.close());
  const fresh = await freshPorts({ teardown: (work: () => unknown) => teardowns.push(work) });
  const ports = {
    ...fresh,
    database: store.database,
    brokers: new Brokers(kinds),
    clock: systemClock,
    endpoint: {
      ...fresh.endpoint,
      publish: async () => ({ state: 'published' }) as const,
      withdraw: async () => ({ state: 'withdrawn' }) as const,
    },
  } as Ports;
  const at = (branch: string) =>
    new GitSource({
      name: 'team',
      url: repository.url,
      ref: { branch },
      stateFolder: join(folder, 'git'),
      allowFile: true,
    });
  return { ports, one: at('main'), two: at('two') };
}

const { ports, one, two } = await prepare();
const occasion = { trigger: 'interval', actor: 'plumbline', settled: ['converged'] } as const;
let base: Sample | undefined;
const began = performance.now();
for (let at = 0; at < syncs; at += 1) {
  const target = targetOf(at % 2 === 0 ? one : two, {
    limits: { deletes: {}, updates: {}, exposure: {}, window: 1 },
  });
  const { outcome, message } = await reconcile(ports, target, occasion, never);
  if (outcome !== 'converged') throw new Error(`sync ${at}: ${outcome}, ${message}`);
  if (at === warm) base = sample();
  if (at % 1000 === 999) {
    // Nobody keeps a journal of so many changes for ever; what it grows by is not what is measured.
    await ports.database.write((query) => query('journal').delete());
    process.stdout.write(`${at + 1} syncs, ${sample().residentMiB.toFixed(1)} MiB\n`);
  }
}
const end = sample();
const start = base ?? end;
const grown = {
  residentMiB: end.residentMiB - start.residentMiB,
  files: end.files - start.files,
  children: end.children,
  logMiB: end.logMiB,
};
const broken = Object.entries(limits).filter(
  ([name, limit]) => grown[name as keyof typeof limits] > limit,
);
const seconds = (performance.now() - began) / 1000;
const signed = (value: number, digits: number) =>
  `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
const told =
  `memory ${signed(grown.residentMiB, 1)} MiB after the first ${warm}, open files ${signed(grown.files, 0)}, ` +
  `child processes ${grown.children}, log of the database ${grown.logMiB.toFixed(1)} MiB`;
process.stdout.write(`${syncs} syncs in ${seconds.toFixed(0)} s: ${told}\n`);
for (const [name, limit] of broken) process.stdout.write(`${name} is beyond ${limit}\n`);
if (values.record && broken.length === 0)
  record({
    'syncs of two revisions by turns': {
      figure: `${syncs} syncs, ${told}`,
      command: `npm run bench:soak -- --syncs ${syncs}`,
    },
  });
process.exitCode = broken.length === 0 ? 0 : 1;
await one.close();
await two.close();
for (const work of teardowns.reverse()) await work();
