/** An upstream whose objects have ids of the other length: nothing can travel there and back, however often it is tried. */
import { OrcError } from '../errors.ts';
import type { ObjectFormat } from './store.ts';

/** What the portable transport's readers say of such a server. */
export const notSha1 = 'the upstream is no sha1 repository';

/** What git says, before it sends anything. Words of the server's own come behind `remote:`. */
const gitWords =
  /^fatal: (?:the receiving end does not support this repository's hash algorithm|mismatched algorithms: |unknown object format )/m;

/** The ids of an empty SHA-1 repository are too short for a SHA-256 client of that age. */
const shortIds = /^fatal: protocol error: unexpected capabilities\^\{\}$/m;

export function saysForeignFormat(stderr: string, ours: ObjectFormat): boolean {
  return gitWords.test(stderr) || (ours === 'sha256' && shortIds.test(stderr));
}

/** `label`: the upstream, for people. `ours`: the store's format. */
export function foreignFormat(label: string, ours: ObjectFormat): OrcError {
  const theirs = ours === 'sha1' ? 'SHA-256' : 'SHA-1';
  const here = ours === 'sha1' ? 'SHA-1' : 'SHA-256';
  return new OrcError('unsupported', `${label} has ${theirs} objects, and the objects here are ${here}`, {
    hint: `a board's store has the object format of its clone, SHA-1 without one: work in a clone with ${theirs} objects, or choose another upstream with \`orc init --remote NAME\``,
    details: { format: ours },
  });
}
