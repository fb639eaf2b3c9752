import type { JsonValue } from './json.ts';
import { composeText, type ParsedYaml } from './yaml-compose.ts';
import type { Place } from './yaml-document.ts';
import type { YamlLimits } from './yaml-limits.ts';
import { YamlText } from './yaml-text.ts';

/** A text that another thread is to read. */
export interface Errand {
  readonly file: string;
  readonly text: string;
  readonly limits: YamlLimits;
}

/** What it found: the same as `ParsedYaml`, as plain values. */
export interface Finding extends Omit<ParsedYaml, 'documents'> {
  readonly documents: readonly {
    readonly value: JsonValue;
    readonly index: number;
    readonly root: Place;
  }[];
}

/** Runs in a thread of its own. */
export function readApart({ file, text, limits }: Errand): Finding {
  const { documents, ...rest } = composeText(new YamlText(file, text), limits);
  return {
    ...rest,
    documents: documents.map(({ value, index, root }) => ({ value, index, root })),
  };
}
