/** Beginning a board, its settings, and events of an agent's own. */
import type { Change } from './board.ts';
import { isName } from './names.ts';
import { type Decide, refuse, text } from './operation.ts';
import type { Json } from './records.ts';
import { parseSettings } from './settings.ts';

/** The actions of docs/operations.md: nobody else may log them. */
export const ownActions: ReadonlySet<string> = new Set(
  [
    ['workstream', ['created', 'updated', 'paused', 'resumed', 'archived']],
    [
      'task',
      [
        ...['created', 'edited', 'claimed', 'reclaimed', 'failed', 'renewed', 'completed', 'released'],
        ...['blocked', 'unblocked', 'cancelled', 'reopened', 'noted'],
      ],
    ],
    ['commit', ['linked']],
    ['agent', ['registered', 'seen', 'retired']],
    ['lock', ['acquired', 'renewed', 'released', 'broken']],
    ['knowledge', ['written', 'deleted']],
    ['config', ['changed']],
    ['message', ['sent', 'read']],
    ['cycle', ['opened', 'collected']],
    ['board', ['created', 'imported', 'compacted']],
  ]
    .flatMap(([noun, verbs]) => (verbs as string[]).map((verb) => `${noun}_${verb}`))
    .concat('undone'),
);
const ownFields = ['n', 'v', 'ts', 'agent', 'action', 'op'];
const longestData = 65_536;

interface GivenFile {
  readonly path: string;
  readonly text: string;
}

interface GivenTopic {
  readonly topic: string;
  readonly content: string;
  readonly title?: string | null;
  readonly tags?: readonly string[];
  readonly paths?: readonly string[];
}

const init: Decide = (board, call) => {
  if (board.meta.board !== '') return refuse('already-exists', 'there is a board');
  const { args } = call;
  const files = (args.files as readonly GivenFile[] | undefined) ?? [];
  const topics = (args.knowledge as readonly GivenTopic[] | undefined) ?? [];
  const changes: Change[] = [
    ...files.map((file): Change => ({ what: 'file', key: file.path, after: file.text })),
    ...topics.map(({ topic, content, title = null, tags = [], paths = [] }): Change => {
      const by = { updated_by: call.agent, updated_at: call.iso, version: call.version };
      return { what: 'knowledge', key: topic, after: { topic, title, tags, paths, ...by, content } };
    }),
  ];
  return {
    outcome: 'accepted',
    changes,
    event: { action: 'board_created' },
    result: { value: text(args, 'board') },
    board: text(args, 'board'),
    settingsText: text(args, 'settings'),
  };
};

const configure: Decide = (board, call) => {
  const { key, value, base } = call.args;
  if (parseSettings(text(call.args, 'text')) === null) return refuse('invalid-argument', 'orc.yaml could not be read');
  if (base !== undefined && base !== board.meta.settingsText) return refuse('conflict', 'orc.yaml has changed');
  return {
    outcome: 'accepted',
    changes: [],
    event: { action: 'config_changed', data: { key, value } },
    result: { value: (value ?? null) as Json },
    settingsText: text(call.args, 'text'),
  };
};

const log: Decide = (board, call) => {
  const action = text(call.args, 'action');
  const data = (call.args.data ?? {}) as Readonly<Record<string, unknown>>;
  if (ownActions.has(action)) return refuse('invalid-argument', `${action} is an action of orc's own`);
  if (ownFields.some((field) => Object.hasOwn(data, field))) return refuse('invalid-argument', 'a reserved field');
  const isWrong = ['workstream', 'task_id'].some((field) => Object.hasOwn(data, field) && !isName(data[field]));
  if (isWrong) return refuse('invalid-argument', 'what readers take for the name of a record is none');
  if (JSON.stringify(data).length > longestData) return refuse('too-large', 'the data is too long');
  return { outcome: 'accepted', changes: [], event: { action, data }, result: { event: board.meta.events + 1 } };
};

export const otherOperations: Readonly<Record<string, Decide>> = {
  'board.init': init,
  'config.set': configure,
  'event.log': log,
};
