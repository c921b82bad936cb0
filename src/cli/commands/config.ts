import type { ChangedSetting, Setting } from '../../app/board-config.ts';
import { OrcError } from '../../errors.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { settingLines } from '../views/config.ts';

const list = defineCommand<Setting[]>({
  name: 'list',
  aliases: ['ls'],
  isDefault: true,
  words: '',
  summary: 'Show each setting, and where its value comes from',
  details:
    'Later ones win: defaults, orc.yaml on the board, git config orc.* of the clone, ORC_* of the process. The last four are set by git alone: git config orc.runChecks true.',
  examples: ['orc config', 'orc config list --json'],
  data: 'Setting[]',
  async run(call) {
    const orc = await call.openToRead();
    const { listConfig } = await import('../../app/board-config.ts');
    return call.answer(await listConfig(orc));
  },
  view: ({ data }, look) => settingLines(data, look),
});

const get = defineCommand<Setting>({
  name: 'get',
  words: '<key>',
  summary: 'Print the value of a setting',
  examples: ['orc config get publish'],
  data: 'Setting',
  async run(call) {
    const orc = await call.openToRead();
    const { getConfig } = await import('../../app/board-config.ts');
    return call.answer(await getConfig(orc, call.word(0)));
  },
  view: ({ data }, look) => [look.line(String(data.value))],
});

const set = defineCommand<ChangedSetting>({
  name: 'set',
  words: '<key> <value>',
  summary: 'Change a setting: of this clone, or with --shared of the board',
  options: [{ flags: '--shared', summary: 'in orc.yaml on the board, for everybody' }],
  examples: ['orc config set agent agent-1', 'orc config set lease 1h --shared'],
  data: 'ChangedSetting',
  async run(call) {
    if (call.globals.op !== undefined)
      throw new OrcError('usage', 'a setting may take several operations: --op does not fit it');
    const orc = await call.open();
    const { setConfig } = await import('../../app/board-config.ts');
    const data = await setConfig(orc, call.word(0), call.word(1), { shared: call.flag('shared') });
    const { published } = data;
    const isUnwanted = published === false && (await orc.publishMode()) === 'each';
    return { ...(await call.answer(data)), published, reason: isUnwanted ? 'the upstream did not take it' : null };
  },
  view: ({ data }, look) => [
    look.line(`Set ${data.key} = ${data.value} (${data.source}${data.from === null ? '' : `: ${data.from}`})`),
  ],
});

export const configCommands: readonly CommandSpec[] = [list, get, set];
