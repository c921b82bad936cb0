/**
 * The words of `claim`, `complete` and the like: `[workstream] <id> [more]`. The workstream may be left out, so the first word
 * is one or the other. With two words it is the workstream when there is one of that name, or when it cannot be a task's id.
 */
import type { Orc } from '../app/orc.ts';
import { OrcError } from '../errors.ts';

export interface TaskWords {
  readonly workstream: string | undefined;
  readonly id: string;
  /** What follows: an agent, a result, a reason; words without quotes around them are joined. */
  readonly more: string | undefined;
}

const anyId = /^[0-9a-f]{1,32}$/i;
const wholeId = /^[0-9a-f]{8,32}$/i;

/** @throws OrcError `usage`, `invalid-argument` when it could be read in two ways */
export async function sortTaskWords(orc: Orc, words: readonly string[]): Promise<TaskWords> {
  const [first = '', second, ...others] = words;
  if (second === undefined) return { workstream: undefined, id: first, more: undefined };
  if (await isWorkstreamFirst(orc, first, second)) {
    return { workstream: first, id: second, more: others.length === 0 ? undefined : others.join(' ') };
  }
  return { workstream: undefined, id: first, more: [second, ...others].join(' ') };
}

async function isWorkstreamFirst(orc: Orc, first: string, second: string): Promise<boolean> {
  const isKnown = await orc.ask((board) => board.workstreams.get(first) !== undefined);
  if (isKnown) return true;
  if (!anyId.test(first)) return true;
  // `feed 1a2b3c4d`: a workstream that is not known here, or a short id and a result that looks like one?
  if (!wholeId.test(first) && wholeId.test(second)) {
    throw new OrcError(
      'invalid-argument',
      `"${first}" is no workstream that is known here, and "${second}" looks like a task's id`,
      {
        hint: 'give the whole id, or `orc sync` if the workstream is new',
      },
    );
  }
  return false;
}

/** Agents are one word: more of them is a mistake. @throws OrcError `usage` */
export function onlyWord(more: string | undefined, words: readonly string[], what: string): string | undefined {
  if (more === undefined || words.includes(more)) return more;
  throw new OrcError('usage', `too many words: ${what} is one word, not "${more}"`);
}
