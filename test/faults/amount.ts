/**
 * How much of something a test does: what `npm run test:faults` and its sisters were asked for, or
 * else the little that `npm test` has time for.
 */
export function amount(
  name: 'rounds' | 'kills' | 'points' | 'seeds' | 'cases',
  quick: number,
): number {
  const asked = process.env[`TEST_${name.toUpperCase()}`];
  return asked === undefined || asked === '' ? quick : Number(asked);
}
