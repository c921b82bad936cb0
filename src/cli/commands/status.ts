import type { WatchNotice } from '../../app/follow.ts';
import type { StatusReport } from '../../app/status.ts';
import type { Call } from '../call.ts';
import { type CommandResult, type CommandSpec, defineCommand } from '../command.ts';
import { escapeText } from '../escape.ts';
import { ended, printDocument, printNotice, untilEnded } from '../stream.ts';

export const status: CommandSpec = defineCommand<{ report: StatusReport; text: string }>({
  name: 'status',
  words: '',
  summary: 'Show the board at a glance',
  details: [
    'Shows the board as this clone knows it; --fresh asks the upstream first.',
    'With --watch it is shown again whenever it has changed, here or elsewhere, until Ctrl-C; with --json one document a line.',
  ].join('\n'),
  options: [{ flags: '--watch', summary: 'go on, and show each change' }],
  examples: ['orc status', 'orc s --fresh', 'orc status --json', 'orc status --watch'],
  data: 'StatusReport',
  async run(call) {
    if (call.flag('watch')) return keepShowing(call);
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

/** On a terminal the leases are counted down. */
const redrawMs = 5_000;
const clearScreen = '\u001b[H\u001b[2J';

async function keepShowing(call: Call): Promise<CommandResult<{ report: StatusReport; text: string }>> {
  const [{ watchStatus }, { statusText }] = await Promise.all([
    import('../../app/watch.ts'),
    import('../../app/status.ts'),
  ]);
  const orc = await call.open();
  const end = await untilEnded(call, undefined);
  const onNotice = (notice: WatchNotice): void => printNotice(call, notice);
  const { isTty, json } = { isTty: call.io.isTty, json: call.globals.json };
  let shown = '';
  for await (const report of watchStatus(orc, {
    signal: end.signal,
    onNotice,
    ...(isTty ? { idleMs: redrawMs } : {}),
  })) {
    const text = statusText(report, orc.world.clock.now());
    // When the upstream answered last is no news of its own.
    const news = JSON.stringify({ ...report, sync: { ...report.sync, last_contact: null } });
    if (json && news !== shown) printDocument(call, report, null, report.version);
    else if (!json && isTty) call.io.stdout(`${clearScreen}${escapeText(text)}\n`);
    else if (news !== shown) call.io.stdout(`${shown === '' ? '' : '\n'}${escapeText(text)}\n`);
    shown = news;
    if (end.signal.aborted) break;
  }
  return ended({ report: await orc.status(), text: '' });
}
