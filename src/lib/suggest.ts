import { distance } from 'fastest-levenshtein';

/**
 * The candidate a person most likely meant, or undefined. Case, hyphens and underscores do not count
 * as differences; otherwise a third of the letters, at least two, may differ.
 */
export function suggest(written: string, candidates: Iterable<string>): string | undefined {
  if (written.length > 100) return undefined;
  const plain = fold(written);
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(plain.length / 3)) + 1;
  for (const candidate of candidates) {
    const apart = distance(plain, fold(candidate));
    if (apart < bestDistance) {
      best = candidate;
      bestDistance = apart;
    }
  }
  return best;
}

function fold(text: string): string {
  return text.toLowerCase().replace(/[-_ ]/g, '');
}
