import type { SyncResult } from '../../app/orc-core.ts';
import { OrcError } from '../../errors.ts';
import { type CommandSpec, defineCommand } from '../command.ts';

export const sync: CommandSpec = defineCommand<SyncResult>({
  name: 'sync',
  words: '',
  summary: 'Publish what waits, and bring what others did',
  options: [
    {
      flags: '--accept-rewrite',
      summary:
        'go on from an upstream that was rewritten or moved back; the old chain is kept under refs/orc/rewritten/',
    },
  ],
  examples: ['orc sync', 'orc sync --timeout 2m', 'orc sync --accept-rewrite'],
  data: '{ published, rejected, waiting, version, reachable, reason, hint, kept }',
  async run(call) {
    const orc = await call.open();
    const data = await orc.sync({ acceptRewrite: call.flag('acceptRewrite') });
    const { waiting, reason, version } = data;
    if (waiting === 0 && reason !== null) {
      const { label } = orc.connection.transport;
      const isAnswer = reason.startsWith(`${label} answers `);
      throw new OrcError('unreachable', isAnswer ? reason : `${label} could not be reached: ${reason}`, {
        hint: data.hint ?? 'check the remote and the network; what is known here can still be read',
      });
    }
    if (waiting > 0)
      return { data, published: false, version, state: 'queued', reason: reason ?? 'others are publishing' };
    return data.published > 0
      ? { data, published: true, version, state: 'published' }
      : { data, published: null, version };
  },
  view: ({ data }, look) => {
    const { published, rejected, waiting, version, kept, hint } = data;
    return [
      ...(kept === null ? [] : [`The old chain is kept in the board store as ${kept}`]),
      `Synced: ${published} published, ${rejected} rejected, ${waiting} waiting (version ${version})`,
      ...(rejected > 0 ? ['See `orc rejected`.'] : []),
      ...(hint === null ? [] : [look.line(`hint: ${hint}`)]),
    ];
  },
});
