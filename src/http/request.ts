import type * as z from 'zod';
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

const told = new WeakSet<z.ZodType>();

/** A shape that only the document tells: what comes is taken as it is, and the route makes the best of it. */
export function unchecked<T extends z.ZodType>(shape: T): T {
  told.add(shape);
  return shape;
}

/** Checks one part of a request against its schema; gives the value with its defaults, or what is wrong with it. */
export function checkRequest(
  schema: z.ZodType,
  part: string,
  given: unknown,
): { readonly value: unknown } | { readonly error: PlumblineError } {
  if (told.has(schema)) return { value: given };
  const input = part === 'body' ? decoded(given) : { value: given };
  if ('error' in input) return input;
  const result = schema.safeParse(input.value, { error: wording });
  if (result.success) return { value: result.data };
  const sentences = result.error.issues.slice(0, mostTold).map(sentence);
  const where = parts[part] ?? part;
  return {
    error: new PlumblineError(
      'REQUEST_INVALID',
      `the ${where} is not right: ${sentences.join('; ')}`,
      {
        hint: 'see /api/v1/openapi.json for what is taken here',
      },
    ),
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

/** A body as a value; undefined where there is none, and where it is neither JSON nor YAML. */
export function bodyValue(body: unknown): unknown {
  const input = decoded(body);
  return 'value' in input ? input.value : undefined;
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
