import type { LockCheck } from '../../app/check-lock.ts';
import type { ListedLock } from '../../app/list-locks.ts';
import type { Lock } from '../../core/records.ts';
import { OrcError } from '../../errors.ts';
import type { Call } from '../call.ts';
import { type CommandSpec, defineCommand, type OptionSpec } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { checkLines, deniedLine, holdLine, lockLines } from '../views/lock.ts';

const ttl: OptionSpec = {
  flags: '--ttl <time>',
  summary: 'how long it holds: 90s, 10m; a bare number counts seconds (default: `lock_ttl` of the settings, 60s)',
};
const token: OptionSpec = { flags: '--token <n>', summary: 'proves the lock where it was not acquired here' };

const acquire = defineCommand<Lock>({
  name: 'acquire',
  words: '<resource> [agent]',
  summary: 'Acquire a lock, or extend one that is held',
  details:
    'A resource is a name such as `deploy`, or files: `path:src/api/**`. Two of the latter are in conflict when they can match the same file. Asked for again, a lock is extended and becomes what is asked for: shared with --shared, otherwise exclusive, which is refused while others share it. Exit code 3: somebody else holds it.',
  options: [
    ttl,
    { flags: '--shared', summary: 'together with others who ask for it shared' },
    { flags: '--reason <text>', summary: 'what for; others see it' },
    { flags: '--wait <time>', summary: 'wait so long for it to become free' },
    token,
  ],
  examples: [
    'orc l acquire deploy agent-1',
    'orc l acquire "path:src/api/**" agent-1 --ttl 10m --reason "moving the routes" --wait 2m',
  ],
  data: 'Lock',
  async run(call) {
    const [resource = '', named] = call.words;
    const args = {
      resource,
      ttl_ms: call.duration('ttl'),
      shared: call.flag('shared') ? true : undefined,
      reason: call.text('reason'),
      token: call.whole('token', 1),
    };
    const waitMs = call.duration('wait') ?? 0;
    const actor = await call.actor(named);
    const acquire = () => call.perform<Lock>('lock.acquire', args, actor);
    if (waitMs === 0) return acquire();
    const { acquireWaiting, courtesyFor } = await import('../../app/wait-for-lock.ts');
    const orc = await call.open();
    const courtesyMs = await courtesyFor(orc, resource, actor);
    return acquireWaiting(orc.world, { waitMs, signal: call.io.signal, courtesyMs }, acquire);
  },
  view: ({ data }, look, call) => [look.line(`Lock acquired: ${data.resource}`), ...holdLine(data, call.actedAs, look)],
  viewRefusal: (error, look, call) => (error.code === 'lock-held' ? deniedLine(call.word(0), error, look) : null),
});

const release = defineCommand<Lock | null>({
  name: 'release',
  words: '<resource> [agent]',
  summary: 'Release a lock',
  options: [token],
  examples: ['orc l release deploy agent-1', 'orc l release deploy --token 12 --agent agent-1'],
  data: 'Lock | null',
  async run(call) {
    const proof = call.whole('token', 1);
    const [resource = '', named] = call.words;
    return call.perform('lock.release', { resource, token: proof }, await lockActor(call, resource, named));
  },
  view: (_, look, call) => [look.line(`Lock released: ${call.word(0)}`)],
  viewRefusal: notHeld,
});

const renew = defineCommand<Lock>({
  name: 'renew',
  words: '<resource> [agent]',
  summary: 'Extend a lock that is held',
  options: [ttl, token],
  examples: ['orc l renew deploy agent-1 --ttl 5m'],
  data: 'Lock',
  async run(call) {
    const args = { ttl_ms: call.duration('ttl'), token: call.whole('token', 1) };
    const [resource = '', named] = call.words;
    return call.perform('lock.renew', { resource, ...args }, await lockActor(call, resource, named));
  },
  view: ({ data }, look, call) => [look.line(`Lock renewed: ${data.resource}`), ...holdLine(data, call.actedAs, look)],
  viewRefusal: notHeld,
});

const list = defineCommand<ListedLock[]>({
  name: 'list',
  aliases: ['ls'],
  words: '',
  summary: 'List the locks that are held',
  details:
    'A lock whose time is up is shown as running out until others may have it: clocks may differ by `clock_skew`. In JSON each holder has `expires_in_ms` and `free_from`.',
  examples: ['orc l list', 'orc l ls --fresh'],
  data: 'ListedLock[]',
  async run(call) {
    const orc = await call.openToRead();
    const { listLocks } = await import('../../app/list-locks.ts');
    return call.answer(await listLocks(orc));
  },
  view: ({ data }, look) => lockLines(data, look),
});

const check = defineCommand<LockCheck>({
  name: 'check',
  words: '<resource> [agent]',
  summary: 'Ask the upstream whether a resource is free',
  details:
    'Exit code 0: it is free, or mine. 3: somebody else holds it. Anything else means that it could not be found out, so keep off: 1 the upstream was not reached, 2 the words make no sense, 6 its history was rewritten. It is mine when it was acquired here, or with its --token.',
  options: [token],
  examples: ['orc l check deploy', 'orc l check path:src/api/routes.ts agent-1 && vi src/api/routes.ts'],
  data: 'LockCheck',
  async run(call) {
    const proof = call.whole('token', 1);
    const orc = await call.open();
    const { checkLock } = await import('../../app/check-lock.ts');
    const [resource = '', named] = call.words;
    const agent = await lockActor(call, resource, named).catch(() => undefined);
    const data = await checkLock(orc, resource, { agent, token: proof });
    return call.answer(data, data.state === 'held' ? exitCodes.refused : exitCodes.done);
  },
  view: ({ data }, look) => checkLines(data, look),
});

const breakLock = defineCommand<Lock | null>({
  name: 'break',
  words: '<resource> [agent]',
  summary: 'Take a lock from whoever holds it; the reason goes into the log',
  options: [{ flags: '--reason <text>', summary: 'why (required)' }],
  examples: ['orc l break deploy agent-2 --reason "agent-1 was stopped by hand"'],
  data: 'Lock | null',
  async run(call) {
    const reason = call.text('reason');
    if (!reason)
      throw new OrcError('usage', 'why? Breaking a lock needs --reason', {
        hint: '`orc l break <resource> --reason "…"`',
      });
    const orc = await call.open();
    const [resource, named] = call.words;
    return call.perform('lock.break', { resource, reason }, await orc.actor(named));
  },
  view: (_, look, call) => [look.line(`Lock broken: ${call.word(0)}`)],
});

/** Who holds it: named, or remembered from when it was acquired here. */
async function lockActor(call: Call, resource: string, named: string | undefined): Promise<string> {
  const orc = await call.open();
  const actor = await orc.actor(named);
  if (actor === 'system') {
    const remembered = await orc.holds.find('lock', resource);
    if (remembered !== null) return call.actor(remembered.agent);
  }
  return call.actor(named);
}

function notHeld(
  { code }: OrcError,
  look: Parameters<NonNullable<CommandSpec['viewRefusal']>>[1],
  call: Call,
): string | null {
  return code === 'not-holder' || code === 'stale-token' ? look.line(`Lock not held by ${call.actedAs}`) : null;
}

export const lockCommands: readonly CommandSpec[] = [acquire, release, renew, list, check, breakLock];
