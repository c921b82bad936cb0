import { type CommandSpec, defineCommand } from '../command.ts';
import { configLines, type ListedSetting } from '../views/config.ts';

const list = defineCommand<readonly ListedSetting[]>({
  name: 'list',
  isDefault: true,
  words: '',
  summary: 'Show each setting, and where its value comes from',
  examples: ['orc config', 'orc config list --json'],
  data: 'Setting[]',
  async run(call) {
    const orc = await call.openToRead();
    const { listConfig } = await import('../../app/board-config.ts');
    return call.answer(await listConfig(orc));
  },
  view: ({ data }, look) => configLines(data, look),
});

const get = defineCommand<ListedSetting>({
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
  view: ({ data }, look) => [look.line(String(data.value ?? ''))],
});

const set = defineCommand<unknown>({
  name: 'set',
  words: '<key> <value>',
  summary: 'Change a setting: of this clone, or with --shared of the board',
  options: [{ flags: '--shared', summary: 'in orc.yaml on the board, for everybody' }],
  examples: ['orc config set agent agent-1', 'orc config set lease 1h --shared'],
  data: 'Setting',
  async run(call) {
    const orc = await call.open();
    const { setConfig } = await import('../../app/board-config.ts');
    return call.answer(await setConfig(orc, call.word(0), call.word(1), { shared: call.flag('shared') }));
  },
  view: (_, look, call) => [look.line(`Set ${call.word(0)} = ${call.word(1)}`)],
});

export const configCommands: readonly CommandSpec[] = [list, get, set];
