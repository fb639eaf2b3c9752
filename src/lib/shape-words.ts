import type * as z from 'zod';
import { escapeUntrusted } from './terminal.ts';
import { isSecretKey, looksSecret } from './yaml-frame.ts';

const types: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
  null: 'nothing',
};

/** What a value must be, for the issues that the schema has no words of its own for. */
export function wording(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type': {
      const wanted = types[issue.expected] ?? issue.expected;
      return `must be ${wanted}, not ${kindOf(issue.input)}`;
    }
    case 'invalid_value':
      return issue.values.length === 1
        ? `must be ${String(issue.values[0])}`
        : `must be one of: ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `must ${bound(issue.origin, Number(issue.minimum), 'least', issue.inclusive !== false)}`;
    case 'too_big':
      return `must ${bound(issue.origin, Number(issue.maximum), 'most', issue.inclusive !== false)}`;
    default:
      return 'must have another form';
  }
}

function bound(origin: string, limit: number, which: 'least' | 'most', inclusive: boolean): string {
  if (origin === 'string') {
    if (which === 'least' && limit === 1) return 'not be empty';
    return `have at ${which} ${limit} characters`;
  }
  if (origin === 'array') return `have at ${which} ${limit} ${limit === 1 ? 'item' : 'items'}`;
  if (inclusive) return `be at ${which} ${limit}`;
  return `be ${which === 'least' ? 'more' : 'less'} than ${limit}`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string') return 'a text';
  if (typeof value === 'number') return 'a number';
  return String(value);
}

const yes = /^(?:y|yes|on|true|1)$/i;
const no = /^(?:n|no|off|false|0)$/i;

/**
 * What to write where a value has the wrong type, with the value itself where that is harmless.
 * `source` is the text as it is written, `key` the last step of its path.
 */
export function typeHint(
  expected: string,
  value: unknown,
  source: string | undefined,
  key: string,
): string {
  switch (expected) {
    case 'boolean':
      return booleanHint(value);
    case 'number':
    case 'int':
      return numberHint(expected, value);
    case 'string':
      return textHint(value, source, key);
    case 'array':
      return value === null || typeof value === 'object'
        ? 'put a dash before each item'
        : 'write each item on a line of its own, after a dash';
    case 'object':
    case 'record':
      return Array.isArray(value) ? 'remove the dashes' : 'write its keys below it, indented';
    default:
      return 'write a value of that sort';
  }
}

function booleanHint(value: unknown): string {
  const text = String(value);
  if (yes.test(text)) return 'write true';
  if (no.test(text)) return 'write false';
  return 'write true or false';
}

function numberHint(expected: string, value: unknown): string {
  if (typeof value === 'string') {
    const text = value
      .trim()
      .replace(/(?<=\d)_(?=\d)/g, '')
      .replace(/^(-?\d+),(\d+)$/, '$1.$2');
    if (/^-?\d{1,15}(?:\.\d{1,15})?$/.test(text)) {
      const plain = text === value ? ' without quotes' : '';
      return `write ${Number(text)}${plain}`;
    }
  }
  if (typeof value === 'number' && Math.abs(value) < 1e15) return `write ${Math.round(value)}`;
  return expected === 'int' ? 'write a whole number' : 'write a number';
}

function textHint(value: unknown, source: string | undefined, key: string): string {
  if (value === null) return 'write a text, or remove the key';
  if (Array.isArray(value)) return 'write one text instead of a list';
  if (typeof value === 'object') return 'quote the whole text; a colon and a blank start a map';
  const quoted = source !== undefined && source.length <= 60 ? `"${escapeUntrusted(source)}"` : '';
  if (quoted === '' || isSecretKey(key) || looksSecret(quoted)) return 'quote it';
  return `quote it: ${quoted}`;
}
