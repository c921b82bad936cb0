/** For whoever goes on with a task: where its work can be found, as far as that may be published. */
import type { Host } from '../../git/host.ts';
import { readHead } from '../../git/host-files.ts';

/** The branch, from its file: no process is started. Folders of this machine are nobody's business. */
export function whereWorkStands(host: Host | null): string {
  const ref = host === null || host.refStorage !== 'files' ? null : (readHead(host.gitDir)?.ref ?? null);
  const branch = ref?.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null;
  return branch === null
    ? 'what is not committed stays in its work tree'
    : `it worked on the branch ${branch}; what is not committed stays in its work tree`;
}
