/** One operation on one board: refused, nothing to do, or what it changes. */
import { agentChange, agentOperations, isSeenDue } from './agents.ts';
import { wrongArguments } from './arguments.ts';
import type { BoardModel, Change } from './board.ts';
import { claimOperations } from './claims.ts';
import { compactOperations } from './compact.ts';
import { cycleOperations } from './cycles.ts';
import { isLive } from './holding.ts';
import { knowledgeOperations } from './knowledge.ts';
import { lockOperations } from './locks.ts';
import { messageOperations } from './messages.ts';
import { type Accepted, type Call, type Decide, refuse, type Verdict } from './operation.ts';
import { otherOperations } from './rest.ts';
import { taskOperations } from './tasks.ts';
import { undoOperations } from './undo.ts';
import { workstreamOperations } from './workstreams.ts';

const operations: Readonly<Record<string, Decide>> = {
  ...workstreamOperations,
  ...taskOperations,
  ...claimOperations,
  ...agentOperations,
  ...lockOperations,
  ...knowledgeOperations,
  ...messageOperations,
  ...cycleOperations,
  ...otherOperations,
  ...compactOperations,
  ...undoOperations,
};

/** `board.import` is not among them: what it brings is taken from the tree (adopt.ts). */
export function decide(board: BoardModel, call: Call): Verdict {
  const operation = Object.hasOwn(operations, call.kind) ? operations[call.kind] : undefined;
  if (operation === undefined) return refuse('usage', `there is no operation ${call.kind}`);
  const wrong = wrongArguments(call);
  if (wrong !== null) return wrong;
  if (board.meta.board === '' && call.kind !== 'board.init') return refuse('no-board', 'the board has not begun');
  const verdict = operation(board, call);
  return verdict.outcome === 'accepted' ? { ...verdict, changes: withSideEffects(board, verdict, call) } : verdict;
}

/** Every mutation removes locks that have run out, and shows that a registered agent who acts is alive. */
export function withSideEffects(board: BoardModel, { changes }: Accepted, call: Call): Change[] {
  const all = changes.map((change) => (change.what === 'lock' ? withoutExpired(change, call) : change));
  const named = (what: Change['what'], key: string): boolean =>
    changes.some((change) => change.what === what && change.key === key);
  for (const [resource, lock] of board.locks) {
    if (named('lock', resource) || lock.holders.every((holder) => isLive(holder, call))) continue;
    all.push(withoutExpired({ what: 'lock', key: resource, after: lock }, call));
  }
  const agent = board.agents.get(call.agent);
  if (agent?.status === 'active' && !named('agent', agent.id) && isSeenDue(board, agent, call.at))
    all.push(agentChange({ ...agent, last_seen: call.iso }));
  return all;
}

function withoutExpired(change: Change & { readonly what: 'lock' }, call: Call): Change {
  const { after } = change;
  if (after === null) return change;
  const holders = after.holders.filter((holder) => isLive(holder, call));
  return { ...change, after: holders.length === 0 ? null : { ...after, holders } };
}
