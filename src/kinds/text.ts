import * as z from 'zod';

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

/** Characters that names of hosts, databases and users are made of. */
const clean = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.[A-Za-z0-9_-]{1,63})*$/;

/** A technical name: words of letters, digits, hyphens and underscores, joined by dots. */
export function technicalName() {
  return z
    .string()
    .max(255, { error: 'must be at most 255 characters', abort: true })
    .regex(clean, 'must be letters, digits, hyphens and underscores, in words joined by dots');
}

const domain =
  /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;

/** The name of a host. */
export function hostName() {
  return z
    .string()
    .max(253, { error: 'must be at most 253 characters', abort: true })
    .regex(domain, 'must be the name of a host, such as proxy.example.com');
}

/** A port of TCP. */
export function port() {
  return z.int().min(1).max(65_535);
}

/** How long or how many: a whole number from `least` on. */
export function count(least: number) {
  return z.int().min(least).max(2_147_483_647);
}

/**
 * Text that may name a key or a certificate, or hold a public one. A private key itself is refused,
 * because a manifest lies in a repository.
 */
export function publicText() {
  return text(65_536).refine(
    (it) => !it.includes('PRIVATE KEY-----'),
    'must not hold a private key: a manifest is no place for secrets',
  );
}
