import { PlumblineError } from '../lib/errors.ts';
import { suggest } from '../lib/suggest.ts';
import type { Kind, KindSet } from './kind.ts';

/** The kind that somebody means by a word: its name in any case, its plural, or an alias. Throws USAGE. */
export function kindByWord(kinds: KindSet, word: string): Kind {
  const kind = kinds.find(word);
  if (kind !== undefined) return kind;
  const names = kinds.all.map((it) => it.name);
  const meant = suggest(word, names);
  throw new PlumblineError('USAGE', `there is no kind called ${word.slice(0, 60)}`, {
    hint: meant === undefined ? `write one of: ${names.join(', ')}` : `did you mean ${meant}?`,
  });
}
