import { createHmac } from 'node:crypto';
import { PlumblineError } from '../lib/errors.ts';
import { isObject } from '../lib/json.ts';
import type { Secret } from '../lib/secret.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import type { LiveRecord } from '../manifest/record.ts';
import type { Endpoint, EndpointAnswer, EndpointLimits } from './endpoint.ts';

export interface WebhookOptions {
  /** Without credentials; https, or http where that was allowed. */
  readonly url: string;
  /** What both sides know; it signs every request. */
  readonly key: Secret;
  readonly limits: EndpointLimits;
  /** Of Plumbline. */
  readonly version: string;
}

type Event = 'deploy' | 'redeploy' | 'undeploy' | 'prompt';

/** Bytes of an answer, and characters of a text in it. */
const longestAnswer = 64 * 1024;
const longestText = 500;

/**
 * The driver for an endpoint of somebody else's: every effect is a signed POST to one address. Any
 * answer of 200 to 299 says that it has happened, but for 202, or `state: pending` in the body, which
 * says that the same request is to be sent again later. Redirects are not followed.
 */
export function webhookEndpoint(options: WebhookOptions): Endpoint {
  const tell = async (
    event: Event,
    record: LiveRecord,
    idempotencyKey: string,
    signal: AbortSignal,
  ): Promise<EndpointAnswer> => {
    const { status, said } = await send(options, event, { idempotencyKey }, record, signal);
    const done = event === 'undeploy' ? 'withdrawn' : 'published';
    const state = said['state'] ?? (status === 202 ? 'pending' : done);
    const { url, message } = said;
    return {
      state: state as EndpointAnswer['state'],
      ...(typeof url === 'string' && /^https?:\/\//i.test(url) ? { url: shown(url) } : {}),
      ...(typeof message === 'string' ? { message: shown(message) } : {}),
    };
  };
  return {
    identity: options.url,
    limits: options.limits,
    publish: (record, key, signal) =>
      tell(record.owed?.verb === 'redeploy' ? 'redeploy' : 'deploy', record, key, signal),
    withdraw: (record, key, signal) => tell('undeploy', record, key, signal),
    async prompt(record, text, signal) {
      const { said } = await send(options, 'prompt', { prompt: text }, record, signal);
      if (typeof said['answer'] === 'string') return said['answer'];
      throw nonsense('a prompt must be answered with a JSON body that has answer: TEXT');
    },
  };
}

async function send(
  { url, key, version }: WebhookOptions,
  event: Event,
  about: { readonly idempotencyKey?: string; readonly prompt?: string },
  record: LiveRecord,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly said: Readonly<Record<string, unknown>> }> {
  const { account, name } = record.key;
  const resource = { kind: record.kind, account, name, generation: record.generation };
  const body = JSON.stringify({
    apiVersion: 'plumbline.dev/v1',
    kind: 'EndpointEvent',
    event,
    ...about,
    resource,
    manifest: record.manifest,
  });
  const timestamp = String(Math.floor(Date.now() / 1000));
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    signal,
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': `plumbline/${version}`,
      'x-plumbline-event': event,
      'x-plumbline-timestamp': timestamp,
      'x-plumbline-signature': signatureOf(key, timestamp, body),
      ...(about.idempotencyKey === undefined ? {} : { 'idempotency-key': about.idempotencyKey }),
    },
  }).catch((cause: unknown) => {
    throw unreachable(cause);
  });
  const text = await textOf(response);
  if (response.ok) return { status: response.status, said: parsed(text) };
  const said = jsonOf(text);
  const message = isObject(said) ? said['message'] : undefined;
  const why = typeof message === 'string' ? `: ${shown(message)}` : '';
  throw new PlumblineError('ENDPOINT_REFUSED', `the endpoint answers ${response.status}${why}`, {
    hint:
      response.status >= 300 && response.status < 400
        ? 'redirects are not followed; write the final address as endpoint.url'
        : 'look at the log of the endpoint; it is asked again by itself',
  });
}

/** `sha256=` and the HMAC-SHA256, in hex, of the time stamp, a full stop and the body. */
function signatureOf(key: Secret, timestamp: string, body: string): string {
  const hmac = createHmac('sha256', key.reveal()).update(`${timestamp}.${body}`);
  return `sha256=${hmac.digest('hex')}`;
}

/** The body of an answer, as far as anybody would want it. */
async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > longestAnswer) throw nonsense(`an answer has at most ${longestAnswer} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof PlumblineError ? error : unreachable(error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What an answer says; an empty one says nothing. Throws ENDPOINT_ANSWER for what is no JSON object. */
function parsed(text: string): Readonly<Record<string, unknown>> {
  const said = text.trim() === '' ? {} : jsonOf(text);
  if (isObject(said)) return said;
  throw nonsense('the body must be empty or a JSON object');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function shown(text: string): string {
  return escapeUntrusted(text.slice(0, longestText));
}

function nonsense(hint: string): PlumblineError {
  return new PlumblineError('ENDPOINT_ANSWER', 'the endpoint answers something that is no answer', {
    hint,
  });
}

function unreachable(cause: unknown): PlumblineError {
  return new PlumblineError('ENDPOINT_UNREACHABLE', 'the endpoint cannot be reached', {
    hint: 'check endpoint.url, the network and the certificate; it is asked again by itself',
    cause,
  });
}
