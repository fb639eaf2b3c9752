import { PlumblineError } from '../lib/errors.ts';

/** What a column of a record can hold. */
export type Cell = string | number | bigint | boolean | null;
export type Row = Readonly<Record<string, Cell>>;

/** What the driver takes as it is. */
export type BoundValue = string | number | null | Uint8Array;

/**
 * A value as the driver may have it. Everything that the driver would silently store as something
 * else is refused: objects, dates and big integers become NULL there, text that is no valid Unicode
 * becomes other text. Booleans are 0 and 1. Throws RECORD_REJECTED for such text, and a TypeError for
 * a value of another type, which is a fault of the program.
 */
export function boundValue(value: unknown): BoundValue {
  switch (typeof value) {
    case 'string':
      if (value.isWellFormed()) return value;
      throw new PlumblineError('RECORD_REJECTED', 'text with half a character cannot be stored', {
        hint: 'write the whole character, or leave out the escape that stands for half of it',
      });
    case 'number':
      if (Number.isFinite(value)) return value;
      break;
    case 'bigint':
      if (BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)))
        return Number(value);
      break;
    case 'boolean':
      return value ? 1 : 0;
    default:
      if (value === null || value instanceof Uint8Array) return value;
  }
  throw new TypeError(`a ${typeof value} such as ${String(value)} cannot be stored in a column`);
}

/**
 * A cell as JSON that SQLite reads back as the very same value. Reals get 17 digits: from the
 * shortest form that JavaScript prints, SQLite misses the last bit of one real in ten thousand.
 */
export function cellJson(value: unknown): string {
  if (typeof value === 'string') return value.length < long ? textJson(value) : longJson(value);
  const bound = boundValue(value);
  if (bound instanceof Uint8Array) throw new TypeError('bytes cannot travel as JSON');
  if (typeof bound !== 'number') return JSON.stringify(bound);
  return Number.isSafeInteger(bound) ? String(bound) : bound.toPrecision(17);
}

function textJson(text: string): string {
  const json = JSON.stringify(text);
  // Half a character shows as an escape, which is quicker to look for than the half itself.
  return json.includes('\\ud') ? JSON.stringify(boundValue(text)) : json;
}

/** A text of so many characters is worth remembering. */
const long = 1000;
let latest = { text: '', json: '""' };

/**
 * What a record holds is written several times in a row: to the inventory, and to the journal for each of
 * its changes.
 */
function longJson(text: string): string {
  if (latest.text !== text) latest = { text, json: textJson(text) };
  return latest.json;
}
