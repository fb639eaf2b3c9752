import type { Alias, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { onDemand } from './on-demand.ts';

/** The YAML library. Most texts are plain and never need it. */
export const yamlLibrary = onDemand<typeof import('yaml')>('yaml');

export function isAlias(node: unknown): node is Alias {
  return yamlLibrary().isAlias(node);
}

export function isMap(node: unknown): node is YAMLMap {
  return yamlLibrary().isMap(node);
}

export function isScalar(node: unknown): node is Scalar {
  return yamlLibrary().isScalar(node);
}

export function isSeq(node: unknown): node is YAMLSeq {
  return yamlLibrary().isSeq(node);
}

export function isCollection(node: unknown): node is YAMLMap | YAMLSeq {
  return yamlLibrary().isCollection(node);
}
