/** A value that JSON can carry. Everything a manifest holds is one, so that it can be stored, compared and printed. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [key: string]: JsonValue };

/** True for a plain map; false for null, lists and class instances. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a dotted path such as `spec.config.appName`; undefined where any step is missing. */
export function valueAt(root: unknown, path: string): JsonValue | undefined {
  let at: unknown = root;
  for (const step of path.split('.')) {
    if (!isObject(at) || !Object.hasOwn(at, step)) return undefined;
    at = at[step];
  }
  return at as JsonValue | undefined;
}

/** Puts a value at a dotted path and makes the maps on the way. Paths come from our own tables, never from input. */
export function putAt(root: Record<string, unknown>, path: string, value: JsonValue): void {
  const steps = path.split('.');
  const last = steps.pop() as string;
  let at = root;
  for (const step of steps) {
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
