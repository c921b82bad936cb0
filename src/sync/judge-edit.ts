/**
 * Edits by hand, as far as a board lets them in (`manual_edits` in `orc.yaml`, as it stood before the edit). They may change
 * what records say, but not break them, nor touch what the rest stands on: the log, the board's id, its version.
 */
import { faultInPath } from '../core/names.ts';
import { type Refusal, refuse } from '../core/operation.ts';
import type { Settings } from '../core/records.ts';
import { oidLengths } from '../git/hash.ts';
import type { Oid } from '../git/store.ts';
import { isCanonicalTree } from '../git/tree-cursor.ts';
import { diffTrees, type FileChange, isFolder, readTrees } from '../git/trees.ts';
import { isListed, placeOf } from '../layout/paths.ts';
import { decodeRecord } from '../layout/read-board.ts';
import { faultInEntry } from '../layout/tree-faults.ts';
import { type Head, loadHead } from './head.ts';
import { boardIdIn, type Evidence, type Judged, maxDiffering, type Suspect, updateHint } from './judge-parts.ts';
import { faultInVersions } from './judge-versions.ts';
import { walkLine } from './line.ts';

const mendHint = 'mend it, amend the commit and push again';
const leaveHint = 'leave versions and tokens to orc';

export async function judgeEdit(evidence: Evidence, head: Head, { oid, commit }: Suspect): Promise<Judged> {
  if (head.commit === null)
    return refuse('manual-edit', 'a board begins with its own first commit', '`orc init` makes it');
  const { board, faults } = head.read;
  const { manual_edits: manualEdits } = board.settings;
  if (manualEdits === 'refuse') return refuseEdit('it was not made by orc, and this board takes no edits by hand');
  // First of all, for it finds out how much there is to look at.
  const changes = await diffTrees(evidence, head.tree, commit.tree, { maxChanges: maxDiffering });
  const odd = await findOddTree(evidence, head.tree, commit.tree);
  if (odd !== null)
    return refuse('malformed-record', `${odd} is a folder that git itself would not have written`, mendHint);
  for (const change of changes) {
    const refusal = refusePlace(change, manualEdits);
    if (refusal !== null) return refusal;
    const fault = await faultInFile(evidence, change);
    if (fault !== null) return refuse('malformed-record', `${change.path} ${fault}`, mendHint);
    const wrongVersion = await faultInVersions(evidence, change, board.meta.version);
    if (wrongVersion !== null) return refuse('wrong-version', `${change.path} ${wrongVersion}`, leaveHint);
  }
  const after = await loadHead(evidence, oid, head);
  const { writeBlock } = after.read;
  if (writeBlock?.code === 'newer-format') return refuse(writeBlock.code, writeBlock.message, updateHint);
  const known = new Set(faults.map(({ path, reason }) => `${path} ${reason}`));
  const broken = after.read.faults.find(({ path, reason }) => !known.has(`${path} ${reason}`));
  if (broken !== undefined) return refuse('malformed-record', `${broken.path} ${broken.reason}`, mendHint);
  const { id } = after.read.board.meta;
  if (id !== board.meta.id && id !== (await lastBoardId(evidence, head.commit)))
    return refuse('board-mismatch', 'its state.json has the id of another board', 'leave state.json to orc');
  return { outcome: 'honest', head: after };
}

/** Where `state.json` cannot be read any more, what it said last: whoever puts it back puts back the same. */
async function lastBoardId(evidence: Evidence, from: Oid): Promise<string> {
  for await (const { decoded } of walkLine(evidence, from)) {
    const id = await boardIdIn(evidence, decoded.tree);
    if (id !== null && id !== '') return id;
  }
  return '';
}

/**
 * A folder that changed and has a name twice, or names out of order: readers differ in which of the entries they take. Or one in which
 * there is nothing: no file's path tells whether its name does harm. Its path; `null` when there is none.
 */
async function findOddTree(evidence: Evidence, from: Oid | null, to: Oid): Promise<string | null> {
  const oidLength = oidLengths[evidence.objectFormat];
  let level = [{ path: 'the top', prefix: '', from, to }];
  while (level.length > 0) {
    const trees = await readTrees(
      evidence,
      level.flatMap((folder) => [folder.to, ...(folder.from === null ? [] : [folder.from])]),
    );
    const bytes = await evidence.readObjects(level.map((folder) => folder.to));
    const next: typeof level = [];
    for (const folder of level) {
      const entries = trees.get(folder.to) ?? [];
      const isCanonical = isCanonicalTree(bytes.get(folder.to)?.bytes ?? new Uint8Array(), oidLength);
      const isEmpty = entries.length === 0 && folder.prefix !== '';
      if (isEmpty || !isCanonical || new Set(entries.map(({ name }) => name)).size !== entries.length)
        return folder.path;
      const before = new Map(
        (folder.from === null ? [] : (trees.get(folder.from) ?? [])).map((old) => [old.name, old]),
      );
      for (const entry of entries) {
        const old = before.get(entry.name);
        if (!isFolder(entry) || old?.oid === entry.oid) continue;
        const path = `${folder.prefix}${entry.name}`;
        next.push({
          path,
          prefix: `${path}/`,
          from: old !== undefined && isFolder(old) ? old.oid : null,
          to: entry.oid,
        });
      }
    }
    level = next;
  }
  return null;
}

function refuseEdit(message: string): Refusal {
  return refuse('manual-edit', message, 'make changes with orc; `orc config get manual_edits` says what is let in');
}

/** The log proves which operations are in: nobody edits it. */
function refusePlace({ path }: FileChange, manualEdits: Settings['manual_edits']): Refusal | null {
  if (path.startsWith('events/')) return refuseEdit(`it changes ${path} by hand: the log is orc's alone`);
  if (manualEdits === 'allow' || path.startsWith('knowledge/')) return null;
  return refuseEdit(`it changes ${path} by hand: this board takes such edits below knowledge/ only`);
}

/** What opening a board would not look at: closed records, texts, names in folders that are not listed. */
async function faultInFile(evidence: Evidence, { path, to }: FileChange): Promise<string | null> {
  if (to === null) return null;
  const place = placeOf(path);
  const isOurs = isListed(path) || path.startsWith('tasks/');
  const inEntry = isOurs ? (faultInEntry(path, place, to.mode)?.reason ?? null) : faultInForeign(path, to.mode);
  if (inEntry !== null || place.kind !== 'record') return inEntry;
  const bytes = (await evidence.readObjects([to.oid])).get(to.oid)?.bytes;
  if (bytes === undefined) return 'is missing';
  const decoded = await decodeRecord(path, bytes);
  return 'reason' in decoded ? decoded.reason : null;
}

function faultInForeign(path: string, mode: string): string | null {
  if (mode !== '100644' && mode !== '100755') return `has mode ${mode}, no plain file`;
  const fault = faultInPath(path);
  return fault === null ? null : `has a name that ${fault}`;
}
