/** Which proxy stands between us and a server, as git and curl would decide it. Pure. */
import type { Environment } from './host.ts';
import { type HttpEntry, httpSetting, parseUrl } from './http-config.ts';

export interface FindProxyOptions {
  readonly url: string;
  readonly entries: readonly HttpEntry[];
  readonly env: Environment;
  /** Of a remote with a proxy of its own. */
  readonly remoteName: string | null;
}

/**
 * A URL, which may hold credentials; `null`: straight on. First `remote.<name>.proxy`, then `http.<url>.proxy` (empty:
 * none), then the variables that curl knows; `no_proxy` names the hosts that none of them counts for.
 */
export function findProxy({ url, entries, env, remoteName }: FindProxyOptions): string | null {
  const target = parseUrl(url);
  if (target === null || isExempt(target, env.no_proxy ?? env.NO_PROXY ?? '')) return null;
  const ofRemote = entries.findLast(({ key }) => key === `remote.${remoteName}.proxy`)?.value;
  const configured = ofRemote ?? httpSetting(entries, url, 'proxy');
  // HTTP_PROXY in capitals could be a header of somebody's request to a server of scripts: curl does not read it.
  const ofScheme = target.protocol === 'https:' ? env.https_proxy || env.HTTPS_PROXY : env.http_proxy;
  const proxy = configured ?? (ofScheme || env.all_proxy || env.ALL_PROXY || '');
  if (proxy === '') return null;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}

/** A comma-separated list: `*`, or hosts, each with all below it, with a port or for every one. */
function isExempt(target: URL, list: string): boolean {
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const port = target.port || (target.protocol === 'https:' ? '443' : '80');
  return list.split(/[\s,]+/).some((item) => {
    if (item === '*' || item === host) return true;
    const [, name = '', only] = /^\[?\.?(.*?)\]?(?::(\d+))?$/.exec(item.toLowerCase()) ?? [];
    if (name === '' || (only !== undefined && only !== port)) return false;
    return host === name || host.endsWith(`.${name}`);
  });
}
