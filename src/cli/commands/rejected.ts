import type { RejectedOperation } from '../../app/rejected.ts';
import { OrcError } from '../../errors.ts';
import type { Call } from '../call.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { rejectedDetails, rejectedLines, retriedLines } from '../views/rejected.ts';

const list = defineCommand<RejectedOperation[]>({
  name: 'list',
  aliases: ['ls'],
  isDefault: true,
  words: '',
  summary: 'List operations that were queued and then refused',
  examples: ['orc rejected', 'orc rejected list --json'],
  data: 'RejectedOperation[]',
  async run(call) {
    const orc = await call.open();
    const { listRejected } = await import('../../app/rejected.ts');
    return call.answer(await listRejected(orc));
  },
  view: ({ data }, look) => rejectedLines(data, look),
});

const show = defineCommand<RejectedOperation>({
  name: 'show',
  words: '<id>',
  summary: 'Show one with everything that was asked, and why it was refused',
  examples: ['orc rejected show 4f1c'],
  data: 'RejectedOperation',
  async run(call) {
    const orc = await call.open();
    const { showRejected } = await import('../../app/rejected.ts');
    return call.answer(await showRejected(orc, call.word(0)));
  },
  view: ({ data }, look) => rejectedDetails(data, look),
});

interface Retried {
  /** The one that was asked again; its new id is that of the answer. */
  readonly op: string;
  readonly record: unknown;
}

const retry = defineCommand<Retried>({
  name: 'retry',
  words: '<id>',
  summary: 'Ask for the same again, as a new operation',
  details: 'A batch is asked for again as a whole. Exit code 4: it was a `next`, and again there is no task.',
  examples: ['orc rejected retry 4f1c'],
  data: 'the record that the operation is about',
  async run(call) {
    refuseOp(call);
    const orc = await call.open();
    const { retryRejected, showRejected } = await import('../../app/rejected.ts');
    const { op, kind } = await showRejected(orc, call.word(0));
    const { data: record, ...performed } = await retryRejected(orc, op, { allowSecret: call.globals.allowSecret });
    const result = { ...performed, data: { op, record } };
    const isNothing = kind === 'task.next' && record === null && result.state !== 'unknown';
    return isNothing ? { ...result, exitCode: exitCodes.nothingToDo } : result;
  },
  view: ({ data: { op, record }, exitCode }, look) =>
    exitCode === undefined ? retriedLines(op, record, look) : ['No pending tasks this time either.'],
  toJson: ({ record }) => record,
});

const drop = defineCommand<RejectedOperation[]>({
  name: 'drop',
  words: '[id]',
  summary: 'Forget one, or all, for good',
  options: [{ flags: '--all', summary: 'all that there are' }],
  examples: ['orc rejected drop 4f1c', 'orc rejected drop --all'],
  data: 'RejectedOperation[]',
  async run(call) {
    const [id] = call.words;
    const isAll = call.flag('all');
    if (isAll === (id !== undefined))
      throw new OrcError('usage', 'which one is dropped?', { hint: 'give its id, or --all' });
    const orc = await call.open();
    const { dropAllRejected, dropRejected } = await import('../../app/rejected.ts');
    return call.answer(id === undefined ? await dropAllRejected(orc) : await dropRejected(orc, id));
  },
  view: ({ data }, look) =>
    data.length === 0 ? ['Nothing was rejected.'] : data.map(({ op, kind }) => look.line(`Dropped: ${kind} ${op}`)),
});

function refuseOp({ globals }: Call): void {
  if (globals.op !== undefined)
    throw new OrcError('usage', 'what is asked again gets an id of its own: --op does not fit it');
}

export const rejectedCommands: readonly CommandSpec[] = [list, show, retry, drop];
