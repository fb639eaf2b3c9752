import * as z from 'zod/mini';
import type { Path } from './yaml-document.ts';

/** The part of a zod schema's definition that says what is inside of it. */
interface Definition {
  readonly type: string;
  readonly defaultValue?: unknown;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly element?: z.core.$ZodType;
}

/** The keys that a map at a path may have; none where the schema has no map of fixed keys there. */
export function keysAt(schema: z.core.$ZodType, path: Path): readonly string[] {
  const at = partAt(schema, path);
  return at === undefined ? [] : Object.keys(definition(at).shape ?? {});
}

/** What a schema says of the values at a path; undefined where it has no such path. */
export interface Part {
  /** As zod names it: `string`, `enum`, `number`, `boolean`, `array`, `object`. */
  readonly type: string;
  /** What an absent value stands for. */
  readonly default: unknown;
  readonly description: string | undefined;
}

/** Read off the schema itself: its JSON Schema has the same, and takes longer to make than many a command. */
export function describedAt(schema: z.core.$ZodType, path: Path): Part | undefined {
  let at = partAt(schema, path);
  let [byDefault, description]: [unknown, string | undefined] = [undefined, undefined];
  while (at !== undefined) {
    const def = at._zod.def as Definition;
    description ??= z.globalRegistry.get(at)?.description;
    if (def.type === 'default') byDefault ??= def.defaultValue;
    const inner: z.core.$ZodType | undefined = def.innerType ?? def.in;
    if (inner === undefined) return { type: def.type, default: byDefault, description };
    at = inner;
  }
  return undefined;
}

function partAt(schema: z.core.$ZodType, path: Path): z.core.$ZodType | undefined {
  let at: z.core.$ZodType | undefined = schema;
  for (const step of path) {
    if (at === undefined) return undefined;
    const inside: Definition = definition(at);
    at = typeof step === 'number' ? inside.element : inside.shape?.[step];
  }
  return at;
}

/** The dotted paths of the maps that know a key, those nearest to the root first; lists are not entered. */
export function placesOfKey(schema: z.core.$ZodType, key: string): readonly string[] {
  const found: string[] = [];
  let level: (readonly [string, z.core.$ZodType])[] = [['', schema]];
  while (level.length > 0) {
    const next: (readonly [string, z.core.$ZodType])[] = [];
    for (const [path, it] of level) {
      const { shape } = definition(it);
      if (shape === undefined) continue;
      if (Object.hasOwn(shape, key)) found.push(path);
      for (const [name, inner] of Object.entries(shape))
        next.push([path === '' ? name : `${path}.${name}`, inner]);
    }
    level = next;
  }
  return found;
}

/** Past everything that only says that a value may be absent, or what it is when it is. */
function definition(schema: z.core.$ZodType): Definition {
  let def = schema._zod.def as Definition;
  for (;;) {
    const inner = def.innerType ?? def.in;
    if (inner === undefined) return def;
    def = inner._zod.def as Definition;
  }
}
