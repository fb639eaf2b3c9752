import { isIPv4 } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { PlumblineError } from '../lib/errors.ts';
import { isSameSecret, type Secret } from '../lib/secret.ts';

/** Where to listen: a host name or an address without brackets, and a port from 0 to 65535. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Who may ask what of a listener. */
export interface Access {
  readonly loopback: boolean;
  /** What the journal calls a caller that was admitted. */
  readonly actor: string;
  /** Throws REQUEST_REFUSED or REQUEST_UNAUTHENTICATED. */
  admit(request: FastifyRequest): void;
  /** True for a caller who may see details, not only words of status. */
  trusted(request: FastifyRequest): boolean;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Who reaches a route without the token: probes, whoever signs a webhook, holders of API keys, whom
     * the route judges itself, or everybody.
     */
    openTo?: 'probes' | 'forges' | 'keys' | 'everybody';
  }
}

/**
 * Host names under which a loopback listener is asked for; any other was made to point here by somebody
 * else's DNS.
 */
const localNames = ['localhost', '127.0.0.1', '[::1]'];

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** `127.0.0.1:8080`, `[::1]:8080`. */
export function addressText({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The rules of one listener: loopback trusts this machine, every other address wants the token. */
export function accessRules(listen: ListenAddress, token: Secret | undefined): Access {
  const loopback = isLoopback(listen.host);
  const names = new Set([...localNames, addressText({ ...listen, port: 0 }).replace(/:0$/, '')]);

  const trusted = (request: FastifyRequest): boolean => {
    if (token === undefined) return loopback;
    const given = givenToken(request);
    return given !== undefined && isSameSecret(given, token.reveal());
  };

  return {
    loopback,
    actor: token === undefined ? 'http:local' : 'http:token',
    trusted,
    admit(request) {
      const { openTo } = request.routeOptions.config;
      if (openTo === 'forges') return;
      if (loopback && !names.has(hostName(request.headers.host))) {
        throw new PlumblineError('REQUEST_REFUSED', 'this listener does not go by that host name', {
          hint: `ask for ${addressText(listen)} or localhost`,
        });
      }
      if (!['GET', 'HEAD'].includes(request.method) && !sameOrigin(request)) {
        throw new PlumblineError('REQUEST_REFUSED', 'the request comes from another web site', {
          hint: 'send it from a program, not from a page',
        });
      }
      if (openTo !== undefined || trusted(request)) return;
      throw tokenNeeded();
    },
  };
}

/** What a request presents, as Bearer or, as the reference platform has it, as Token. */
export function givenToken({ headers }: FastifyRequest): string | undefined {
  return /^(?:bearer|token) +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
}

/** The same whatever is wrong with what was presented. */
export function tokenNeeded(): PlumblineError {
  return new PlumblineError('REQUEST_UNAUTHENTICATED', 'a token is needed', {
    hint: 'send the header "Authorization: Bearer TOKEN" with the token of http.token',
  });
}

function hostName(host: string | undefined): string {
  return (host ?? '').toLowerCase().replace(/:\d*$/, '');
}

/** A browser names the page that sends a request; programs do not. */
function sameOrigin(request: FastifyRequest): boolean {
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  return origin === undefined || origin.toLowerCase() === `http://${(host ?? '').toLowerCase()}`;
}
