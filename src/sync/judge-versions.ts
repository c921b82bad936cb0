/**
 * Versions and tokens are given out by operations; an edit by hand leaves them. `state.json` keeps that of the board, or gets
 * the right one back; a record has none that the board has not reached, unless it stood there already.
 */
import type { Cycle, Hold, Knowledge, Message, Task } from '../core/records.ts';
import type { Oid } from '../git/store.ts';
import type { FileChange } from '../git/trees.ts';
import { placeOf, statePath } from '../layout/paths.ts';
import { decodeRecord } from '../layout/read-board.ts';
import { decodeState } from '../layout/state-file.ts';
import type { Evidence } from './judge-parts.ts';

/** `reached`: the board's version. `null`: there is nothing to say. */
export async function faultInVersions(
  evidence: Evidence,
  { path, from, to }: FileChange,
  reached: number,
): Promise<string | null> {
  if (to === null || to.mode !== '100644') return null;
  const before = await versionsIn(evidence, path, from?.oid);
  const after = await versionsIn(evidence, path, to.oid);
  const isOdd = (version: number): boolean => (path === statePath ? version !== reached : version > reached);
  const odd = after.find((version) => !before.includes(version) && isOdd(version));
  if (odd === undefined) return null;
  return `says version ${odd}, and the board is at ${reached}: no operation made that`;
}

async function versionsIn(evidence: Evidence, path: string, oid: Oid | undefined): Promise<readonly number[]> {
  const bytes = oid === undefined ? undefined : (await evidence.readObjects([oid])).get(oid)?.bytes;
  if (bytes === undefined) return [];
  if (path === statePath) {
    const state = decodeState(bytes);
    return 'reason' in state ? [] : [state.meta.version];
  }
  if (placeOf(path).kind !== 'record') return [];
  const decoded = await decodeRecord(path, bytes);
  return 'reason' in decoded ? [] : versionsOf(decoded.record);
}

interface Versioned
  extends Partial<
    Pick<Task, 'created_version' | 'claim'> &
      Pick<Message, 'sent_version'> &
      Pick<Cycle, 'opened_version' | 'collected'> &
      Pick<Knowledge, 'version'>
  > {
  readonly holders?: readonly Hold[];
}

function versionsOf(record: Versioned | object): readonly number[] {
  const { created_version, claim, sent_version, opened_version, collected, version, holders }: Versioned = record;
  return [
    ...[created_version, claim?.token, sent_version, opened_version, collected?.version, version],
    ...(holders ?? []).map(({ token }) => token),
  ].filter((each) => each !== undefined);
}
