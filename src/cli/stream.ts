/** Commands that go on: what they print as it comes, what ends them, and what they tell beside it. */
import type { WatchNotice } from '../app/follow.ts';
import { noticeWords } from '../app/notice-words.ts';
import type { Call } from './call.ts';
import type { CommandResult } from './command.ts';
import { escapeJson, escapeLine } from './escape.ts';
import { exitCodes } from './exit-codes.ts';

/** Aborted by Ctrl-C, by the end of whoever reads, or when the time is over. */
export async function untilEnded(call: Call, forMs: number | undefined): Promise<AbortController> {
  const end = new AbortController();
  const abort = (): void => end.abort();
  for (const signal of [call.io.signal, call.io.gone]) {
    if (signal?.aborted === true) end.abort();
    signal?.addEventListener('abort', abort, { once: true, signal: end.signal });
  }
  if (forMs !== undefined) {
    const { clock } = (await call.open()).world;
    void clock.sleep(forMs, end.signal).then(abort);
  }
  return end;
}

/** One line of `--json`: the same document as of any other command. */
export function printDocument(call: Call, data: unknown, published: boolean | null, version: number): void {
  call.io.stdout(`${escapeJson(JSON.stringify({ data, published, version }))}\n`);
}

/** On standard error: `{"notice": …}` for programs. */
export function printNotice(call: Call, notice: WatchNotice): void {
  if (!call.globals.json) {
    call.io.stderr(`${escapeLine(noticeWords(notice))}\n`);
    return;
  }
  const { kind } = notice;
  const facts = kind === 'unreachable' ? { reason: notice.reason } : kind === 'lease-over' ? leaseFacts(notice) : {};
  call.io.stderr(`${escapeJson(JSON.stringify({ notice: { kind, ...facts } }))}\n`);
}

function leaseFacts({ overdue: { task, claim } }: Extract<WatchNotice, { kind: 'lease-over' }>) {
  const { id, workstream, title, assigned_to: agent } = task;
  return { task_id: id, workstream, title, agent, lease_until: claim.lease_until };
}

/** `isNothing`: it ended without what was waited for. */
export function ended<T>(data: T, isNothing = false): CommandResult<T> {
  return {
    data,
    published: null,
    version: null,
    told: true,
    exitCode: isNothing ? exitCodes.nothingToDo : exitCodes.done,
  };
}
