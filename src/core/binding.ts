/** Which knowledge binds which files: topics name globs, whoever works on files that these match has to know them. */
import { globsOverlap } from './globs.ts';
import type { Knowledge } from './records.ts';

export interface Binding<Topic> {
  readonly knowledge: Topic;
  /** Those of its globs that match, the most specific first. */
  readonly globs: readonly string[];
}

const maxPathLength = 4096;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const controls = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * Topics with a glob that can match one of these files, the most specific glob first: the one that spells out the most.
 * `files` are paths from the root of the repository, or globs themselves; see `globOfFiles`.
 */
export function bindingTopics<Topic extends Pick<Knowledge, 'topic' | 'paths'>>(
  topics: Iterable<Topic>,
  files: readonly string[],
): Binding<Topic>[] {
  const found: Binding<Topic>[] = [];
  for (const knowledge of topics) {
    const globs = knowledge.paths.filter((glob) => files.some((file) => globsOverlap(glob, file)));
    if (globs.length > 0) found.push({ knowledge, globs: globs.sort(compareSpecificity) });
  }
  return found.sort(
    (a, b) =>
      compareSpecificity(a.globs[0] as string, b.globs[0] as string) ||
      (a.knowledge.topic < b.knowledge.topic ? -1 : 1),
  );
}

/** A path as people type it, as a glob from the root: `./src/` is all that lies in `src`. */
export function globOfFiles(path: string): string {
  const bare = path.replace(/^(?:\.\/+)+/, '').replace(/^\.$/, '');
  if (bare === '') return '**';
  return bare.endsWith('/') ? `${bare.replace(/\/+$/, '')}/**` : bare;
}

/**
 * Why `globOfFiles` gave no path within the repository, as the end of a sentence; `null` when it did. Real files may have
 * names that no glob of a board may spell, `[id].tsx` for example: globs with wildcards match them all the same.
 */
export function faultInFiles(glob: string): string | null {
  if (glob.length > maxPathLength) return `must not be longer than ${maxPathLength} characters`;
  if (glob.startsWith('/')) return 'must be a path from the root of the repository';
  if (controls.test(glob)) return 'must not hold control characters';
  // As Windows writes it. Nothing that is bound is spelled so: the answer would be that nothing binds it.
  if (glob.includes('\\')) return 'must be written with slashes, not with backslashes';
  const isOdd = glob.split('/').some((component) => component === '' || component === '.' || component === '..');
  return isOdd ? 'must not hold . or .. as a component, or two slashes in a row' : null;
}

/** More literal characters, then fewer wildcards; `**` counts as several. */
function compareSpecificity(a: string, b: string): number {
  return literals(b) - literals(a) || wildcards(a) - wildcards(b) || (a < b ? -1 : a > b ? 1 : 0);
}

function literals(glob: string): number {
  return glob.replace(/[*?/]/g, '').length;
}

function wildcards(glob: string): number {
  return (glob.match(/[*?]/g) ?? []).length;
}
