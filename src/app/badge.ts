/** A badge for a README: a picture that shields.io draws from `state.json` on the board's branch. Pure. */

export const badgeFields = ['pending', 'in_progress', 'blocked', 'done', 'failed', 'cancelled'] as const;
export type BadgeField = (typeof badgeFields)[number];

export interface BadgeOptions {
  /** The remote's address, in any form that git takes. */
  readonly url: string;
  readonly branch: string;
  /** `null`: the version of the board is shown. */
  readonly workstream: string | null;
  readonly field: BadgeField;
}

export interface Badge {
  readonly markdown: string;
  /** The picture. */
  readonly image: string;
  /** `state.json` as anybody may read it, where the repository is public. */
  readonly source: string;
}

/** `null` for an address that is no forge's: a path, a server without a host. */
export function makeBadge({ url, branch, workstream, field }: BadgeOptions): Badge | null {
  const place = placeOf(url);
  if (place === null) return null;
  const source = stateUrl(place, branch.split('/').map(encodeURIComponent).join('/'));
  const query = workstream === null ? '$.version' : `$.workstreams[${JSON.stringify(workstream)}].${field}`;
  const shown = new URLSearchParams({
    label: workstream ?? 'orc',
    ...(workstream === null ? { prefix: 'version ' } : { suffix: ` ${field.replace('_', ' ')}` }),
    query,
    url: source,
  });
  const image = `https://img.shields.io/badge/dynamic/json?${shown.toString().replaceAll('+', '%20')}`;
  const alt = (workstream ?? 'orc').replace(/[[\]\\]/g, '\\$&');
  return { markdown: `![${alt}](${image})`, image, source };
}

interface Place {
  readonly host: string;
  /** `owner/name`, or longer. */
  readonly path: string;
}

/** Without user and password: an address that goes into a README bears none. */
function placeOf(url: string): Place | null {
  const scp = /^(?:[^@/:]+@)?([^/:]{2,}):(?!\/\/)(.+)$/.exec(url);
  const full = /^(?:https?|ssh|git):\/\/(?:[^@/]*@)?([^/:]+)(?::\d+)?\/(.+)$/.exec(url);
  const [, host, path] = full ?? scp ?? [];
  if (host === undefined || path === undefined) return null;
  const clean = path.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '');
  return /^[^/]+(?:\/[^/]+)+$/.test(clean) ? { host, path: clean } : null;
}

function stateUrl({ host, path }: Place, branch: string): string {
  if (host === 'github.com') return `https://raw.githubusercontent.com/${path}/${branch}/state.json`;
  if (host === 'bitbucket.org') return `https://bitbucket.org/${path}/raw/${branch}/state.json`;
  if (/gitlab/.test(host)) return `https://${host}/${path}/-/raw/${branch}/state.json`;
  // Gitea and Forgejo, Codeberg among them.
  return `https://${host}/${path}/raw/branch/${branch}/state.json`;
}
