/** The clients' log: what was asked, when, and what was answered. */
import { readFileSync } from 'node:fs';
import type { CallRecord } from './types.ts';

export function parseLog(text: string, name = 'log'): CallRecord[] {
  return text
    .split('\n')
    .map((line, index) => ({ line, index }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, index }) => {
      try {
        return JSON.parse(line) as CallRecord;
      } catch {
        throw new Error(`${name}, line ${index + 1} is no JSON`);
      }
    });
}

export function readLogs(paths: readonly string[]): CallRecord[] {
  return paths.flatMap((path) => parseLog(readFileSync(path, 'utf8'), path));
}

/** All calls with one operation id, in the order in which they were asked. */
export interface Asked {
  readonly calls: readonly CallRecord[];
  /** When it was first asked. */
  readonly start: number;
  /** When it was first told as published, or that it changes nothing; `null`: never. */
  readonly toldOk: number | null;
}

export function byOperation(logs: readonly CallRecord[]): Map<string, Asked> {
  const callsByOp = new Map<string, CallRecord[]>();
  for (const call of logs) {
    const calls = callsByOp.get(call.op);
    if (calls === undefined) callsByOp.set(call.op, [call]);
    else calls.push(call);
  }
  const asked = new Map<string, Asked>();
  for (const [op, calls] of callsByOp) {
    calls.sort((a, b) => a.start - b.start);
    const ends = calls.flatMap(({ answer, end }) => (answer === 'ok' && end !== null ? [end] : []));
    asked.set(op, {
      calls,
      start: calls[0]?.start ?? Number.NEGATIVE_INFINITY,
      toldOk: ends.length === 0 ? null : Math.min(...ends),
    });
  }
  return asked;
}
