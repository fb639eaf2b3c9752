const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds of a duration such as `500ms`, `60s`, `1.5h`; NaN for any other text. */
export function parseDuration(text: string): number {
  const [, count, unit] = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)$/.exec(text) ?? [];
  return count === undefined
    ? Number.NaN
    : Math.round(Number(count) * (units[unit as string] as number));
}
