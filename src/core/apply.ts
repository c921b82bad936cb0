/**
 * `apply(board, operation, context)`: the one place where an operation is decided. Pure: the same board, operation and
 * context give the same decision on every machine, which is what makes replaying safe.
 */

import { describeFault } from './arguments.ts';
import type { Board, Change } from './board.ts';
import { isOperationId } from './ids.ts';
import { faultInName } from './names.ts';
import { isDeeperThan, maxNesting } from './nesting.ts';
import type {
  Accepted,
  Call,
  Context,
  Decision,
  EventDraft,
  Operation,
  OperationDefinition,
  Refusal,
  Verdict,
} from './operation.ts';
import { refuse } from './operation.ts';
import { wasSeenLately } from './operations/agent.ts';
import { findOperation } from './operations/index.ts';
import { withoutExpiredHolds } from './operations/lock.ts';
import { refuseOversized } from './record-size.ts';
import type { BoardEvent } from './records.ts';
import { findSecret } from './secrets.ts';
import { toIso } from './time.ts';

const maxSubjectLength = 72;

/** An operation whose words have been checked; `args` has its defaults filled in. */
export interface CheckedOperation {
  readonly definition: OperationDefinition;
  readonly args: object;
}

/** An operation never changes; it is decided again at every replay, and whenever a record had to be loaded for it. */
const checkedBefore = new WeakMap<Operation, CheckedOperation>();

/**
 * Checks an operation's form without a board: kind, agent, arguments, credentials in texts.
 * Refuses with `usage`, `invalid-argument`, `too-large` or `secret-found`.
 */
export function checkOperation(operation: Operation): CheckedOperation | Refusal {
  const known = checkedBefore.get(operation);
  if (known !== undefined) return known;
  const checked = check(operation);
  if (!('outcome' in checked)) checkedBefore.set(operation, checked);
  return checked;
}

/** How the hint begins that lists the arguments of an operation: of use to those alone who wrote it down themselves. */
export const argumentsHint = 'arguments of ';

function check(operation: Operation): CheckedOperation | Refusal {
  const definition = findOperation(operation.kind);
  if (definition === undefined) return refuse('usage', `there is no operation "${operation.kind}"`);
  if (!isOperationId(operation.id)) {
    return refuse('invalid-argument', 'an operation id has 8 to 64 characters of A-Z a-z 0-9 . _ -');
  }
  const faultInAgent = faultInName(operation.agent);
  if (faultInAgent !== null) return refuse('invalid-argument', `agent ${faultInAgent}`);
  const { allow_secret: allowSecret, ...given } = withoutUndefined(operation.args);
  if (isDeeperThan(maxNesting, given))
    return refuse('invalid-argument', `arguments must not be nested deeper than ${maxNesting}`);
  const parsed = definition.arguments().safeParse(given, { reportInput: true });
  if (!parsed.success) {
    const fault = describeFault(parsed.error);
    return refuse(
      fault.code,
      fault.message,
      `${argumentsHint}${operation.kind}: ${argumentNames(definition).join(', ')}`,
    );
  }
  const secret = allowSecret === true ? null : findSecret(given);
  if (secret !== null) {
    return refuse(
      'secret-found',
      `the text holds what looks like ${secret}`,
      'published history cannot be taken back; --allow-secret insists',
    );
  }
  return { definition, args: parsed.data };
}

/** An operation is decided as it was asked and again as JSON brings it back: there, what is undefined is absent. */
function withoutUndefined(args: Operation['args']): Record<string, unknown> {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
}

function argumentNames(definition: OperationDefinition): string[] {
  const { def } = definition.arguments();
  return 'shape' in def ? Object.keys(def.shape as object) : [];
}

/** @throws MissingRecord when it needs a record that is not loaded: load it and call again */
export function apply(board: Board, operation: Operation, context: Context): Decision {
  const checked = checkOperation(operation);
  if ('outcome' in checked) return checked;
  if (board.meta.id === '' && operation.kind !== 'board.init') return refuse('no-board', 'the board has no beginning');
  const call: Call = { ...context, id: operation.id, agent: operation.agent, iso: toIso(context.at) };
  const verdict = checked.definition.decide(board, checked.args, call);
  return verdict.outcome === 'accepted' ? complete(board, operation, verdict, call) : verdict;
}

