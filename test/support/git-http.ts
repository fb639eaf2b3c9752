import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface GitHttpOptions {
  /** The folder whose repositories are served. */
  readonly root: string;
  /** `user:password` that every request must bring. */
  readonly password?: string;
}

/** git's own http-backend behind node:http: what a forge does, in one page. */
export class GitHttp {
  readonly #server: Server;
  readonly #options: GitHttpOptions;
  /** The method and path of every request that came, in order. */
  readonly requests: string[] = [];

  constructor(options: GitHttpOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#answer(request, response);
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { password, root } = this.#options;
    this.requests.push(`${request.method} ${request.url}`);
    const given = Buffer.from(request.headers.authorization?.slice(6) ?? '', 'base64').toString();
    if (password !== undefined && given !== password) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    const { pathname, search } = new URL(request.url ?? '/', 'http://git');
    const backend = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        GIT_CONFIG_NOSYSTEM: '1',
        REQUEST_METHOD: request.method ?? 'GET',
        PATH_INFO: decodeURIComponent(pathname),
        QUERY_STRING: search.slice(1),
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        REMOTE_ADDR: '127.0.0.1',
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    backend.stdin.on('error', () => undefined);
    request.pipe(backend.stdin);
    const printed: Buffer[] = [];
    backend.stdout.on('data', (chunk: Buffer) => printed.push(chunk));
    backend.on('close', () => {
      forward(Buffer.concat(printed), response);
    });
  }
}

/** Turns what a CGI program prints into an answer. */
function forward(printed: Buffer, response: ServerResponse): void {
  const end = printed.indexOf('\r\n\r\n');
  const headers = new Map<string, string>();
  for (const line of printed.subarray(0, end).toString().split('\r\n')) {
    const [name = '', value = ''] = line.split(/:\s*/, 2);
    headers.set(name.toLowerCase(), value);
  }
  const status = Number.parseInt(headers.get('status') ?? '200', 10);
  headers.delete('status');
  response.writeHead(status, Object.fromEntries(headers)).end(printed.subarray(end + 4));
}
