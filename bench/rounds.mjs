/*
 * Measures the sides in turn, so that whatever else the machine does meets both: A B, B A, A B …
 * A piece of fixed work between the pairs tells whether the machine was busy with something else. A
 * pair between two unlike readings is measured again, and where that does not help, processor time
 * decides in place of wall time.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { prepareSample, sidesOf } from './operations.mjs';
import { runOnce } from './run-once.mjs';
import { clientManifest } from './workload.mjs';

const calm = 1.25;
const repeats = 2;
/** Once a size has taken this long, in milliseconds, it makes do with the fewest rounds. */
const patience = 100_000;
const fewestRounds = 3;
/** Of the whole bench: on a machine that is never calm, measuring again is of no use. */
let repeatsLeft = 12;

const calibrationText = JSON.stringify(Array.from({ length: 200 }, (_, at) => clientManifest(at)));
let calibrationRounds = 0;

/** Milliseconds for a fixed piece of work, about 100 on the machine it runs on first. */
function calibrate() {
  const started = performance.now();
  for (let at = 0; at < calibrationRounds; at++)
    createHash('sha256').update(JSON.parse(calibrationText).join()).digest();
  return performance.now() - started;
}

function tuneCalibration() {
  calibrationRounds = 20;
  calibrate();
  calibrationRounds = Math.max(1, Math.round((100 / calibrate()) * calibrationRounds));
}

/**
 * Pairs of samples by operation: `rounds` of them, after one that only warms the caches; three where
 * they take long.
 */
export function measure(ground, ids, rounds, onProgress) {
  if (calibrationRounds === 0) tuneCalibration();
  const pairs = new Map(ids.map((id) => [id, []]));
  const started = performance.now();
  let before = calibrate();
  for (let round = 0; round <= rounds; round++) {
    if (round > fewestRounds && performance.now() - started > patience) break;
    for (const id of ids) {
      onProgress(round, id);
      for (let attempt = 0; ; attempt++) {
        const pair = measurePair(ground, id, round);
        const after = calibrate();
        const quiet = Math.max(before, after) / Math.min(before, after) <= calm;
        before = after;
        if (quiet || round === 0 || attempt === repeats || repeatsLeft === 0) {
          if (round > 0) pairs.get(id).push({ ...pair, quiet });
          break;
        }
        repeatsLeft -= 1;
      }
    }
  }
  return pairs;
}

function measurePair(ground, id, round) {
  const sides = sidesOf(id);
  const order = round % 2 === 1 ? sides : sides.toReversed();
  const pair = {};
  for (const side of order) pair[side] = measureSample(ground, id, side);
  return pair;
}

function measureSample(ground, id, side) {
  const { says, remove, ...command } = prepareSample(ground, id, side);
  const { text, ...figures } = runOnce({ ...command, scratch: ground.place });
  for (const words of says)
    if (!text.includes(words))
      throw new Error(`${id}, ${side}: expected '${words}' in\n${text.slice(-2000)}`);
  if (remove !== undefined) rmSync(remove, { recursive: true });
  return figures;
}
