import type { AddressInfo } from 'node:net';
import { PlumblineError } from '../lib/errors.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { addressText, type ListenAddress } from './access.ts';
import type { Api } from './parts.ts';

/** Opens the socket and gives the address as it was bound. Throws LISTEN_FAILED where it cannot be had. */
export async function listenOn(app: Api, listen: ListenAddress): Promise<string> {
  try {
    await app.listen({ host: listen.host, port: listen.port });
  } catch (error) {
    throw listenError(error, listen);
  }
  const bound = app.server.address() as AddressInfo;
  return addressText({ host: bound.address, port: bound.port });
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
  const message = `cannot listen on ${escapeUntrusted(address)}: ${reason}`;
  return new PlumblineError('LISTEN_FAILED', message, { hint, cause: error });
}
