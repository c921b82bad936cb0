/** What stands in the way of publishing, and how it is told. */
import type { Outcome } from './queue.ts';
import { refusalHint } from './refusal-hint.ts';

/** Why driving ended before everybody had an outcome. */
export interface Trouble {
  readonly outcome: 'unreachable' | 'refused';
  readonly reason: string;
  /** What was tried in vain. */
  readonly ids: ReadonlySet<string>;
}

/** 4. What a caller hears, and what stands in the rejected. */
export function refusedByUpstream(reason: string, branch = 'orc'): Extract<Outcome, { outcome: 'refused' }> {
  return {
    outcome: 'refused',
    code: 'upstream-refused',
    message: `the upstream refused the push: ${reason}`,
    hint: refusalHint(reason, branch),
  };
}
