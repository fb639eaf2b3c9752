import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isSameSecret, type Secret } from '../lib/secret.ts';

/** Who sends webhooks, each with its own way of saying that it knows the secret. */
export const forges = ['github', 'gitlab', 'gitea', 'generic'] as const;
export type Forge = (typeof forges)[number];

/** Header that carries the proof, and what the proof of a body is. GitLab sends the secret itself. */
const proofs: Readonly<
  Record<Forge, { readonly header: string; of(body: Uint8Array, secret: string): string }>
> = {
  github: { header: 'x-hub-signature-256', of: (body, secret) => `sha256=${hmac(body, secret)}` },
  gitlab: { header: 'x-gitlab-token', of: (_body, secret) => secret },
  gitea: { header: 'x-gitea-signature', of: hmac },
  generic: { header: 'x-signature', of: (body, secret) => `sha256=${hmac(body, secret)}` },
};

function hmac(body: Uint8Array, secret: string): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/** Whether the sender of a body knows the secret. Nothing of the body is looked at before. */
export function isSigned(
  forge: Forge,
  headers: IncomingHttpHeaders,
  body: Uint8Array,
  secret: Secret,
): boolean {
  const { header, of } = proofs[forge];
  const given = headers[header];
  return typeof given === 'string' && isSameSecret(given.trim(), of(body, secret.reveal()));
}
