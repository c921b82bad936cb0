/**
 * Whether two globs can match the same file. Globs are made of literals, `?`, `*` and, as a whole component, `**`
 * (any number of components, none included); see `faultInGlob`.
 */

/** Upper and lower case differ, as in git; Unicode normal forms do not. */
export function globsOverlap(one: string, other: string): boolean {
  if (one === other) return true;
  const [a, b] = [componentsOf(one), componentsOf(other)];
  return canMeet(a, b, (component) => component === '**', componentsOverlap);
}

/** The glob of a resource such as `path:src/**`; `null` for resources that name no files. */
export function globOf(resource: string): string | null {
  return resource.startsWith('path:') ? resource.slice('path:'.length) : null;
}

function componentsOf(glob: string): string[] {
  return glob.normalize('NFC').split('/');
}

function componentsOverlap(one: string, other: string): boolean {
  if (one === other || one === '*' || other === '*') return true;
  const meets = (a: string, b: string): boolean => a === b || a === '?' || b === '?';
  return canMeet([...one], [...other], (character) => character === '*', meets);
}

/**
 * Whether two patterns have a word in common, where some elements stand for any run of elements. Row by row from the
 * end, so the time is the product of the lengths, whatever the patterns.
 */
function canMeet<T>(
  a: readonly T[],
  b: readonly T[],
  isRun: (element: T) => boolean,
  meets: (a: T, b: T) => boolean,
): boolean {
  let below: boolean[] = [];
  for (let i = a.length; i >= 0; i--) {
    const row: boolean[] = new Array(b.length + 1);
    for (let j = b.length; j >= 0; j--) row[j] = cell(i, j, row);
    below = row;
  }
  return below[0] === true;

  /** Whether the rest of `a` from `i` and the rest of `b` from `j` can meet. */
  function cell(i: number, j: number, row: readonly boolean[]): boolean {
    const isAtEndOfA = i === a.length;
    const isAtEndOfB = j === b.length;
    if (isAtEndOfA && isAtEndOfB) return true;
    if (!isAtEndOfA && isRun(a[i] as T) && (below[j] || (!isAtEndOfB && row[j + 1]))) return true;
    if (!isAtEndOfB && isRun(b[j] as T) && (row[j + 1] || (!isAtEndOfA && below[j]))) return true;
    return !isAtEndOfA && !isAtEndOfB && below[j + 1] === true && meets(a[i] as T, b[j] as T);
  }
}
