/** A git server over HTTP on this machine that wants a password, made of git's own `http-backend`. */
import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { isolatedEnv } from './git-fixtures.ts';

export interface HttpRemote {
  /** With user and password in it, where they are given. */
  readonly url: (credentials?: string) => string;
  /** What was asked: `GET /remote.git/info/refs?service=…`, one line for each request. */
  readonly requests: readonly string[];
  /** From now on nobody answers. */
  readonly stop: () => void;
}

export interface HttpRemoteOptions {
  /** How far the server's clock is ahead, ms: in the `Date` of its answers. `null`: they bear none. */
  readonly clockAhead?: () => number | null;
}

/** Serves a bare repository to whoever says `user:password`; gone after the test. */
export async function serveOverHttp(
  repository: string,
  credentials: string,
  { clockAhead = () => 0 }: HttpRemoteOptions = {},
): Promise<HttpRemote> {
  const wanted = Buffer.from(credentials).toString('base64');
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const ahead = clockAhead();
    response.sendDate = false;
    if (ahead !== null) response.setHeader('Date', new Date(Date.now() + ahead).toUTCString());
    const [scheme, word] = (request.headers.authorization ?? '').split(' ');
    if (scheme?.toLowerCase() === 'basic' && word === wanted) return answerByGit(repository, request, response);
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end('who are you?\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = (): void => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(stop);
  const { port } = server.address() as AddressInfo;
  const name = path.basename(repository);
  const url = (user?: string): string => `http://${user === undefined ? '' : `${user}@`}127.0.0.1:${port}/${name}`;
  return { url, requests, stop };
}

function answerByGit(repository: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://host');
  const { headers } = request;
  const child = spawn('git', ['-c', 'http.receivepack=true', 'http-backend'], {
    env: {
      ...isolatedEnv,
      GIT_PROJECT_ROOT: path.dirname(repository),
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: headers['content-type'] ?? '',
      ...(headers['content-encoding'] === undefined ? {} : { HTTP_CONTENT_ENCODING: headers['content-encoding'] }),
      ...(headers['git-protocol'] === undefined ? {} : { GIT_PROTOCOL: String(headers['git-protocol']) }),
      REMOTE_USER: 'user',
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => {});
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', () => {
    const whole = Buffer.concat(chunks);
    const end = whole.indexOf('\r\n\r\n');
    const fields = whole.subarray(0, end).toString('latin1').split('\r\n');
    for (const field of fields) {
      const colon = field.indexOf(':');
      const name = field.slice(0, colon).toLowerCase();
      const value = field.slice(colon + 1).trim();
      if (name === 'status') response.statusCode = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.end(whole.subarray(end + 4));
  });
}
