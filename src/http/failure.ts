import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorEnvelope } from '../broker/response.ts';
import type { Verb } from '../broker/verbs.ts';
import { kinds } from '../kinds/kinds.ts';
import { diagnosticJson } from '../lib/diagnostic.ts';
import { asPlumblineError, PlumblineError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { escapeUntrusted } from '../lib/terminal.ts';

/** With every answer: nothing is sniffed, framed, told on or kept. */
export const safeHeaders = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The verb of a route that answers in the reference platform's envelope. */
    verb?: Verb;
  }
}

/** Where the reference platform has the routes of its command line. */
export const platformPath = '/api/v1/cli/';

function isPlatform(request: FastifyRequest): boolean {
  return request.url.toLowerCase().startsWith(platformPath);
}

/** The address of a request without its query, which may hold what is nobody's business. */
export function pathOf({ url }: Pick<FastifyRequest, 'url'>): string {
  return url.split('?', 1)[0] as string;
}

/** The shape of an error that leaves the listener; stack and cause stay in the log. */
export function errorJson(error: PlumblineError): Record<string, unknown> {
  const { code, message, hint, problems } = error;
  return {
    error: {
      code,
      message: escapeUntrusted(message),
      ...(hint === undefined ? {} : { hint: escapeUntrusted(hint) }),
      ...(problems.length === 0 ? {} : { problems: problems.map(diagnosticJson) }),
    },
  };
}

/**
 * The same for the reference platform's client, which wants another shape and prints what stands in it;
 * what the request was about is told as far as it was understood.
 */
function platformJson(error: PlumblineError, request: FastifyRequest): Record<string, unknown> {
  const { code, message, hint, problems } = error;
  const { kind } = (request.params ?? {}) as { readonly kind?: string };
  const shown = new PlumblineError(code, escapeUntrusted(message), {
    problems,
    ...(hint === undefined ? {} : { hint: escapeUntrusted(hint) }),
  });
  const { verb } = request.routeOptions.config;
  return errorEnvelope(shown, { verb, thing: kinds.find(kind ?? '')?.name });
}

/** Answers a request that failed, whatever threw. */
export function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
): void {
  const known = knownError(error);
  if (known.code === 'INTERNAL')
    log.error({ err: error, method: request.method, path: pathOf(request) }, 'a request failed');
  if (known.httpStatus === 401) reply.header('www-authenticate', 'Bearer');
  // What is wrong with a request may be found before any hook has set them.
  reply.headers(safeHeaders);
  reply
    .status(known.httpStatus)
    .type('application/json')
    .send(isPlatform(request) ? platformJson(known, request) : errorJson(known));
}

/** Fastify tells what is wrong with a request by a status; anything else is a fault of ours. */
function knownError(error: unknown): PlumblineError {
  if (error instanceof PlumblineError) return error;
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  if (status === 413) return tooLarge('the body is too large');
  if (status < 500)
    return new PlumblineError('REQUEST_INVALID', 'the request cannot be read', { cause: error });
  return asPlumblineError(error);
}

function tooLarge(message: string): PlumblineError {
  return new PlumblineError('REQUEST_TOO_LARGE', message, { hint: 'send less' });
}

/** Answers what is not even a request: too long a header, too slow a sender, or no HTTP at all. */
export function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [line, known] = unreadable(error.code);
  const body = JSON.stringify(errorJson(known));
  const head = [
    `HTTP/1.1 ${line}`,
    'content-type: application/json; charset=utf-8',
    ...Object.entries(safeHeaders).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function unreadable(code: string | undefined): readonly [string, PlumblineError] {
  if (code === 'HPE_HEADER_OVERFLOW')
    return ['431 Request Header Fields Too Large', tooLarge('the header is too large')];
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return [
      '408 Request Timeout',
      new PlumblineError('REQUEST_TIMEOUT', 'the request took too long'),
    ];
  return ['400 Bad Request', new PlumblineError('REQUEST_INVALID', 'the request cannot be read')];
}
