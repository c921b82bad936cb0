import type { SyncResult } from '../../app/orc-core.ts';
import { OrcError } from '../../errors.ts';
import { type CommandSpec, defineCommand } from '../command.ts';

export const sync: CommandSpec = defineCommand<SyncResult>({
  name: 'sync',
  words: '',
  summary: 'Publish what waits, and bring what others did',
  examples: ['orc sync', 'orc sync --timeout 2m'],
  data: '{ published, rejected, waiting, version, reachable, reason }',
  async run(call) {
    const orc = await call.open();
    const data = await orc.sync();
    const { waiting, reason, version } = data;
    if (waiting === 0 && reason !== null) {
      throw new OrcError('unreachable', `${orc.connection.transport.label} could not be reached: ${reason}`, {
        hint: 'check the remote and the network; what is known here can still be read',
      });
    }
    const state = waiting > 0 ? 'queued' : 'published';
    return {
      data,
      published: waiting === 0,
      version,
      state,
      ...(waiting > 0 ? { reason: reason ?? 'others are publishing' } : {}),
    };
  },
  view: ({ data }) => {
    const { published, rejected, waiting, version } = data;
    return [
      `Synced: ${published} published, ${rejected} rejected, ${waiting} waiting (version ${version})`,
      ...(rejected > 0 ? ['See `orc rejected`.'] : []),
    ];
  },
});
