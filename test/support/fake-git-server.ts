/**
 * A git server over HTTP on this machine, made of git's own `http-backend`, that can be told to misbehave: a handler
 * sees each request first, and may answer in git's place or spoil git's answer.
 */
import { spawn } from 'node:child_process';
import {
  createServer as createPlain,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { isolatedEnv } from './git-fixtures.ts';

export interface SeenRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** In bytes. */
  size: number;
}

/** What git would answer. */
export interface GitAnswer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

export interface FakeGitServerOptions {
  /** `user:password`; without it everybody is let in. */
  readonly credentials?: string;
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer };
  /** True: it has taken care of the answer. Called before the body is read. */
  readonly onRequest?: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;
  /** May change the answer. */
  readonly onAnswer?: (request: IncomingMessage, answer: GitAnswer) => void | Promise<void>;
  /** Answers as a server that knows only protocol 0. */
  readonly isOld?: boolean;
}

export interface FakeGitServer {
  readonly port: number;
  /** Of the repository; with user and password in it, where they are given. */
  url(credentials?: string): string;
  /** All that was asked for, in order. */
  readonly seen: readonly SeenRequest[];
  forget(): void;
  stop(): Promise<void>;
}

/** Serves a bare repository; gone after the test. */
export async function fakeGitServer(repository: string, options: FakeGitServerOptions = {}): Promise<FakeGitServer> {
  const { credentials, tls, onRequest, onAnswer, isOld } = options;
  const wanted = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
  const seen: SeenRequest[] = [];
  const listener: RequestListener = async (request, response) => {
    const { method = '', url = '', headers } = request;
    const entry: SeenRequest = { method, path: url, headers, size: 0 };
    seen.push(entry);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => {
      entry.size += chunk.length;
      chunks.push(chunk);
    });
    request.on('error', () => {});
    const received = new Promise<Buffer>((resolve) => request.on('end', () => resolve(Buffer.concat(chunks))));
    // The scheme's name may be written in any case, as CI checkouts do.
    if (wanted && headers.authorization?.replace(/^basic /i, 'Basic ') !== wanted) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end('who are you?\n');
      return;
    }
    if (await onRequest?.(request, response)) return;
    const answer = await askGit(repository, request, await received, isOld === true);
    await onAnswer?.(request, answer);
    if (response.destroyed) return;
    response.writeHead(answer.status, answer.headers).end(answer.body);
  };
  const server = tls === undefined ? createPlain(listener) : createSecure(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  onTestFinished(stop);
  const scheme = tls === undefined ? 'http' : 'https';
  const name = path.basename(repository);
  return {
    port,
    seen,
    stop,
    forget: () => seen.splice(0),
    url: (user) => `${scheme}://${user === undefined ? '' : `${user}@`}127.0.0.1:${port}/${name}`,
  };
}

function askGit(repository: string, request: IncomingMessage, body: Buffer, isOld: boolean): Promise<GitAnswer> {
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
      CONTENT_LENGTH: String(body.length),
      ...(headers['git-protocol'] === undefined || isOld ? {} : { GIT_PROTOCOL: String(headers['git-protocol']) }),
      REMOTE_USER: 'user',
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin.on('error', () => {});
  child.stdin.end(body);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => {
    child.on('close', () => {
      const whole = Buffer.concat(chunks);
      const end = whole.indexOf('\r\n\r\n');
      const answer: GitAnswer = { status: 200, headers: {}, body: whole.subarray(end + 4) };
      for (const field of whole.subarray(0, end).toString('latin1').split('\r\n')) {
        const colon = field.indexOf(':');
        const name = field.slice(0, colon).toLowerCase();
        const value = field.slice(colon + 1).trim();
        if (name === 'status') answer.status = Number.parseInt(value, 10);
        else answer.headers[name] = value;
      }
      resolve(answer);
    });
  });
}
