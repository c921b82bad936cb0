/**
 * Requests over http(s): a time limit that holds, answers of a bounded size, and the one thing that a push has to know
 * when there is no answer: whether anything may have been sent.
 */
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { TLSSocket } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import type { HttpHeader } from '../http-config.ts';
import { longestTimerMs } from '../timing.ts';
import { type ProxyServer, readProxy, TunnelAgent } from './http-proxy-agent.ts';

export interface HttpClientOptions {
  /** Default true. */
  readonly verifiesTls?: boolean;
  /** A file of certificates to trust, in place of those that Node brings. */
  readonly caFile?: string | null;
  /** A proxy's URL, which may hold credentials. */
  readonly proxy?: string | null;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: readonly HttpHeader[];
  readonly body?: Uint8Array;
  /** On `performance.now()`. */
  readonly deadline: number;
  /** The type of an answer that is read whole; of all others the beginning is enough. */
  readonly wantedType: string;
  /** In bytes; a longer answer is cut off. */
  readonly maxBytes: number;
}

export type HttpAnswer =
  | {
      readonly outcome: 'answered';
      readonly status: number;
      /** Without parameters, in lower case. */
      readonly type: string;
      /** Of a redirect. */
      readonly location: string | null;
      /** The header of that name. */
      readonly date: string | null;
      readonly body: Buffer;
      /** Whether the body ended as it should. */
      readonly isWhole: boolean;
    }
  | {
      readonly outcome: 'failed';
      /** One line. Not cleaned. */
      readonly reason: string;
      readonly timedOut: boolean;
      /** Whether a byte of the request may have left. */
      readonly maybeSent: boolean;
    };

export interface HttpClient {
  request(request: HttpRequest): Promise<HttpAnswer>;
}

/** In bytes: of an answer that is an error, enough to quote it. */
const maxErrorBody = 4096;

/** How a request gets there: straight, or (`proxy`) by asking a proxy for the whole URL. */
interface Route {
  readonly agent: http.Agent;
  readonly proxy: ProxyServer | null;
}

/** Connections are kept for the next request; those that idle do not keep the process alive. */
export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const { verifiesTls = true, caFile = null } = options;
  const plain = new http.Agent({ keepAlive: true });
  let secure: https.Agent | null = null;
  const routeTo = (url: string): Route => {
    const proxy = options.proxy ? readProxy(options.proxy) : null;
    if (!url.startsWith('https:')) return { agent: plain, proxy };
    const settings = {
      keepAlive: true,
      rejectUnauthorized: verifiesTls,
      ...(caFile ? { ca: fs.readFileSync(caFile) } : {}),
    };
    secure ??= proxy === null ? new https.Agent(settings) : new TunnelAgent(proxy, settings);
    return { agent: secure, proxy: null };
  };
  return {
    async request(request) {
      let route: Route;
      try {
        route = routeTo(request.url);
      } catch (error) {
        return { outcome: 'failed', reason: explain(error, request.url), timedOut: false, maybeSent: false };
      }
      const first = await send(request, route);
      // The server closed an idle connection as we took it: that happens, and a GET may be asked twice.
      if (first.outcome === 'answered' || !first.wasStale || request.method !== 'GET') return first;
      return send(request, route);
    },
  };
}

type Sent =
  | Extract<HttpAnswer, { outcome: 'answered' }>
  | (Extract<HttpAnswer, { outcome: 'failed' }> & { wasStale: boolean });

function send(request: HttpRequest, { agent, proxy }: Route): Promise<Sent> {
  const { method, url, body, deadline, wantedType, maxBytes } = request;
  return new Promise((resolve) => {
    let maybeSent = false;
    let timedOut = false;
    let timer: NodeJS.Timeout | undefined;
    const settle = (answer: Sent): void => {
      clearTimeout(timer);
      resolve(answer);
    };
    const fail = (error: unknown): void => {
      const wasStale = !timedOut && call?.reusedSocket === true;
      settle({ outcome: 'failed', reason: explain(error, url), timedOut, maybeSent, wasStale });
    };
    let call: http.ClientRequest | null = null;
    // Without this header any encoding would be right.
    const headers: Record<string, string | string[]> = { 'accept-encoding': 'identity' };
    for (const { name, value } of request.headers) {
      const before = headers[name.toLowerCase()];
      headers[name.toLowerCase()] = before === undefined ? value : [before, value].flat();
    }
    if (body !== undefined) headers['content-length'] = String(body.length);
    if (proxy !== null) {
      headers.host = new URL(url).host;
      if (proxy.authorization !== null) headers['proxy-authorization'] = proxy.authorization;
    }
    const through = proxy === null ? {} : { hostname: proxy.host, port: proxy.port, path: url };
    try {
      call = (url.startsWith('https:') ? https : http).request(url, { method, headers, agent, ...through });
    } catch (error) {
      fail(error); // a header that is none
      return;
    }
    const abort = (): void => {
      timedOut = true;
      call?.destroy(new Error('no answer in time'));
    };
    const left = deadline - performance.now();
    if (left !== Number.POSITIVE_INFINITY) timer = setTimeout(abort, Math.min(Math.max(0, left), longestTimerMs));
    call.on('socket', (socket) => {
      const ready = socket instanceof TLSSocket ? 'secureConnect' : 'connect';
      if (call?.reusedSocket === true || !socket.connecting) maybeSent = true;
      else socket.once(ready, () => (maybeSent = true));
    });
    call.on('error', fail);
    call.on('response', (response) => {
      const status = response.statusCode ?? 0;
      const type = (response.headers['content-type'] ?? '').replace(/;.*$/s, '').trim().toLowerCase();
      const limit = status === 200 && type === wantedType ? maxBytes : maxErrorBody;
      const chunks: Buffer[] = [];
      let size = 0;
      let isOver = false;
      const end = (isWhole: boolean): void => {
        if (isOver) return; // an answer that has ended closes, too
        isOver = true;
        const { location = null, date = null, 'content-encoding': encoding = 'identity' } = response.headers;
        const body = decode(Buffer.concat(chunks), encoding, limit);
        const answer = { status, type, location, date, body: body ?? Buffer.alloc(0) };
        settle({ outcome: 'answered', ...answer, isWhole: isWhole && body !== null });
      };
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size <= limit) return;
        end(false);
        response.destroy();
      });
      response.on('end', () => end(response.complete));
      // Of an answer that was begun, what came is told: the time limit may have cut it off.
      response.on('error', () => (timedOut ? fail(new Error('no answer in time')) : end(false)));
      response.on('close', () => end(false));
    });
    call.end(body);
  });
}

/** Some server, or what stands before it, compresses though it was asked not to. `null`: damaged, too long, or in a way not known here. */
function decode(body: Buffer, encoding: string, maxBytes: number): Buffer | null {
  const name = encoding.trim().toLowerCase();
  if (name === 'identity' || name === '') return body;
  if (name !== 'gzip' && name !== 'x-gzip') return null;
  try {
    return gunzipSync(body, { maxOutputLength: maxBytes });
  } catch {
    return null;
  }
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection broke',
  EPIPE: 'the connection broke',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'the network is unreachable',
  ENOTFOUND: 'the host is not known',
  EAI_AGAIN: 'the host could not be looked up',
};

function explain(error: unknown, url: string): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error ? error.message : String(error);
  return `${new URL(url).host}: ${words[code] ?? (message || code)}`;
}
