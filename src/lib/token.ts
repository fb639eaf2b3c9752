import { createHash, randomBytes } from 'node:crypto';
import { Secret } from './secret.ts';

/** A token that was just made: its text is for whoever asked for it, once; only the hash is kept. */
export interface NewToken {
  /** Names the token and says nothing about its secret; 12 hex digits. */
  readonly id: string;
  readonly text: Secret;
  readonly hash: string;
}

const secretBytes = 32;
const form = /^plumb_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

/** `plumb_ID_SECRET` with 256 bits of chance, so that a plain hash of it cannot be turned back. */
export function newToken(): NewToken {
  const id = randomBytes(6).toString('hex');
  const secret = randomBytes(secretBytes).toString('base64url');
  return { id, text: new Secret(`plumb_${id}_${secret}`), hash: hashOf(secret) };
}

/** The id of a token that somebody presents, and the hash of its secret; undefined for any other text. */
export function readToken(
  text: string,
): { readonly id: string; readonly hash: string } | undefined {
  const [, id, secret] = form.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, hash: hashOf(secret) };
}

function hashOf(secret: string): string {
  return `sha256:${createHash('sha256').update(secret).digest('hex')}`;
}
