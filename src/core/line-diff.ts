/**
 * What differs between two texts, by lines: Myers' greedy algorithm, which takes time by how much differs. One that looks for
 * the longest common part takes cubic time on lines that come again and again, and in Markdown every second line is blank. Pure.
 */

/** `removed` lines of the first text from `at` on are replaced by `added` lines of the second one, from `from` on. */
export interface Hunk {
  readonly at: number;
  readonly removed: number;
  readonly from: number;
  readonly added: number;
}

/** Texts that differ by more lines than this are not compared further: what is between their common ends is one hunk. */
const maxEdits = 2000;
/** Nor are those that would take so many comparisons. */
const maxSteps = 20_000_000;

/** In order, and none touches the next. The fewest lines, unless there are too many for that. */
export function diffLines(before: readonly string[], after: readonly string[]): Hunk[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  const most = Math.min(before.length, after.length) - start;
  let end = 0;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end++;
  const [a, b] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  if (a.length === 0 && b.length === 0) return [];
  const hunks = a.length === 0 || b.length === 0 ? null : shortestDiff(...numbered(a, b));
  const whole = [{ at: 0, removed: a.length, from: 0, added: b.length }];
  return (hunks ?? whole).map((hunk) => ({ ...hunk, at: hunk.at + start, from: hunk.from + start }));
}

type Numbers = Int32Array<ArrayBuffer>;

/** Equal lines get equal numbers: they are compared very often. */
function numbered(a: readonly string[], b: readonly string[]): [Numbers, Numbers] {
  const numbers = new Map<string, number>();
  const numberOf = (line: string): number => {
    const number = numbers.get(line) ?? numbers.size;
    numbers.set(line, number);
    return number;
  };
  return [Int32Array.from(a, numberOf), Int32Array.from(b, numberOf)];
}

/**
 * On diagonal k stands what is reached of `a` when `b` is k lines behind; after each edit one goes as far as lines are equal.
 * `null` beyond the bounds.
 */
function shortestDiff(a: Numbers, b: Numbers): Hunk[] | null {
  const most = Math.min(a.length + b.length, maxEdits);
  const reached = new Int32Array(2 * most + 3);
  const zero = most + 1;
  const trace: Numbers[] = [];
  let steps = 0;
  for (let edits = 0; edits <= most && steps <= maxSteps; edits++) {
    trace.push(reached.slice(zero - edits - 1, zero + edits + 2));
    for (let k = -edits; k <= edits; k += 2) {
      let x = isInsertion(reached, zero, k, edits) ? at(reached, zero + k + 1) : at(reached, zero + k - 1) + 1;
      const begun = x;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      steps += 1 + x - begun;
      reached[zero + k] = x;
      if (x >= a.length && x - k >= b.length) return hunksOf(trace, a.length, b.length);
    }
  }
  return null;
}

function isInsertion(reached: Numbers, zero: number, k: number, edits: number): boolean {
  return k === -edits || (k !== edits && at(reached, zero + k - 1) < at(reached, zero + k + 1));
}

/** The way back from the end, edit by edit. */
function hunksOf(trace: readonly Numbers[], length: number, otherLength: number): Hunk[] {
  const hunks: Hunk[] = [];
  let [x, y] = [length, otherLength];
  for (let edits = trace.length - 1; edits > 0; edits--) {
    const reached = trace[edits] as Numbers;
    const zero = edits + 1;
    const k = x - y;
    const isAdded = isInsertion(reached, zero, k, edits);
    x = at(reached, zero + (isAdded ? k + 1 : k - 1));
    y = x - (isAdded ? k + 1 : k - 1);
    const [removed, added] = isAdded ? [0, 1] : [1, 0];
    const next = hunks.at(-1);
    if (next !== undefined && next.at === x + removed && next.from === y + added)
      hunks[hunks.length - 1] = { at: x, removed: next.removed + removed, from: y, added: next.added + added };
    else hunks.push({ at: x, removed, from: y, added });
  }
  return hunks.reverse();
}

function at(numbers: Numbers, index: number): number {
  return numbers[index] as number;
}
