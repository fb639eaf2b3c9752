import type { JsonObject, JsonValue } from '../lib/json.ts';
import { isObject } from '../lib/json.ts';
import type { Kind } from '../manifest/kind.ts';
import { apiVersion } from '../manifest/manifest.ts';

/** The columns of every kind's list, around those that the kind names. */
const first = [{ name: 'name', type: 'CharField' }];
const last = [
  { name: 'createdAt', type: 'DateTimeField' },
  { name: 'updatedAt', type: 'DateTimeField' },
];

/**
 * A page of records, as `describe` shows each, in the form of the reference platform's `get`: titles,
 * and items that have exactly those keys.
 */
export function listing(
  kind: Kind,
  described: readonly JsonObject[],
  asked: { readonly name: string | undefined; readonly kwargs: JsonObject },
): JsonObject {
  const titles = [...first, ...(kind.listed ?? []), ...last];
  return {
    apiVersion,
    kind: kind.name,
    name: asked.name ?? null,
    metadata: { count: described.length },
    kwargs: asked.kwargs,
    data: { titles, items: described.map((it) => item(titles, it)) },
  };
}

function item(titles: readonly { readonly name: string }[], described: JsonObject): JsonObject {
  const { metadata, status } = described;
  const facts: Record<string, JsonValue> = isObject(status) ? (status as JsonObject) : {};
  const known: Readonly<Record<string, JsonValue | undefined>> = {
    ...facts,
    name: (metadata as JsonObject)['name'],
    createdAt: facts['created'],
    updatedAt: facts['modified'],
  };
  return Object.fromEntries(titles.map(({ name }) => [name, known[name] ?? null]));
}
