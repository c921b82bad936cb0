/**
 * An http(s) upstream to which git sends a header with credentials. Left to itself git goes where a redirect leads, and takes the
 * header along in all that follows. So it is told to stay (`stayingConfig`); where the server says that the repository is
 * elsewhere, that is asked for under its own address, with what is meant for it.
 */
import { followRedirect } from '../redirect.ts';
import { PINNED_URL, pinUrl } from '../remote-url.ts';
import type { CallOptions, Transport, Unreachable } from '../transport.ts';
import { type GitSettings, runGit } from './run-git.ts';

export interface RedirectedOptions {
  readonly storePath: string;
  readonly url: string;
  /** With the settings of the transport to a URL in `config`. */
  readonly settings: (url: string) => GitSettings;
  readonly open: (url: string) => Transport;
}

const maxRedirects = 5;
const suffix = '/info/refs?service=git-upload-pack';
/** Git's own words. */
const redirected = /The requested URL returned error: 30[12378]\b/;

export function redirectedTransport({ storePath, url, settings, open }: RedirectedOptions): Transport {
  let place = url;
  let inner = open(url);
  const follow = async <T extends { readonly outcome: string }>(
    ask: (transport: Transport) => Promise<T>,
    options: CallOptions = {},
  ): Promise<T | Unreachable> => {
    for (let redirects = 0; ; redirects++) {
      const answer = await ask(inner);
      if (answer.outcome !== 'unreachable' || redirects === maxRedirects) return answer;
      if (!redirected.test((answer as unknown as Unreachable).reason)) return answer;
      const next = await findRedirect(storePath, place, settings(place), options);
      if (next === null)
        return { outcome: 'unreachable', reason: 'the upstream redirects to where it is not followed' };
      place = next;
      inner = open(next);
    }
  };
  return {
    label: inner.label,
    readHead: (options) => follow((transport) => transport.readHead(options), options),
    fetch: (options) => follow((transport) => transport.fetch(options), options),
    push: (oid, options) => follow((transport) => transport.push(oid, options), options),
    deposit: (name, oid, options) =>
      follow(async (transport) => (await transport.deposit?.(name, oid, options)) ?? unableToDeposit, options),
    clockDifference: async (options) => (await inner.clockDifference?.(options)) ?? null,
  };
}

const unableToDeposit = { outcome: 'rejected', reason: 'this upstream has no inbox', isUnable: true } as const;

/** Asks once more, for what the server says beside its refusal: git tells it to those alone who look on. */
async function findRedirect(
  storePath: string,
  url: string,
  settings: GitSettings,
  { timeoutMs }: CallOptions,
): Promise<string | null> {
  let location: string | null = null;
  await runGit({
    ...settings,
    args: ['ls-remote', '--', PINNED_URL, 'HEAD'],
    gitDir: storePath,
    config: [...(settings.config ?? []), pinUrl(url)],
    onHttpTrace: (line) => {
      location = /<= Recv header: location: *(\S+)/i.exec(line)?.[1] ?? location;
    },
    ...(timeoutMs !== undefined && { timeoutMs: Math.max(1, Math.floor(timeoutMs)) }),
  });
  return followRedirect(`${url.replace(/\/+$/, '')}${suffix}`, location, suffix);
}
