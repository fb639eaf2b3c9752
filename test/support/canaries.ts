/** Secret values of many shapes, each of them written or given in one of the ways below. */
export const canaries = [
  'hunter2-canary',
  'S3cr3t!canary',
  'correct horse battery canary',
  'AKIACANARY7EXAMPLE99',
  'ghp_canary0123456789abcdefABCDEF012345',
  'sk-canary-T3BlbkFJ0123456789abcdefghij',
  'xoxb-123456789012-canaryAbCdEf',
  'eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOjF9.c2lnbmF0dXJl',
  'postgres://user:canarypw@db.example/main',
  'https://canary:tokenpw@example.com/x',
  'Password=canary;Server=db',
  '-----BEGIN PRIVATE KEY-----\nMIIcanaryMIIcanary\n-----END PRIVATE KEY-----',
  'two lines canary\nsecond line',
  'tab\tcanary',
  '"quoted canary"',
  "it's a canary",
  'kanárienvogel-canary',
  'カナリア-canary',
  '🐤canary🐤',
  '4111111111111111-canary',
  '00112233445566778899canary',
  '{"json":"canary"}',
  '<xml>canary</xml>',
  '$(canary) `canary` %canary%',
  'canary\\u001b[31m\\n',
] as const;

/** The forms in which an output could hold a canary: as it is, and as JSON, YAML or SQL would quote it. */
export function traces(value: string): readonly string[] {
  const lines = value.split(/[\n\t]/).filter((it) => /canary|MII|カナリア|[\w+/]{20}/i.test(it));
  const json = JSON.stringify(value).slice(1, -1);
  return [...new Set([value, json, value.replaceAll("'", "''"), ...lines])].flatMap((it) => [
    it,
    Buffer.from(it).toString('base64').replace(/=+$/, '').slice(0, -2),
    Buffer.from(it).toString('hex'),
    encodeURIComponent(it),
  ]);
}

/** An output, or a file, with what to call it. */
export interface Text {
  readonly name: string;
  readonly text: string;
}

/** Where one of these secrets stands in one of these texts, in any of its forms; a few places are enough. */
export function leaks(secrets: readonly string[], texts: readonly Text[]): readonly string[] {
  const found = new Set<string>();
  for (const trace of new Set(secrets.flatMap(traces)))
    for (const { name, text } of texts) {
      const at = text.indexOf(trace);
      if (at >= 0)
        found.add(`${name}: …${text.slice(Math.max(0, at - 80), at + trace.length + 20)}`);
    }
  return [...found].slice(0, 10);
}
