/**
 * What git makes of a remote's URL before it connects, after its `remote.c`. Checked against git 2.39 in the tests:
 *
 * 1. `url.<base>.insteadOf` and `pushInsteadOf` apply to URLs on the command line just as to those of remotes.
 * 2. One rewriting, the longest prefix wins; the result is not rewritten again.
 * 3. When pushing, a `pushInsteadOf` that matches wins over every `insteadOf`, whatever its length.
 * 4. To an explicit `pushurl` only `insteadOf` applies. Given to git as a URL, though, `pushInsteadOf` would apply to it.
 *
 * So fetch and push reach the same place only if orc resolves the URL itself and pins the result.
 */
import path from 'node:path';
import type { ConfigEntry } from './config-syntax.ts';

/** What git is given in place of a URL that it must not rewrite. */
export const PINNED_URL = 'orc-upstream:';

/**
 * A setting under which git takes `PINNED_URL` for exactly this URL, in fetch and in push alike.
 * Hand it on through GIT_CONFIG_COUNT, not `-c`: the URL may hold a token, and command lines are public.
 */
export function pinUrl(url: string): ConfigEntry {
  return [`url.${url}.insteadof`, PINNED_URL];
}

export function rewriteUrl(
  entries: readonly { readonly key: string; readonly value: string }[],
  url: string,
  purpose: 'fetch' | 'push',
): string {
  const pushed = purpose === 'push' ? replaceLongest(entries, url, 'pushinsteadof') : null;
  return pushed ?? replaceLongest(entries, url, 'insteadof') ?? url;
}

function replaceLongest(
  entries: readonly { readonly key: string; readonly value: string }[],
  url: string,
  setting: string,
): string | null {
  const suffix = `.${setting}`;
  let best: { base: string; prefix: string; order: number } | null = null;
  const orderByBase = new Map<string, number>();
  for (const { key, value: prefix } of entries) {
    if (!key.startsWith('url.') || !key.endsWith(suffix)) continue;
    const base = key.slice('url.'.length, -suffix.length);
    const order = orderByBase.get(base) ?? orderByBase.size;
    orderByBase.set(base, order);
    if (!url.startsWith(prefix)) continue;
    const length = best?.prefix.length ?? -1;
    // Of two bases with the same prefix, the one that was mentioned first.
    if (prefix.length > length || (prefix.length === length && best !== null && order < best.order))
      best = { base, prefix, order };
  }
  return best === null ? null : best.base + url.slice(best.prefix.length);
}

/**
 * Makes a local path absolute, as seen from the work tree's top; leaves URLs, `host:path`, and what begins with `-` alone.
 * `~/` is the home folder, as for the git that serves the path; whose home `~name/` is, only that git knows.
 */
export function absoluteUrl(url: string, top: string | null, home: string | null = null): string {
  const colon = url.indexOf(':');
  const slash = url.indexOf('/');
  const isLocal = colon === -1 || (slash !== -1 && slash < colon);
  if (!isLocal || url === '' || url.startsWith('-') || path.isAbsolute(url)) return url;
  if (url.startsWith('~')) return home !== null && /^~(?:\/|$)/.test(url) ? home + url.slice(1) : url;
  return top === null ? url : path.resolve(top, url);
}
