/** How a board comes back whose branch is gone upstream, when that was accepted and its old chain is kept in the store. */
import { shellWord } from '../core/shell-word.ts';
import { redactUrl } from '../git/clean-text.ts';
import type { StoreConfig } from './store-config.ts';

export function putBackHint(
  { kept, storePath, isShallow }: { readonly kept: string; readonly storePath: string; readonly isShallow: boolean },
  { upstream, branch }: StoreConfig,
): string {
  // Git neither takes a chain that was cut into a whole clone, nor pushes it to where its beginning is not.
  if (isShallow)
    return 'no board is there any more: this store has only its newest commits, so a clone with all of them must put it back; `orc init` begins another';
  const to = `refs/heads/${branch}`;
  const fetch = `git fetch ${shellWord(storePath)}`;
  const place = upstream.kind === 'remote' ? upstream.remote : upstream.kind === 'url' ? redactUrl(upstream.url) : null;
  const command =
    place === null
      ? `${fetch} ${shellWord(`${kept}:${to}`)}`
      : `${fetch} ${kept} && git push ${shellWord(place)} ${shellWord(`FETCH_HEAD:${to}`)}`;
  return `no board is there any more: \`${command}\` puts this one back, \`orc init\` begins another`;
}
