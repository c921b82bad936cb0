/** What a worker's commands write, as it is shown. */
import { expect, test } from 'vitest';
import type { ClaimedTask } from '../../src/app/worker-ports.ts';
import { WorkPrinter } from '../../src/cli/work-printer.ts';
import { boardWith, taskTitled } from '../support/board-builder.ts';

const task = taskTitled(boardWith({ tasks: ['First'] }), 'First');
const claimed: ClaimedTask = { task, token: 17, leaseMs: 60_000, version: 17 };

function printer(isParallel: boolean) {
  const written: string[] = [];
  const told: string[] = [];
  const io = {
    cwd: '/',
    env: {},
    isTty: false,
    stdout: (text: string) => void told.push(text),
    stderr: (text: string) => void written.push(text),
    stdin: async () => '',
  };
  return { written, told, printer: new WorkPrinter(io, { isJson: false, isParallel, now: () => 0 }) };
}

test('whole lines, also those that come in pieces', () => {
  const { written, printer: shown } = printer(true);
  for (const piece of ['one\ntw', 'o', '\n\nthr', 'ee\nfour']) shown.output(claimed, Buffer.from(piece));
  const lines = ['one', 'two', '', 'three'].map((line) => `${task.id} | ${line}\n`);
  expect(written.join('')).toBe(lines.join(''));
});

test('a line without an end is shown in parts, and never kept whole', () => {
  const { written, printer: shown } = printer(false);
  const piece = Buffer.alloc(64 * 1024, 'x');
  for (let n = 0; n < 50; n++) shown.output(claimed, piece);
  const length = written.reduce((sum, text) => sum + text.replaceAll('\n', '').length, 0);
  expect(50 * piece.length - length).toBeLessThanOrEqual(piece.length);
  expect(Math.max(...written.map((text) => text.length))).toBeLessThanOrEqual(3 * piece.length);
  shown.output(claimed, Buffer.from('\nend\n'));
  expect(written.at(-1)).toBe('\nend\n');
});

test.each([
  ['closed', null, "the claim is not this worker's any more (closed)"],
  ['stale-token', 'kept.txt', "the claim is not this worker's any more (stale-token); its result is kept in kept.txt"],
  ['upstream-refused', 'kept.txt', 'it could not be reported (upstream-refused); its result is kept in kept.txt'],
])('says why a task is lost, and where its result is: %s', (code, withheld, words) => {
  const { told, printer: shown } = printer(false);
  const { id, workstream, title } = task;
  shown.event({ event: 'lost', task: id, workstream, title, code, withheld, ms: 90_000 });
  expect(told).toEqual([`Lost ${id} First (90s): ${words}\n`]);
});
