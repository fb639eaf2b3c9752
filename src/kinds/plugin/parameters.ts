import * as z from 'zod';
import { isObject, type JsonValue, valueAt } from '../../lib/json.ts';
import type { KindProblem } from '../../manifest/kind.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { text } from '../text.ts';

const types = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'] as const;

/** What a placeholder may stand for, as a manifest writes it. */
function scalar() {
  return z.union([text(65_536), z.number(), z.boolean()]);
}

function parameterName() {
  return text(64).regex(
    /^[A-Za-z_][A-Za-z0-9_]*$/,
    'must be letters, digits and underscores, not beginning with a digit',
  );
}

/** The keys of a plugin that fills what a model asks for into a query or a request. */
export function parameterSpec() {
  return {
    parameters: z
      .array(
        z.strictObject({
          name: parameterName().meta({ description: 'What placeholders call it.' }),
          type: z.enum(types).meta({ description: 'JSON type that the model gives.' }),
          description: text(65_536).nullish().meta({ description: 'Told to the model.' }),
          required: z.boolean().nullish().meta({ description: 'Whether the model must give it.' }),
          enum: z.array(text(255)).nullish().meta({ description: 'All values there are.' }),
          default: scalar().nullish().meta({ description: 'Where the model gives none.' }),
        }),
      )
      .nullish()
      .meta({ description: 'What the model may fill in.' }),
    testValues: z
      .array(
        z.strictObject({
          name: parameterName().meta({ description: 'Of the parameter.' }),
          value: scalar().nullable().meta({ description: 'What to try it with.' }),
        }),
      )
      .nullish()
      .meta({ description: 'One value a parameter, to try the plugin with.' }),
  };
}

interface Named {
  readonly name: string;
  readonly at: string;
  readonly item: Readonly<Record<string, unknown>>;
}

function namedItems(manifest: Manifest, path: string): readonly Named[] {
  const list = valueAt(manifest, path);
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: JsonValue, index) =>
    isObject(item) ? [{ name: String(item['name']), at: `${path}.${index}`, item }] : [],
  );
}

/** The names between braces in a text, each once; braces around anything else mean nothing. */
function placeholders(text: JsonValue | undefined): readonly string[] {
  if (typeof text !== 'string') return [];
  const found = text.matchAll(/\{([A-Za-z_][A-Za-z0-9_]*)\}/g);
  return [...new Set([...found].map(([, name]) => name as string))];
}

/**
 * Parameters, test values and the text with their placeholders agree. `part` is the map that holds
 * them, such as `spec.sqlData`, and `template` its key with the text.
 */
export function checkParameters(
  manifest: Manifest,
  part: string,
  template: string,
): readonly KindProblem[] {
  const parameters = namedItems(manifest, `${part}.parameters`);
  const values = namedItems(manifest, `${part}.testValues`);
  const declared = new Set(parameters.map((it) => it.name));
  const problems: KindProblem[] = [
    ...repeated(parameters, 'parameter'),
    ...repeated(values, 'test value'),
    ...parameters.flatMap(checkDefault),
  ];
  const error = (path: string, message: string, hint: string) => {
    problems.push({ severity: 'error', path, message, hint });
  };
  for (const name of placeholders(valueAt(manifest, `${part}.${template}`)))
    if (!declared.has(name))
      error(
        `${part}.${template}`,
        `the placeholder {${name}} stands for no parameter`,
        `declare ${name} under parameters, or remove the placeholder`,
      );
  if (values.length === 0 || parameters.length === 0) return problems;
  const tried = new Set(values.map((it) => it.name));
  for (const { name, at } of parameters)
    if (!tried.has(name))
      error(at, `there is no test value for ${name}`, `add name: ${name} under testValues`);
  for (const { name, at } of values)
    if (!declared.has(name))
      error(`${at}.name`, `there is no parameter ${name}`, 'correct or remove the test value');
  return problems;
}

function repeated(items: readonly Named[], what: string): readonly KindProblem[] {
  const seen = new Set<string>();
  return items.flatMap(({ name, at }): KindProblem[] => {
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    const message = `there is another ${what} ${name} above`;
    return [{ severity: 'error', path: `${at}.name`, message, hint: 'rename or remove one' }];
  });
}

function checkDefault({ at, item }: Named): readonly KindProblem[] {
  const all = item['enum'];
  const value = item['default'];
  if (!Array.isArray(all) || all.length === 0 || (value ?? null) === null) return [];
  if (all.includes(String(value))) return [];
  const hint = `write one of them, or add it under enum`;
  const message = 'the default must be one of the values under enum';
  return [{ severity: 'error', path: `${at}.default`, message, hint }];
}
