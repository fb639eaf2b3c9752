import rateLimit from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import { PlumblineError } from '../lib/errors.ts';
import type { Secret } from '../lib/secret.ts';
import type { Ports } from '../reconcile/ports.ts';
import type { Daemon } from '../reconcile/status.ts';
import { TokenVerifier } from '../reconcile/token-verifier.ts';
import { type Access, accessRules, addressText, type ListenAddress } from './access.ts';
import { bareApplication } from './application.ts';
import { Events } from './events.ts';
import { type HttpLimits, httpLimits } from './limits.ts';
import { listenOn } from './listen.ts';
import { createMetrics } from './metrics.ts';
import { collectDocument, documentRoute } from './openapi.ts';
import { refuseOtherMethods } from './other-methods.ts';
import type { Api } from './parts.ts';
import { cliRoutes } from './routes/cli.ts';
import { controlRoutes } from './routes/control.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { journalRoutes } from './routes/journal.ts';
import { kindRoutes } from './routes/kinds.ts';
import { pastRoutes } from './routes/past.ts';
import { resourceRoutes } from './routes/resources.ts';
import { sourceRoutes } from './routes/sources.ts';
import { type Webhook, webhookRoutes } from './routes/webhook.ts';

export interface HttpOptions {
  readonly ports: Ports;
  /** Whose records are shown and written. */
  readonly account: string;
  readonly listen: ListenAddress;
  /** Without one only this machine may ask, and `listen` must be a loopback address. */
  readonly token?: Secret;
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
  const { listen, token, ports } = options;
  const access = accessRules(listen, token);
  if (!access.loopback && token === undefined) {
    throw new PlumblineError(
      'LISTEN_FAILED',
      `${addressText(listen)} can be reached from other machines, and no token is set`,
      { hint: 'set http.tokenFile (or PLUMBLINE_HTTP_TOKEN_FILE), or listen on 127.0.0.1:8080' },
    );
  }
  const app = await buildHttp(daemon, options, access);
  try {
    const address = await listenOn(app, listen);
    ports.log.info({ address }, 'listening');
    return { address, close: () => app.close() };
  } catch (error) {
    await app.close();
    throw error;
  }
}

/** The application without its socket. */
export async function buildHttp(
  daemon: Daemon,
  options: HttpOptions,
  access: Access = accessRules(options.listen, options.token),
): Promise<Api> {
  const { ports, account, limits = httpLimits, webhooks = new Map() } = options;
  const metrics = createMetrics(daemon, ports);
  const app = bareApplication(limits, ports.log);
  app.addHook('onClose', async () => metrics.close());
  await app.register(rateLimit, { global: false });
  app.addHook('onRequest', app.rateLimit(rateOf(limits)));
  app.addHook('onRequest', async (request) => access.admit(request));

  const events = new Events(daemon, ports, limits);
  app.addHook('preClose', async () => events.close());

  const refuseTheRest = refuseOtherMethods(app);
  await collectDocument(app, ports.version);
  const keys = new TokenVerifier(ports);
  const parts = { daemon, ports, account, limits, metrics, access, keys };
  healthRoutes(app, parts);
  sourceRoutes(app, parts);
  journalRoutes(app, parts);
  resourceRoutes(app, parts);
  pastRoutes(app, parts);
  controlRoutes(app, parts);
  cliRoutes(app, parts);
  eventRoutes(app, parts, events);
  kindRoutes(app, parts);
  webhookRoutes(app, daemon, webhooks);
  documentRoute(app);
  refuseTheRest();
  return app;
}

/** How often one address may ask. Probes are not counted, nor are webhooks, which the daemon folds into few runs. */
function rateOf({ requests, window }: HttpLimits) {
  return {
    max: requests,
    timeWindow: window,
    allowList: ({ routeOptions: { config } }: FastifyRequest) =>
      config.openTo === 'probes' || config.openTo === 'forges',
    errorResponseBuilder: () =>
      new PlumblineError('REQUEST_TOO_MANY', 'too many requests', {
        hint: 'wait for as many seconds as the header Retry-After says',
      }),
  };
}
