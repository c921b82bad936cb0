/** Operations on the board itself: its beginning and its settings. Taking over another board: board-import.ts. */
import * as z from 'zod/mini';
import * as arg from '../arguments.ts';
import type { Change } from '../board.ts';
import { faultInPath } from '../names.ts';
import { accept, defineOperation, lazily, refuse } from '../operation.ts';
import { settingKeys } from '../setting-keys.ts';

/** Files beside the records that a board may begin with. */
const templateFile = () =>
  z.string().check(
    z.regex(/^(?:README\.md|templates\/.+)$/),
    z.refine((path) => faultInPath(path) === null),
  );

const initArguments = lazily(() =>
  z.strictObject({
    board: arg.boardId(),
    settings: arg.text(),
    files: z._default(z.array(z.strictObject({ path: templateFile(), text: arg.text() })), []),
    knowledge: z._default(z.array(z.strictObject(arg.knowledgeFields())), []),
  }),
);

export const boardInit = defineOperation({
  kind: 'board.init',
  summary: 'Begin a board',
  arguments: initArguments,
  actions: ['board_created'],
  decide(board, { board: id, settings, files, knowledge }, call) {
    if (board.meta.id !== '') return refuse('already-exists', 'there is a board already', 'orc joins it by itself');
    const changes: Change[] = files.map((file) => ({ collection: 'files', key: file.path, before: null, after: file }));
    for (const { topic, content, title = null, tags = [], paths = [] } of knowledge) {
      const by = { updated_by: call.agent, updated_at: call.iso, version: call.version };
      const after = { topic, content, title, tags, paths, ...by };
      changes.push({ collection: 'knowledge', key: topic, before: null, after });
    }
    return accept({
      changes,
      event: { action: 'board_created' },
      result: { value: id },
      boardId: id,
      settingsText: settings,
    });
  },
});

const configArguments = lazily(() =>
  z.strictObject({ key: z.enum(settingKeys), value: arg.word(), text: arg.text(), base: z.optional(arg.text()) }),
);

/**
 * `text` is `orc.yaml` with the new value set: editing YAML and keeping its comments is layout's craft, not core's. `base` is
 * the text that was edited: where another setting was changed in the meantime, this one is made anew and not over it.
 */
export const configSet = defineOperation({
  kind: 'config.set',
  summary: "Change one of the board's settings in orc.yaml",
  arguments: configArguments,
  actions: ['config_changed'],
  decide(board, { key, value, text, base }) {
    if (base !== undefined && base !== board.settingsText) {
      return refuse('conflict', 'orc.yaml has changed in the meantime', 'set the value again');
    }
    return accept({
      changes: [],
      event: { action: 'config_changed', data: { key, value } },
      result: { value },
      settingsText: text,
    });
  },
});
