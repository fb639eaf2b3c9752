import { inspect, parseArgs } from 'node:util';
import { llmClient } from '../../src/kinds/llm-client/kind.ts';
import { plugin } from '../../src/kinds/plugin/kind.ts';
import { smarterAuthToken } from '../../src/kinds/smarter-auth-token/kind.ts';
import { kindSet } from '../../src/manifest/kind-set.ts';
import { record } from '../faults/record.ts';
import { freshPorts } from '../support/ports.ts';
import { History } from './history.ts';
import { clear, filledTables } from './state.ts';

/*
 * npm run test:simulate -- [--seeds 100000] [--from 1] [--seed 4711] [--record]
 *
 * Plays histories of the real core, each in a simulated world of its own, and ends with status 1
 * at the first that breaks a promise: its seed, what happened in it and what broke. `--seed` plays
 * one. A seed that failed belongs into `kept`, in simulate.test.ts, once what it found is mended.
 */

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
});
const from = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;

/** Worlds at a time: each waits most of its time for the driver's threads. */
const lanes = 4;
const teardowns: (() => unknown)[] = [];
const seeds = Array.from({ length: count }, (_, at) => from + at).values();
const began = performance.now();
let played = 0;
/** Histories that are being played. One that waits for what never comes would end the process without a word. */
const playing = new Set<number>();
process.once('exit', () => {
  for (const seed of playing) process.stdout.write(`seed ${seed} never ends\n`);
});
await Promise.all(Array.from({ length: Math.min(lanes, count) }, play));

/** Plays one seed after the other in a world of its own, as long as every promise is kept. */
async function play(): Promise<void> {
  const ports = await freshPorts(
    { teardown: (work: () => unknown) => teardowns.push(work) },
    kindSet([smarterAuthToken, plugin, llmClient]),
  );
  const tables = await ports.database.read(filledTables);
  for (const seed of seeds) {
    const history = new History(ports, seed);
    playing.add(seed);
    try {
      await history.play();
      played += 1;
      await ports.database.write((query) => clear(query, tables));
    } catch (error) {
      process.stdout.write(`seed ${seed}:\n  ${history.log.join('\n  ')}\n${inspect(error)}\n`);
      process.exitCode = 1;
    }
    playing.delete(seed);
    if (process.exitCode !== undefined) return;
  }
}

const seconds = (performance.now() - began) / 1000;
process.stdout.write(
  `${played} histories in ${seconds.toFixed(1)} s, ${Math.round(played / seconds)} a second\n`,
);
if (values.record && process.exitCode === undefined)
  record({
    'simulated histories': {
      figure: `${played} histories, 0 promises broken`,
      command: `npm run test:simulate -- --seeds ${count} --from ${from}`,
    },
  });
for (const work of teardowns) await work();
