import type { z } from 'zod';
import type { Path } from './yaml-document.ts';

/** The part of a zod schema's definition that says what is inside of it. */
interface Definition {
  readonly type: string;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly element?: z.core.$ZodType;
}

/** The keys that a map at a path may have; none where the schema has no map of fixed keys there. */
export function keysAt(schema: z.core.$ZodType, path: Path): readonly string[] {
  let at: z.core.$ZodType | undefined = schema;
  for (const step of path) {
    const inside: Definition = definition(at);
    at = typeof step === 'number' ? inside.element : inside.shape?.[step];
    if (at === undefined) return [];
  }
  return Object.keys(definition(at).shape ?? {});
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
