import { type FastifyRequest, fastify } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type * as z from 'zod';
import { PlumblineError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { escapeUntrusted, escapeUntrustedJson } from '../lib/terminal.ts';
import { answerError, answerUnreadable, pathOf, safeHeaders } from './failure.ts';
import type { HttpLimits } from './limits.ts';
import type { Api } from './parts.ts';
import { checkRequest } from './request.ts';

/** An application without routes: its limits, how it reads a request, and how it words an answer and a failure. */
export function bareApplication(limits: HttpLimits, log: Log): Api {
  const app = fastify({
    logger: false,
    bodyLimit: limits.bodySize,
    requestTimeout: limits.requestTime,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 200 },
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (error, request, reply) => answerError(error, request, reply, log),
    http: {
      maxHeaderSize: limits.headerSize,
      headersTimeout: limits.headersTime,
      // How often the two limits above are looked after.
      connectionsCheckingInterval: Math.min(1000, limits.headersTime),
    },
  }).withTypeProvider<ZodTypeProvider>();
  app.server.maxConnections = limits.connections;

  // The bytes of a body come as they are; only a route that says what it takes has them parsed.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setValidatorCompiler<z.ZodType>(
    ({ schema, httpPart }) =>
      (given) =>
        checkRequest(schema, httpPart ?? '', given),
  );
  app.setReplySerializer((answer) => escapeUntrustedJson(JSON.stringify(answer)));
  // Never called, and needed, because fastify would compile the shapes of the answers itself.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));

  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(safeHeaders);
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method } = request;
    const { statusCode: status, elapsedTime: milliseconds } = reply;
    log.debug({ method, path: pathOf(request), status, milliseconds }, 'answered');
  });
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, log));
  app.setNotFoundHandler((request: FastifyRequest) => {
    throw new PlumblineError(
      'REQUEST_NOT_FOUND',
      `there is nothing at ${escapeUntrusted(pathOf(request).slice(0, 200))}`,
      { hint: 'ask for /healthz, /readyz, /metrics or /api/v1/openapi.json' },
    );
  });
  return app;
}
