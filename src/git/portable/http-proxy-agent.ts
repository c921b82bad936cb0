/** Requests through a proxy: named in full to it over http, through a tunnel (`CONNECT`) over https. */
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';

export interface ProxyServer {
  readonly host: string;
  readonly port: number;
  /** For `Proxy-Authorization`; `null` where the URL has no user. */
  readonly authorization: string | null;
}

/** In milliseconds: how long a proxy may take to open a tunnel, whatever time its caller has. */
const maxWait = 60_000;

/** @throws Error for a kind of proxy that is not supported */
export function readProxy(text: string): ProxyServer {
  const url = new URL(text);
  if (url.protocol !== 'http:') throw new Error(`a proxy by ${url.protocol} needs git`);
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const authorization = user === ':' ? null : `Basic ${Buffer.from(user).toString('base64')}`;
  // Without a port, curl's. (A URL drops `:80`, so that is looked for in the text.)
  const port = Number(url.port || (/:80\/*$/.test(text) ? 80 : 1080));
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port, authorization };
}

/** An agent whose connections to https servers run through the proxy's tunnels. */
export class TunnelAgent extends https.Agent {
  readonly #proxy: ProxyServer;

  constructor(proxy: ProxyServer, options: https.AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  /** Called by Node for each new connection. */
  override createConnection(
    options: http.RequestOptions,
    done?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    const target = `${options.host}:${options.port}`;
    const { host, port, authorization } = this.#proxy;
    // Node looks at the socket only where there is no error.
    const fail = (message: string): void => done?.(new Error(`the proxy ${host}: ${message}`), undefined as never);
    const request = http.request({
      method: 'CONNECT',
      host,
      port,
      path: target,
      headers: { host: target, ...(authorization === null ? {} : { 'proxy-authorization': authorization }) },
      timeout: maxWait,
      agent: false,
    });
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', (error) => fail(error.message));
    request.once('connect', (response, socket) => {
      if (response.statusCode === 200) {
        const settings = { ...(options as tls.ConnectionOptions), socket };
        const secure = tls.connect(settings, () => done?.(null, secure));
        secure.once('error', (error) => done?.(error, secure));
        return;
      }
      socket.destroy();
      fail(`HTTP ${response.statusCode}`);
    });
    request.end();
  }
}
