/** How far long work has come, for a person at a terminal: every tenth of the way, and nothing of what is short. */
import type { Call } from './call.ts';

export interface LongWork {
  /** Less than that is over before anybody asks. */
  readonly longFrom: number;
  /** For example `3000 of 10000 objects received`. */
  readonly words: (done: number, of: number) => string;
}

/** `undefined` where nobody looks. */
export function tellProgress(
  call: Pick<Call, 'io' | 'note'>,
  { longFrom, words }: LongWork,
): ((done: number, of: number) => void) | undefined {
  if (!call.io.isTty) return undefined;
  let tenths = 0;
  return (done, of) => {
    if (of < longFrom) return;
    const reached = Math.floor((10 * done) / of);
    if (reached > tenths) call.note(words(done, of));
    tenths = reached;
  };
}
