import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Ports } from '../reconcile/ports.ts';
import type { Daemon } from '../reconcile/status.ts';
import type { TokenVerifier } from '../reconcile/token-verifier.ts';
import type { Access } from './access.ts';
import type { HttpLimits } from './limits.ts';
import type { Metrics } from './metrics.ts';

/** The application, whose routes say with zod what they take. */
export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What the routes stand on. */
export interface HttpParts {
  readonly daemon: Daemon;
  readonly ports: Ports;
  /** Whose records are shown and written. */
  readonly account: string;
  readonly limits: HttpLimits;
  readonly metrics: Metrics;
  readonly access: Access;
  /** Says of the secrets of API keys whether they are good. */
  readonly keys: Pick<TokenVerifier, 'verify'>;
}
