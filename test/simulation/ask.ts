/** One call as a surface makes it: as `src/app/perform.ts` does, without the command line around it. */
import { checkOperation } from '../../src/core/apply.ts';
import type { Operation } from '../../src/core/operation.ts';
import { findOperation } from '../../src/core/operations/index.ts';
import type { PublishMode } from '../../src/core/records.ts';
import { OrcError } from '../../src/errors.ts';
import type { Head } from '../../src/sync/head.ts';
import { findProofs } from '../../src/sync/proof.ts';
import { trackingRef } from '../../src/sync/refs.ts';
import type { Agent, Asked } from './agent.ts';
import type { CallLog, LoggedCall } from './log.ts';
import type { WorldProcess } from './machine.ts';

export interface AskOptions {
  readonly process: WorldProcess;
  readonly agent: Agent;
  readonly log: CallLog;
  readonly mode: PublishMode;
  readonly timeoutMs: number;
  readonly insist: boolean;
  /** Errors that nobody should ever see. */
  readonly onError: (error: unknown) => void;
}

/** Asks for one operation, or for several as a batch. */
export async function ask(options: AskOptions, asked: readonly Asked[]): Promise<void> {
  const { agent } = options;
  const batch = agent.random.hex(32);
  const operations = asked.map(
    ({ kind, args }, index): Operation => ({
      id: agent.random.hex(32),
      kind,
      agent: agent.name,
      args,
      ...(asked.length > 1 ? { batch: { id: batch, k: index + 1, n: asked.length } } : {}),
    }),
  );
  for (const operation of operations) {
    const checked = checkOperation(operation);
    if ('outcome' in checked)
      throw new Error(`${operation.kind} ${JSON.stringify(operation.args)}: ${checked.message}`);
  }
  await submit(options, operations, null);
}

/** Asks again what was asked before by this id; its recorded outcome counts. */
export async function askAgain(options: AskOptions, operation: Operation): Promise<void> {
  const { process, log, agent, timeoutMs } = options;
  const { session } = process;
  const calls = log.begin(process, [operation], 2 * timeoutMs);
  const call = calls[0] as LoggedCall;
  await guarded(options, calls, async () => {
    const { id } = operation;
    const rejected = (await session.queue.listRejected()).find((each) => each.operation.id === id);
    if (rejected !== undefined) return log.known(call, 'refused', { code: rejected.refusal.code, published: false });
    const waiting = await session.queue.get(id);
    if (waiting === null) await session.view.fetch({ timeoutMs });
    else await session.sync({ timeoutMs });
    const { recorded, lookedUpTo } = await session.findRecorded([id]);
    const found = recorded.get(id);
    if (found !== undefined && found.outcome.outcome === 'accepted') {
      const { published, outcome } = found;
      agent.learn(operation, outcome, published);
      if (published) log.known(call, 'ok', { version: outcome.version, published });
      else log.known(call, 'queued', { published });
      return;
    }
    if (waiting !== null && (await session.queue.get(id)) !== null) {
      agent.unanswered.push(operation);
      return log.known(call, 'unknown', { published: false });
    }
    log.calls.splice(log.calls.indexOf(call), 1);
    await submit(options, [operation], lookedUpTo);
  });
}

/** `lookedUpTo`: they are asked again, and were looked for up to this version. */
async function submit(options: AskOptions, operations: readonly Operation[], lookedUpTo: number | null): Promise<void> {
  const { process, agent, log, mode, timeoutMs, insist } = options;
  const publish = operations.some(({ kind }) => mustPublishNow(mode, kind));
  const calls = log.begin(process, operations, timeoutMs);
  for (const call of calls) call.isDeferred = !publish;
  // Somebody who chooses ids remembers them before asking.
  const [only] = operations;
  const remembers = operations.length === 1 && only !== undefined && (lookedUpTo !== null || agent.random.happens(0.6));
  if (remembers) agent.unanswered.push(only);
  await guarded(options, calls, async () => {
    const answers = await process.session.submit(operations, {
      publish,
      timeoutMs,
      insist,
      ...(lookedUpTo === null ? {} : { lookedUpTo }),
    });
    if (!process.life.isAlive) return;
    log.answer(calls, answers);
    for (const { operation, outcome, published } of answers)
      if (outcome.outcome === 'accepted') agent.learn(operation, outcome, published === true);
    if (agent.random.happens(0.2)) await demandToSee(options, calls);
    if (remembers && answers[0]?.state !== 'unknown') agent.unanswered.splice(agent.unanswered.indexOf(only), 1);
  });
}

/**
 * Who was told that it is done, or will be, finds it when it reads. What was told as queued may be refused by now, on a newer
 * head or behind others: then it is not seen either when the local head is built anew on what it was built on. A process that
 * stands still with the store's lock in hand keeps all others from moving the local head.
 */
async function demandToSee({ process, onError }: AskOptions, calls: readonly LoggedCall[]): Promise<void> {
  const { session, machine } = process;
  if (machine.wasStopped) return;
  const { store } = machine;
  const isSeen = async (head: Head, op: string): Promise<boolean> =>
    (await findProofs(store, head, new Set([op]), 0)).has(op);
  const tracked = store.refs.get(trackingRef);
  const waiting = (): string => JSON.stringify(machine.disk.list('queue').map((name) => machine.disk.read(name)));
  const waited = waiting();
  const head = await session.localHead();
  const isOnTop = async ({ commit }: Head): Promise<boolean> =>
    tracked !== undefined && commit !== null && (await store.isAncestor(tracked, commit));
  for (const { record } of calls) {
    const { answer, op } = record;
    if ((answer !== 'ok' && answer !== 'queued') || (await isSeen(head, op))) continue;
    if (answer === 'queued') {
      const isComparable = await isOnTop(head);
      const rebuilt = await session.rebuildLocal();
      if (!isComparable || store.refs.get(trackingRef) !== tracked || !(await isSeen(rebuilt, op))) continue;
      // What had come before it may have gone since.
      if (waiting() !== waited) continue;
    }
    onError(new Error(`${record.kind} ${op}, told ${answer}, is not seen`));
  }
}

async function guarded(options: AskOptions, calls: readonly LoggedCall[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!options.process.life.isAlive) return;
    const code = error instanceof OrcError ? error.code : 'bug';
    options.log.fail(calls, code);
    if (code !== 'store-busy' && code !== 'unreachable') options.onError(error);
  }
}

function mustPublishNow(mode: PublishMode, kind: string): boolean {
  if (mode === 'each') return true;
  return mode === 'claims' && findOperation(kind)?.arbitrated === true;
}
