/** How a board comes back whose branch is gone upstream, when that was accepted and its old chain is kept in the store. */
import { shellWord } from '../core/shell-word.ts';
import { redactUrl } from '../git/clean-text.ts';
import type { StoreConfig } from './store-config.ts';

export function putBackHint(kept: string, storePath: string, { upstream, branch }: StoreConfig): string {
  const to = `refs/heads/${branch}`;
  const fetch = `git fetch ${shellWord(storePath)}`;
  const place = upstream.kind === 'remote' ? upstream.remote : upstream.kind === 'url' ? redactUrl(upstream.url) : null;
  const command =
    place === null
      ? `${fetch} ${shellWord(`${kept}:${to}`)}`
      : `${fetch} ${kept} && git push ${shellWord(place)} ${shellWord(`FETCH_HEAD:${to}`)}`;
  return `no board is there any more: \`${command}\` puts this one back, \`orc init\` begins another`;
}
