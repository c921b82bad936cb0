/** What every caller asked and heard, in the form that the checker reads, and by when it should have heard. */
import type { Operation, ResultRef } from '../../src/core/operation.ts';
import type { Oid } from '../../src/git/store.ts';
import { trackingRef } from '../../src/sync/refs.ts';
import type { Answer } from '../../src/sync/tentative.ts';
import type { CallAnswer, CallRecord } from '../support/checker/types.ts';
import type { WorldProcess } from './machine.ts';
import type { VirtualTime } from './virtual-time.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export interface LoggedCall {
  readonly record: Writable<CallRecord>;
  /** On the virtual clock; `null` for calls without one. */
  readonly deadline: number | null;
  readonly process: WorldProcess;
  /** What its machine knew of the upstream when it was asked. */
  readonly known: Oid | null;
  /** What a caller was told that its operation will become. */
  tentative: ResultRef | null;
  /** Publishing was put off: all answers are tentative. */
  isDeferred: boolean;
}

export class CallLog {
  readonly calls: LoggedCall[] = [];
  readonly #time: VirtualTime;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  /** A call for one operation, or for a batch. */
  begin(process: WorldProcess, operations: readonly Operation[], timeoutMs: number): LoggedCall[] {
    const start = this.#time.stamp();
    return operations.map((operation) => this.#begin(process, operation, timeoutMs, start));
  }

  #begin(process: WorldProcess, operation: Operation, timeoutMs: number, start: number): LoggedCall {
    const { id, kind, agent, args, batch } = operation;
    const { machine } = process;
    const wall = machine.wallClock();
    const call: LoggedCall = {
      record: {
        client: machine.name,
        op: id,
        kind,
        agent,
        args,
        start,
        end: null,
        answer: 'never',
        clock: { start: wall, end: wall },
        ...(batch === undefined ? {} : { batch }),
      },
      deadline: this.#time.now + timeoutMs,
      process,
      known: machine.store.refs.get(trackingRef) ?? null,
      tentative: null,
      isDeferred: false,
    };
    this.calls.push(call);
    return call;
  }

  /** The answers to the lines of one call. */
  answer(calls: readonly LoggedCall[], answers: readonly Answer[]): void {
    const end = this.#time.stamp();
    for (const [index, answer] of answers.entries()) {
      const call = calls[index];
      if (call === undefined) throw new Error('an answer to nothing');
      const { outcome, published } = answer;
      const { record } = call;
      this.#end(call, answerOf(answer), end);
      if (outcome.outcome === 'accepted') {
        record.version = outcome.version;
        if (published === true) record.result = outcome.result;
        else call.tentative = outcome.result;
      }
      if (outcome.outcome === 'refused') record.code = outcome.code;
      // Decided without the upstream: true of the board as this machine knows it.
      record.published = outcome.outcome !== 'accepted' && answer.reason !== null ? false : published;
      if (call.isDeferred && outcome.outcome !== 'accepted') record.published = false;
    }
  }

  /** An answer that the queue or the log of events gave. */
  known(
    call: LoggedCall,
    answer: CallAnswer,
    facts: Partial<Pick<CallRecord, 'code' | 'version' | 'published'>>,
  ): void {
    this.#end(call, answer);
    Object.assign(call.record, facts);
  }

  fail(calls: readonly LoggedCall[], code: string): void {
    const end = this.#time.stamp();
    for (const call of calls) {
      this.#end(call, 'error', end);
      call.record.code = code;
    }
  }

  #end({ record, process }: LoggedCall, answer: CallAnswer, end = this.#time.stamp()): void {
    record.end = end;
    record.answer = answer;
    record.clock = { start: record.clock?.start ?? 0, end: process.machine.wallClock() };
  }
}

function answerOf({ outcome, state, operation }: Answer): CallAnswer {
  if (state === 'unknown') return 'unknown';
  if (state === 'queued') return 'queued';
  if (outcome.outcome === 'refused') return outcome.code === 'upstream-refused' ? 'error' : 'refused';
  if (outcome.outcome === 'unchanged') return operation.kind === 'task.next' ? 'none-ready' : 'unchanged';
  return 'ok';
}
