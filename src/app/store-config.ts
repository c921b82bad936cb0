/**
 * What a board store is joined to: branch, upstream and board id, fixed once in the store's own configuration and never
 * derived anew, so that two agents of one clone cannot silently use two remotes.
 */
import path from 'node:path';
import { findUrlSecrets, redactUrl } from '../git/clean-text.ts';
import { lastValue, readConfigFile, setConfigValues } from '../git/config-file.ts';

export type UpstreamChoice =
  /** A git remote of the host; its URL comes from the host's configuration at each run. */
  | { readonly kind: 'remote'; readonly remote: string }
  /** A repository by its URL or path, without a clone around the board. */
  | { readonly kind: 'url'; readonly url: string }
  /** The host repository's own branch. */
  | { readonly kind: 'host' }
  /** Nothing: a board that stands alone. */
  | { readonly kind: 'none' };

export interface StoreConfig {
  /** The branch's name at the upstream. */
  readonly branch: string;
  readonly upstream: UpstreamChoice;
  readonly boardId: string | null;
}

export function readStoreConfig(storePath: string): StoreConfig | null {
  const entries = readConfigFile(path.join(storePath, 'config'), { includes: false });
  const kind = lastValue(entries, 'orc.upstream');
  const branch = lastValue(entries, 'orc.branch');
  if (kind === null || branch === null) return null;
  return { branch, upstream: parseUpstream(kind, entries), boardId: lastValue(entries, 'orc.board') || null };
}

export async function writeStoreConfig(storePath: string, config: StoreConfig): Promise<void> {
  const { branch, upstream, boardId } = config;
  await setConfigValues(path.join(storePath, 'config'), [
    ['orc.branch', branch],
    ['orc.upstream', upstream.kind],
    ...(upstream.kind === 'remote' ? ([['orc.remote', upstream.remote]] as const) : []),
    ...(upstream.kind === 'url' ? ([['orc.url', withoutCredentials(upstream.url)]] as const) : []),
    // Empty: there is no board any more (its branch is gone, and that was accepted).
    ['orc.board', boardId ?? ''],
  ]);
}

/** A board that is named by such a URL is named by it at each call. */
function withoutCredentials(url: string): string {
  return findUrlSecrets(url).length > 0 ? redactUrl(url) : url;
}

function parseUpstream(kind: string, entries: ReturnType<typeof readConfigFile>): UpstreamChoice {
  if (kind === 'remote') return { kind, remote: lastValue(entries, 'orc.remote') ?? 'origin' };
  if (kind === 'url') return { kind, url: lastValue(entries, 'orc.url') ?? '' };
  return kind === 'host' ? { kind } : { kind: 'none' };
}
