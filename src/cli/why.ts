import { recordNotFound } from '../broker/not-found.ts';
import { PlumblineError } from '../lib/errors.ts';
import { suggest } from '../lib/suggest.ts';
import type { YamlDocument } from '../lib/yaml.ts';
import type { Kind } from '../manifest/kind.ts';
import {
  appliedDocument,
  type FieldProvenance,
  fieldProvenances,
  type Provenance,
  provenanceOf,
} from '../reconcile/why.ts';
import { type Assembly, withPorts } from './assemble.ts';
import { type Invocation, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { requireDatabase } from './no-database.ts';
import { whyJson, whyText } from './why-text.ts';

/** Tells of each field of a record, or of one, where its value comes from. */
export async function run(invocation: Invocation): Promise<number> {
  const [word, name, wanted] = invocation.arguments as [string, string, string | undefined];
  const { terminal } = invocation;
  return withPorts(invocation, 'read', async (assembly) => {
    const { ports, resources } = assembly;
    const resource = resources.named(word, name);
    requireDatabase(assembly, resource);
    const { kind, key } = resource;
    const paths = fieldsNamed(kind, wanted);
    const provenance = await ports.database.read(async (query) => {
      const record = await ports.brokers.of(kind).find(query, key.account, key.name);
      return record === undefined ? undefined : provenanceOf(query, kind, record);
    });
    if (provenance === undefined) throw recordNotFound(kind.name, key.name);
    const document = await documentOf(assembly, provenance);
    const fields = withUnset(
      fieldProvenances(kind, provenance, document).filter(({ path }) => paths.includes(path)),
      paths,
    );
    if (textOption(invocation, 'output') === 'json')
      terminal.out(jsonDocument(whyJson(provenance, fields)));
    else terminal.out(whyText(provenance, fields));
    return 0;
  });
}

/**
 * The fields that a person means: all of them, the one of a path or of its last step, or those below
 * a path. Throws USAGE.
 */
function fieldsNamed(kind: Kind, wanted: string | undefined): readonly string[] {
  const paths = kind.fields.map((it) => it.path);
  if (wanted === undefined) return paths;
  const meant = paths.filter((it) => it === wanted || it.startsWith(`${wanted}.`));
  if (meant.length > 0) return meant;
  const ending = paths.filter((it) => it.endsWith(`.${wanted}`));
  if (ending.length === 1) return ending;
  const last = (path: string) => path.slice(path.lastIndexOf('.') + 1);
  const like = ending[0] ?? suggest(wanted, paths) ?? suggest(wanted, paths.map(last));
  throw new PlumblineError('USAGE', `${kind.name} has no field ${wanted.slice(0, 100)}`, {
    hint:
      like === undefined
        ? `see them with 'plumbline example ${kind.name.toLowerCase()}'`
        : `did you mean ${like}?`,
  });
}

/** A field that was asked for is answered also where it holds nothing. */
function withUnset(
  fields: readonly FieldProvenance[],
  paths: readonly string[],
): readonly FieldProvenance[] {
  const [path, second] = paths;
  if (path === undefined || second !== undefined || fields.length > 0) return fields;
  return [{ path, value: null, isDefault: true, settings: [] }];
}

/** The document of a record's file as it was applied, where the source is configured and still has it. */
async function documentOf(
  { config, targets, close }: Assembly,
  { owned }: Provenance,
): Promise<YamlDocument | undefined> {
  if (owned === undefined || owned.orphaned) return undefined;
  if (!config.sources.some((it) => it.name === owned.source)) return undefined;
  const [target] = targets([owned.source], {});
  if (target === undefined) return undefined;
  close.add(() => target.source.close());
  return appliedDocument(target.source, owned);
}
