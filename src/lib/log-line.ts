import type picocolors from 'picocolors';
import { onDemand } from './on-demand.ts';

/** What a log writes to: a terminal, a pipe, a file, or a test's own stream. */
export interface LogStream {
  readonly isTTY?: boolean;
  readonly writableLength: number;
  write(text: string): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

const library = onDemand<typeof picocolors>('picocolors');

/** Fields that the line itself already tells. */
const ownKeys = new Set(['level', 'time', 'msg']);
const plain = /^[\w./:@+,-]+$/;

/** One line of JSON, whose texts are escaped already, as a line for a person: time, level, message, fields. */
export function prettyLine(json: string, colour: boolean): string {
  const line = JSON.parse(json) as Record<string, unknown>;
  const paint = library().createColors(colour);
  const levels: Record<string, (text: string) => string> = {
    debug: paint.dim,
    warn: paint.yellow,
    error: paint.red,
  };
  const level = String(line['level']);
  const word = (levels[level] ?? paint.green)(level.toUpperCase().padEnd(5));
  const fields = Object.entries(line)
    .filter(([key]) => !ownKeys.has(key))
    .map(([key, value]) => `${paint.dim(`${key}=`)}${fieldText(value)}`);
  const time = String(line['time']).slice(11, 23);
  return `${[paint.dim(time), word, String(line['msg']), ...fields].join(' ')}\n`;
}

function fieldText(value: unknown): string {
  if (typeof value === 'string')
    return plain.test(value) ? value : `"${value.replaceAll('"', '\\"')}"`;
  return JSON.stringify(value) ?? '';
}
