import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { guards, summaryKeys } from '../plan/change.ts';
import type { Ports } from '../reconcile/ports.ts';
import type { Daemon, Outcome, SourceStatus } from '../reconcile/status.ts';
import type { Work } from '../reconcile/work.ts';
import { quarantinedFiles } from '../store/crashes.ts';

const outcomes = [
  'pending',
  'converged',
  'drifted',
  'held',
  'retrying',
  'stalled',
  'suspended',
] as const satisfies readonly Outcome[];

/** Outcomes of a pass that was looked at from end to end. */
const complete: readonly Outcome[] = ['converged', 'drifted', 'held'];

const acting = summaryKeys.filter((key) => !['unchanged', 'invalid'].includes(key));

const worked = [
  'filesListed',
  'filesRead',
  'transactions',
  'statements',
  'rows',
] as const satisfies readonly (keyof Work)[];

export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  close(): void;
}

/**
 * Prometheus metrics of a daemon. The labels are the names of the sources, which the configuration
 * bounds, and words of ours; never a name, a path or a message from a watched file.
 */
export function createMetrics(daemon: Daemon, ports: Pick<Ports, 'database' | 'version'>): Metrics {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  collectDefaultMetrics({ register: registry });

  const runs = new Counter({
    name: 'plumbline_runs_total',
    help: 'Finished runs by source and outcome.',
    labelNames: ['source', 'outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'plumbline_run_seconds',
    help: 'Time from the start of a run to its end.',
    labelNames: ['source'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers,
  });
  const changes = new Counter({
    name: 'plumbline_changes_total',
    help: 'Changes that finished runs planned, by source and action.',
    labelNames: ['source', 'action'],
    registers,
  });
  const work = new Counter({
    name: 'plumbline_work_total',
    help: 'What finished runs read and asked: files listed and read, transactions, statements, rows.',
    labelNames: ['source', 'of'],
    registers,
  });
  const lastSuccess = new Gauge({
    name: 'plumbline_last_success_timestamp_seconds',
    help: 'When the last complete run of a source ended, in seconds since 1970.',
    labelNames: ['source'],
    registers,
  });
  new Gauge({
    name: 'plumbline_problems',
    help: 'Errors that the last run of a source found in its files.',
    labelNames: ['source'],
    registers,
    collect() {
      for (const { name, lastRun } of daemon.status()) {
        this.set({ source: name }, lastRun?.errors ?? 0);
      }
    },
  });
  new Gauge({
    name: 'plumbline_source_outcome',
    help: 'One for the present outcome of a source, zero for all others.',
    labelNames: ['source', 'outcome'],
    registers,
    collect() {
      for (const status of daemon.status()) {
        for (const outcome of outcomes) {
          this.set({ source: status.name, outcome }, status.outcome === outcome ? 1 : 0);
        }
      }
    },
  });

  new Gauge({
    name: 'plumbline_held_changes',
    help: 'Changes that wait, by source and by the guard that holds them.',
    labelNames: ['source', 'guard'],
    registers,
    collect() {
      for (const { name, held } of daemon.status())
        for (const guard of guards) this.set({ source: name, guard }, held?.counts[guard] ?? 0);
    },
  });

  new Gauge({
    name: 'plumbline_quarantined_files',
    help: 'Files that are passed over until they change, because they ended the process twice.',
    labelNames: ['source'],
    registers,
    async collect() {
      const files = await ports.database.read((query) => quarantinedFiles(query, ports.version));
      for (const { name } of daemon.status())
        this.set({ source: name }, files.filter((it) => it.source === name).length);
    },
  });

  // Series that begin at zero let a first failure show as an increase.
  for (const { name } of daemon.status()) {
    for (const outcome of outcomes)
      if (outcome !== 'pending') runs.inc({ source: name, outcome }, 0);
    for (const action of acting) changes.inc({ source: name, action }, 0);
    for (const of of worked) work.inc({ source: name, of }, 0);
  }

  const close = daemon.onRun((status: SourceStatus) => {
    const { name: source, outcome, lastRun } = status;
    runs.inc({ source, outcome });
    if (lastRun === undefined) return;
    seconds.observe({ source }, lastRun.milliseconds / 1000);
    for (const action of acting) changes.inc({ source, action }, lastRun.summary[action]);
    for (const of of worked) work.inc({ source, of }, lastRun.work[of]);
    if (!complete.includes(outcome)) return;
    const endedAt = Date.parse(lastRun.startedAt) + lastRun.milliseconds;
    lastSuccess.set({ source }, endedAt / 1000);
  });

  return { contentType: registry.contentType, text: () => registry.metrics(), close };
}
