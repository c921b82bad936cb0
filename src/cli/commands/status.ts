import type { StatusReport } from '../../app/status.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { escapeText } from '../escape.ts';

export const status: CommandSpec = defineCommand<{ report: StatusReport; text: string }>({
  name: 'status',
  words: '',
  summary: 'Show the board at a glance',
  details: 'Shows the board as this clone knows it; --fresh asks the upstream first.',
  examples: ['orc status', 'orc s --fresh', 'orc status --json'],
  data: 'StatusReport',
  async run(call) {
    const orc = await call.openToRead();
    const { statusText } = await import('../../app/status.ts');
    const report = await orc.status();
    return {
      data: { report, text: statusText(report, orc.world.clock.now()) },
      published: null,
      version: report.version,
    };
  },
  toJson: ({ report }) => report,
  view: ({ data }) => [escapeText(data.text)],
});
