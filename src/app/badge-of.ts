/** The badge of the board that was opened. */
import { OrcError } from '../errors.ts';
import { type Badge, type BadgeField, makeBadge } from './badge.ts';
import type { OrcCore } from './orc-core.ts';

export { badgeFields } from './badge.ts';

/** @throws OrcError `unsupported` for a board whose upstream is no forge */
export async function badgeOf(orc: OrcCore, workstream: string | null, field: BadgeField): Promise<Badge> {
  const { branch, upstream } = orc.connection.config;
  const remotes = upstream.kind === 'remote' ? (await orc.surroundings.config()).remotes() : [];
  const named = remotes.find(({ name }) => upstream.kind === 'remote' && name === upstream.remote);
  const url = upstream.kind === 'url' ? upstream.url : (named?.fetchUrl ?? '');
  const made = makeBadge({ url, branch, workstream, field });
  if (made !== null) return made;
  throw new OrcError(
    'unsupported',
    `${orc.connection.transport.label} has no address that a badge could be drawn from`,
    {
      hint: 'docs/ci.md shows how to write one for another server',
    },
  );
}