/** Adds to a verdict what every mutation does: expired locks go, the acting agent was seen, the event is numbered. */
function complete(board: Board, operation: Operation, verdict: Verdict, call: Call): Accepted | Refusal {
  const touched = new Set(verdict.changes.map((change) => `${change.collection}/${change.key}`));
  const seen = touched.has(`agents/${call.agent}`) ? null : agentSeen(board, call);
  const changes = [...withoutExpiredHolds(board, verdict.changes, call), ...(seen === null ? [] : [seen])];
  const oversized = refuseOversized(changes);
  if (oversized !== null) return oversized;
  const result = 'event' in verdict.result ? { event: board.meta.events + 1 } : verdict.result;
  return {
    outcome: 'accepted',
    operation,
    version: call.version,
    at: call.at,
    changes,
    events: numberEvents(board.meta.events, operation, verdict, call),
    result,
    subject: subjectOf(operation, verdict.event, verdict),
    body: verdict.body,
    boardId: verdict.boardId,
    settingsText: verdict.settingsText,
    dropped: verdict.dropped,
  };
}

/** The board after an accepted operation, in place. `settings` are read from `settingsText` by layout. */
export function advance(board: Board, accepted: Accepted): void {
  board.put(accepted.changes);
  if (accepted.dropped !== undefined) board.drop(accepted.dropped);
  board.meta = {
    ...board.meta,
    id: accepted.boardId ?? board.meta.id,
    version: accepted.version,
    updated_at: toIso(accepted.at),
    events: accepted.events.at(-1)?.n ?? board.meta.events,
  };
  if (accepted.settingsText !== undefined) board.settingsText = accepted.settingsText;
}

function numberEvents(last: number, operation: Operation, verdict: Verdict, call: Call): BoardEvent[] {
  const events: BoardEvent[] = [];
  for (const line of verdict.importedEvents ?? []) {
    const { n: _n, v: _v, op: _op, ...fields } = line;
    events.push({ n: last + events.length + 1, v: call.version, ...fields } as BoardEvent);
  }
  const { action, agent, workstream, task_id: taskId, data } = verdict.event;
  events.push({
    n: last + events.length + 1,
    v: call.version,
    ts: call.iso,
    agent: agent ?? call.agent,
    action,
    ...(workstream === undefined ? {} : { workstream }),
    ...(taskId === undefined ? {} : { task_id: taskId }),
    ...data,
    op: operation.id,
  });
  return events;
}

/** A heartbeat rides along with whatever a registered agent does, at most once in a third of a lease. */
function agentSeen(board: Board, call: Call): Change | null {
  const before = board.agents.get(call.agent);
  if (before === undefined || before.status !== 'active') return null;
  if (wasSeenLately(board, before, call)) return null;
  return { collection: 'agents', key: before.id, before, after: { ...before, last_seen: call.iso } };
}

/** `task.claim revenue/1a2b3c4d by agent-1`, at most 72 characters. */
function subjectOf(operation: Operation, event: EventDraft, verdict: Verdict): string {
  const by = ` by ${operation.agent}`;
  const target = targetOf(event, verdict);
  const head = target === '' ? operation.kind : `${operation.kind} ${target}`;
  const whole = `${head}${by}`;
  if (whole.length <= maxSubjectLength) return whole;
  const room = maxSubjectLength - by.length;
  return room > operation.kind.length + 4 ? `${beginning(head, room)}${by}` : beginning(whole, maxSubjectLength);
}

/** The beginning of a text that is too long, without half a surrogate pair at the cut. */
function beginning(text: string, length: number): string {
  const isPairCut = /[\ud800-\udbff]/.test(text.charAt(length - 2));
  return `${text.slice(0, isPairCut ? length - 2 : length - 1)}…`;
}

function targetOf(event: EventDraft, verdict: Verdict): string {
  if (event.action === 'message_sent') return String(event.data?.sent_to);
  if (event.action === 'message_read') return ((event.data?.messages ?? []) as readonly string[]).join(' ');
  if (event.task_id !== undefined) return `${event.workstream}/${event.task_id}`;
  if (event.workstream !== undefined) return event.workstream;
  const { result } = verdict;
  if ('lock' in result) return result.lock;
  if ('knowledge' in result) return result.knowledge;
  if ('agent' in result) return result.agent;
  if ('cycle' in result) return String(result.cycle);
  // The data of an agent's own event is text of a stranger: it may hold line breaks, and trailers after them.
  if ('event' in result) return event.action;
  const topic = event.data?.topic;
  return typeof topic === 'string' ? topic : '';
}
