import { readFile } from 'node:fs/promises';
import type { BatchAnswer } from '../../app/batch.ts';
import type { BatchProgress } from '../../app/progress.ts';
import { OrcError } from '../../errors.ts';
import type { Call } from '../call.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { decodeInput } from '../decode-input.ts';
import { pathFrom } from '../path-words.ts';
import { batchLines } from '../views/batch.ts';

export const batch: CommandSpec = defineCommand<BatchAnswer[]>({
  name: 'batch',
  words: '<file>',
  summary: 'Carry out several operations, all of them or none',
  details: [
    'The file (- for standard input) has one operation in JSON a line, in either of two forms:',
    '  {"kind":"task.add","args":{"workstream":"build","title":"Design the API"},"name":"$api"}',
    '  {"op":"task.add","workstream":"build","title":"Implement it","depends_on":["$api"]}',
    'The first may call its new task (or workstream) by a name that begins with $, the second by "as"; later lines may use it as',
    'an id. Either may have an "agent". The operations are those of docs/operations.md.',
    'Of a thousand lines and more one hears on standard error how far it has come.',
    'With --op the batch has an id: asked again with it, it gives what was recorded, never a second batch.',
  ].join('\n'),
  examples: ['orc batch plan.jsonl', 'generate-plan | orc batch -', 'orc batch plan.jsonl --op release-2026-11'],
  data: 'BatchAnswer[]',
  async run(call) {
    const { parseBatch, runBatch } = await import('../../app/batch.ts');
    const lines = parseBatch(await readInput(call));
    if (lines.length === 0) throw new OrcError('invalid-argument', 'the batch has no lines');
    return runBatch(await call.open(), lines, {
      agent: call.globals.agent,
      op: call.globals.op,
      allowSecret: call.globals.allowSecret,
      ...(lines.length < longFrom ? {} : { onProgress: tellProgress(call) }),
    });
  },
  view: ({ data }, look) => batchLines(data, look),
});

/** In operations: of a batch that is as long, one hears how far it has come. */
const longFrom = 1000;

/** On standard error, every tenth of the way. */
function tellProgress(call: Call): (progress: BatchProgress) => void {
  let tenths = 0;
  return ({ stage, done, of }) => {
    if (stage !== 'decided') return;
    const reached = Math.floor((10 * done) / of);
    if (reached > tenths) call.note(`${done} of ${of} operations decided`);
    tenths = reached;
  };
}

async function readInput(call: Call): Promise<string> {
  const file = call.word(0);
  if (file === '-') return call.io.stdin();
  const bytes = await readFile(pathFrom(call, file, "the file's name")).catch((error: Error) => {
    throw new OrcError('invalid-argument', `${file} cannot be read: ${error.message}`, {
      hint: '- reads standard input',
    });
  });
  return decodeInput(bytes, file);
}
