import { kinds } from '../kinds/kinds.ts';
import type { Kind } from '../manifest/kind.ts';
import { kindByWord } from '../manifest/kind-word.ts';

/** The kind a person means by a word. Throws USAGE. */
export function kindNamed(word: string): Kind {
  return kindByWord(kinds, word);
}
