import { remembered } from './remembered.ts';

/**
 * A value that JSON can carry. Everything a manifest holds is one, so that it can be stored, compared and
 * printed.
 */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [key: string]: JsonValue };

/** True for a plain map; false for null, lists and class instances. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same text in memory of its own: a piece of a text keeps the whole of that one in memory. */
export function detached(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}

/** The same text, but one for all that say it: for what comes again in manifest after manifest. */
export const recurring = remembered((text) => text);

/** The steps of a dotted path. */
const stepsOf = remembered((path): readonly string[] => path.split('.'));

/** The value at a dotted path such as `spec.config.appName`; undefined where any step is missing. */
export function valueAt(root: unknown, path: string): JsonValue | undefined {
  let at: unknown = root;
  for (const step of stepsOf(path)) {
    if (!isObject(at) || !Object.hasOwn(at, step)) return undefined;
    at = at[step];
  }
  return at as JsonValue | undefined;
}

/** Puts a value at a dotted path and makes the maps on the way. Paths come from our own tables, never from input. */
export function putAt(root: Record<string, unknown>, path: string, value: JsonValue): void {
  const steps = stepsOf(path);
  const last = steps.at(-1) as string;
  let at = root;
  for (let depth = 0; depth + 1 < steps.length; depth += 1) {
    const step = steps[depth] as string;
    const next = at[step];
    if (isObject(next)) at = next;
    else {
      const made: Record<string, unknown> = {};
      at[step] = made;
      at = made;
    }
  }
  at[last] = value;
}
