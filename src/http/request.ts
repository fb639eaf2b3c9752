import { z } from 'zod';
import { PlumblineError } from '../lib/errors.ts';
import { wording } from '../lib/shape-words.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { parseYaml } from '../lib/yaml.ts';

/** Where in a request a value stands, as a sentence names it. */
const parts: Readonly<Record<string, string>> = {
  params: 'path',
  querystring: 'query',
  body: 'body',
  headers: 'headers',
};

/** How many things are wrong with a request are told of it. */
const mostTold = 5;

const raw = new WeakSet<z.ZodType>();

/** A body that its route takes as the bytes it is; the shape of what is in it is for the document. */
export function rawBody(shape: Record<string, unknown>): z.ZodType {
  const schema = z.unknown().meta(shape);
  raw.add(schema);
  return schema;
}

/** Checks one part of a request against its schema; gives the value with its defaults, or what is wrong with it. */
export function checkRequest(
  schema: z.ZodType,
  part: string,
  given: unknown,
): { readonly value: unknown } | { readonly error: PlumblineError } {
  if (raw.has(schema)) return { value: given };
  const input = part === 'body' ? decoded(given) : { value: given };
  if ('error' in input) return input;
  const result = schema.safeParse(input.value, { error: wording });
  if (result.success) return { value: result.data };
  const told = result.error.issues.slice(0, mostTold).map(sentence);
  const where = parts[part] ?? part;
  return {
    error: new PlumblineError('REQUEST_INVALID', `the ${where} is not right: ${told.join('; ')}`, {
      hint: 'see /api/v1/openapi.json for what is taken here',
    }),
  };
}

function sentence(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys')
    return `there is no ${issue.keys.map(short).join(', no ')}`;
  const path = issue.path.map((step) => short(String(step))).join('.');
  return `${path === '' ? 'it' : path} ${issue.message}`;
}

function short(text: string): string {
  return escapeUntrusted(text.length > 60 ? `${text.slice(0, 59)}…` : text);
}

/** A body as a value: JSON or YAML, whatever its content type says; undefined where there is none. */
function decoded(body: unknown): { readonly value: unknown } | { readonly error: PlumblineError } {
  if (!(body instanceof Uint8Array) || body.length === 0) return { value: undefined };
  const { documents, problems } = parseYaml(body, 'body');
  const [document, ...more] = documents;
  if (problems.length === 0 && more.length === 0) return { value: document?.value };
  return {
    error: new PlumblineError('REQUEST_INVALID', 'the body is neither JSON nor YAML', {
      hint: 'send one JSON object',
      problems,
    }),
  };
}
