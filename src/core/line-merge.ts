/** Three-way merge of texts, by lines. Pure. */
import { diffLines, type Hunk } from './line-diff.ts';

type Side = 'ours' | 'theirs';

/** `base` with the changes of both; `null` where they changed the same lines, or lines that touch, in different ways. */
export function mergeLines(ours: string, base: string, theirs: string): string | null {
  const lines = base.split('\n');
  const texts = { ours: ours.split('\n'), theirs: theirs.split('\n') };
  const changesOf = (side: Side): Change[] => diffLines(lines, texts[side]).map((hunk) => ({ ...hunk, side }));
  const merged: string[] = [];
  let done = 0;
  for (const region of regionsOf([...changesOf('ours'), ...changesOf('theirs')])) {
    const { at, end, changes } = region;
    const variants = (['ours', 'theirs'] as const).flatMap((side) => {
      const own = changes.filter((change) => change.side === side);
      return own.length === 0 ? [] : [changed(lines, region, own, texts[side])];
    });
    const [variant = [], other] = variants;
    if (other !== undefined && !(variant.length === other.length && variant.every((line, i) => line === other[i])))
      return null;
    // One by one: there may be more of them than a call takes arguments.
    for (const line of lines.slice(done, at)) merged.push(line);
    for (const line of variant) merged.push(line);
    done = end;
  }
  return [...merged, ...lines.slice(done)].join('\n');
}

interface Change extends Hunk {
  readonly side: Side;
}

/** Lines of the base, from `at` to before `end`, with changes that overlap or touch. */
interface Region {
  readonly at: number;
  end: number;
  readonly changes: Change[];
}

function regionsOf(changes: readonly Change[]): Region[] {
  const regions: Region[] = [];
  for (const change of changes.toSorted((a, b) => a.at - b.at)) {
    const end = change.at + change.removed;
    const last = regions.at(-1);
    if (last === undefined || change.at > last.end) regions.push({ at: change.at, end, changes: [change] });
    else {
      last.end = Math.max(last.end, end);
      last.changes.push(change);
    }
  }
  return regions;
}

/** The region as one side has it. */
function changed(base: readonly string[], { at, end }: Region, changes: readonly Hunk[], text: readonly string[]) {
  const lines: string[] = [];
  let done = at;
  for (const change of changes) {
    for (const line of base.slice(done, change.at)) lines.push(line);
    for (const line of text.slice(change.from, change.from + change.added)) lines.push(line);
    done = change.at + change.removed;
  }
  for (const line of base.slice(done, end)) lines.push(line);
  return lines;
}
