import { z } from 'zod';

/** Text of at most so many characters; the length is checked before anything else looks at it. */
export function text(most: number) {
  return z.string().max(most, `must be at most ${most} characters`);
}

/** Text that says something. */
export function filled(most: number) {
  return text(most).refine((it) => it.trim() !== '', 'must not be blank');
}

/** An http or https address. It is stored and shown, never fetched. */
export function webAddress() {
  return text(200).refine(isWebAddress, 'must be an http or https address');
}

function isWebAddress(value: string): boolean {
  if (!/^https?:\/\//i.test(value) || /\s/.test(value)) return false;
  return URL.canParse(value);
}

/** The name of another resource; the loader folds it and looks it up. */
export function reference() {
  return filled(50);
}
