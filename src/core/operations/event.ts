import * as z from 'zod/mini';
import * as arg from '../arguments.ts';
import { faultInName } from '../names.ts';
import { accept, defineOperation, lazily, refuse } from '../operation.ts';

/** Fields that orc itself writes into every event line. */
const reservedFields = ['n', 'v', 'ts', 'agent', 'action', 'op'] as const;

/** Fields that readers of the log take for names of records. */
const references = ['workstream', 'task_id'] as const;

function isReference(value: unknown): boolean {
  return typeof value === 'string' && faultInName(value) === null;
}

const logArguments = lazily(() =>
  z.strictObject({
    action: arg.name(),
    data: z._default(z.record(z.string(), z.json()), {}),
  }),
);

/** `isReservedAction` is handed in: the actions of all operations are known only to the table that holds them. */
export function defineEventLog(isReservedAction: (action: string) => boolean) {
  return defineOperation({
    kind: 'event.log',
    summary: "Log an event of an agent's own",
    arguments: logArguments,
    actions: [],
    decide(_board, { action, data }) {
      if (isReservedAction(action)) {
        return refuse(
          'invalid-argument',
          `action "${action}" is one of orc's own`,
          'choose another word, such as a past participle of your own',
        );
      }
      const reserved = reservedFields.find((field) => Object.hasOwn(data, field));
      if (reserved !== undefined) {
        return refuse(
          'invalid-argument',
          `the field "${reserved}" is reserved`,
          `reserved: ${reservedFields.join(', ')}`,
        );
      }
      const reference = references.find((field) => Object.hasOwn(data, field) && !isReference(data[field]));
      if (reference !== undefined)
        return refuse('invalid-argument', `the field "${reference}" must be a name, as in orc's own events`);
      if (JSON.stringify(data).length > 64 * 1024) {
        return refuse(
          'too-large',
          'the data of an event must not be longer than 65536 characters',
          'write it to the knowledge base',
        );
      }
      return accept({ changes: [], event: { action, data }, result: { event: 0 } });
    },
  });
}
