import type { AddressInfo, Socket } from 'node:net';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { asPlumblineError, PlumblineError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Secret } from '../lib/secret.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import type { Daemon } from '../reconcile/status.ts';
import { type Access, accessRules, addressText, type ListenAddress } from './access.ts';
import { createMetrics } from './metrics.ts';
import { routes } from './routes.ts';
import { type Webhook, webhookRoutes } from './webhook.ts';

/** What one caller may take of the process; times in milliseconds, sizes in bytes. */
export interface HttpLimits {
  readonly headersTime: number;
  readonly requestTime: number;
  readonly connections: number;
  readonly headerSize: number;
  readonly bodySize: number;
}

export const httpLimits: HttpLimits = {
  headersTime: 10_000,
  requestTime: 15_000,
  connections: 256,
  headerSize: 8 * 1024,
  bodySize: 64 * 1024,
};

export interface HttpOptions {
  readonly listen: ListenAddress;
  /** Without one only this machine may ask, and `listen` must be a loopback address. */
  readonly token?: Secret;
  readonly log: Log;
  /** Of Plumbline, for the status. */
  readonly version: string;
  readonly limits?: HttpLimits;
  /** By the name of the source; those without one take no webhook. */
  readonly webhooks?: ReadonlyMap<string, Webhook>;
}

export interface HttpListener {
  /** As it was bound: `127.0.0.1:40123` for port 0. */
  readonly address: string;
  close(): Promise<void>;
}

/** Opens the listener of a daemon. Throws LISTEN_FAILED when the address cannot be had or needs a token. */
export async function startHttp(daemon: Daemon, options: HttpOptions): Promise<HttpListener> {
  const { listen, token, log } = options;
  const access = accessRules(listen, token);
  if (!access.loopback && token === undefined) {
    throw new PlumblineError(
      'LISTEN_FAILED',
      `${addressText(listen)} can be reached from other machines, and no token is set`,
      { hint: 'set http.tokenFile (or PLUMBLINE_HTTP_TOKEN_FILE), or listen on 127.0.0.1:8080' },
    );
  }
  const app = buildHttp(daemon, options, access);
  try {
    await app.listen({ host: listen.host, port: listen.port });
  } catch (error) {
    await app.close();
    throw listenError(error, listen);
  }
  const bound = app.server.address() as AddressInfo;
  const address = addressText({ host: bound.address, port: bound.port });
  log.info({ address }, 'listening');
  return { address, close: () => app.close() };
}

/** The application without its socket. */
export function buildHttp(
  daemon: Daemon,
  options: HttpOptions,
  access: Access = accessRules(options.listen, options.token),
): FastifyInstance {
  const { log, version, limits = httpLimits } = options;
  const metrics = createMetrics(daemon);
  const app = fastify({
    logger: false,
    bodyLimit: limits.bodySize,
    requestTimeout: limits.requestTime,
    forceCloseConnections: true,
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (error, _request, reply) => {
      answerError(error, reply, log);
    },
    http: {
      maxHeaderSize: limits.headerSize,
      headersTimeout: limits.headersTime,
      // How often the two limits above are looked after.
      connectionsCheckingInterval: Math.min(1000, limits.headersTime),
    },
  });
  app.server.maxConnections = limits.connections;

  // No route takes a body; what is sent is read up to the limit and dropped.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null));

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(safeHeaders);
    access.admit(request);
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, url } = request;
    log.debug(
      { method, url, status: reply.statusCode, milliseconds: reply.elapsedTime },
      'answered',
    );
  });
  app.addHook('onClose', async () => metrics.close());
  app.setErrorHandler((error, _request, reply) => answerError(error, reply, log));
  app.setNotFoundHandler((request: FastifyRequest) => {
    throw new PlumblineError(
      'REQUEST_NOT_FOUND',
      `there is nothing at ${escapeUntrusted(request.url.slice(0, 200))}`,
      { hint: 'ask for /healthz, /readyz, /metrics or /api/v1/status' },
    );
  });
  routes(app, { daemon, metrics, access, version });
  webhookRoutes(app, daemon, options.webhooks ?? new Map());
  return app;
}

const safeHeaders = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** The one shape of every error that leaves the listener; stack and cause stay in the log. */
function envelope(error: PlumblineError): Record<string, unknown> {
  return { error: { code: error.code, message: escapeUntrusted(error.message), hint: error.hint } };
}

function answerError(error: unknown, reply: FastifyReply, log: Log): void {
  const known = knownError(error);
  if (known.code === 'INTERNAL') log.error({ error }, 'a request failed');
  if (known.httpStatus === 401) reply.header('www-authenticate', 'Bearer');
  reply.status(known.httpStatus).headers(safeHeaders).send(envelope(known));
}

/** Fastify tells what is wrong with a request by a status; anything else is a fault of ours. */
function knownError(error: unknown): PlumblineError {
  if (error instanceof PlumblineError) return error;
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  if (status === 413) return tooLarge('the body is too large');
  if (status < 500) {
    return new PlumblineError('REQUEST_INVALID', 'the request cannot be read', { cause: error });
  }
  return asPlumblineError(error);
}

function tooLarge(message: string): PlumblineError {
  return new PlumblineError('REQUEST_TOO_LARGE', message, { hint: 'send less' });
}

/** Answers what is not even a request: too long a header, too slow a sender, or no HTTP at all. */
function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [line, known] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', tooLarge('the header is too large')]
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [
            '408 Request Timeout',
            new PlumblineError('REQUEST_TIMEOUT', 'the request took too long'),
          ]
        : ['400 Bad Request', new PlumblineError('REQUEST_INVALID', 'the request cannot be read')];
  const body = JSON.stringify(envelope(known as PlumblineError));
  const head = [
    `HTTP/1.1 ${line}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function listenError(error: unknown, listen: ListenAddress): PlumblineError {
  const code = (error as { code?: string }).code ?? '';
  const address = addressText(listen);
  const known: Record<string, readonly [string, string]> = {
    EADDRINUSE: ['another program listens there', 'stop it, or set http.listen to another port'],
    EACCES: ['this user may not listen there', 'set http.listen to a port from 1024 up'],
    EADDRNOTAVAIL: ['this machine has no such address', 'set http.listen to 127.0.0.1:8080'],
    ENOTFOUND: ['no such host', 'set http.listen to an address such as 127.0.0.1:8080'],
  };
  const [reason, hint] = known[code] ?? [
    code || 'for an unknown reason',
    'set http.listen to another address',
  ];
  return new PlumblineError(
    'LISTEN_FAILED',
    `cannot listen on ${escapeUntrusted(address)}: ${reason}`,
    {
      hint,
      cause: error,
    },
  );
}
