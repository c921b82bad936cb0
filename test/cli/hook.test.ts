/** `orc hook` with the events of coding agents: what it says, what it does, and that nothing of it stops an agent. */
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { agentEvent } from '../support/agent-events.ts';
import {
  addTask,
  type OrcRunner,
  orcIn,
  orcWithBoard,
  type Ran,
  type RunnerOptions,
  worldWithoutWaiting,
} from '../support/command-line.ts';
import { git, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

type Answer = { decision?: string; reason?: string; hookSpecificOutput?: Record<string, string> } | null;

interface Hooked extends Ran {
  readonly answer: Answer;
}

/** Runs `orc hook` in a folder, as an agent there would. */
function hooksIn(folder: string, options: RunnerOptions = {}) {
  return async (event: string, recorded: string, changes = {}, ...words: string[]): Promise<Hooked> => {
    const orc = orcIn(folder, { ...options, input: agentEvent(recorded, folder, changes) });
    const ran = await orc('hook', event, ...words);
    expect(ran.code, ran.err).toBe(0);
    expect(ran.out.split('\n').length).toBeLessThan(3);
    return Object.assign(ran, { answer: ran.out === '' ? null : (JSON.parse(ran.out) as Answer) });
  };
}
const contextOf = ({ answer }: Hooked): string => answer?.hookSpecificOutput?.additionalContext ?? '';
const edit = ['pre-tool-use', 'pre-tool-use-edit'] as const;
/** Of the session in test/fixtures/agent-events. */
const self = 'session-e44d241c';

async function selfIn(folder: string): Promise<string> {
  return /You are (\S+):/.exec(contextOf(await hooksIn(folder)('session-start', 'session-start-startup')))?.[1] ?? '';
}

async function heldBy(orc: OrcRunner, agent: string): Promise<string[]> {
  const { data } = (await orc('t', 'list', '--json')).json();
  return (data as { id: string; assigned_to: string | null }[])
    .filter(({ assigned_to }) => assigned_to === agent)
    .map(({ id }) => id);
}

test('a session from its start to its end', async () => {
  const { orc, folder } = await orcWithBoard();
  const hook = hooksIn(folder);
  const id = await addTask(orc, 'Mend\u0007 the `cart`');
  await addTask(orc, 'Another');
  const envFile = path.join(makeTempDir(), 'env');
  const env = { ...process.env, CLAUDE_ENV_FILE: envFile };
  const start = await hooksIn(folder, { env })('session-start', 'session-start-startup');
  const context = contextOf(start);
  expect(context).toContain(`You are ${self}:`);
  expect(context).toContain(`- build/${id} \`\` Mend\\x07 the \`cart\` \`\``);
  expect(fs.readFileSync(envFile, 'utf8')).toBe(`export ORC_AGENT=${self}\n`);
  await hooksIn(folder, { env })('session-start', 'session-start-compact');
  expect(fs.readFileSync(envFile, 'utf8')).toBe(`export ORC_AGENT=${self}\n`);
  expect((await orc('a', 'list', '--json')).json().data).toMatchObject([{ id: self, status: 'active' }]);
  // What the same agent is told by hand is the same, and so is what it is told when its context was compacted.
  expect((await orc('prime', self)).out).toBe(contextOf(await hook('session-start', 'session-start-compact')));

  await orc('t', 'claim', id, self);
  expect((await hook(...edit)).answer).toBe(null);
  expect(contextOf(await hook('session-start', 'session-start-resume'))).toContain('\nYours:\n- build/');
  const held = await hook('stop', 'stop');
  expect(held.answer).toMatchObject({ decision: 'block', reason: expect.stringContaining(`orc t complete ${id} `) });
  expect((await hook('stop', 'stop')).answer).toBe(null);

  await hook('session-end', 'session-end-prompt-input-exit');
  expect(await heldBy(orc, self)).toEqual([]);
  expect((await orc('t', 'show', id)).out).toContain(
    'released: its session ended (prompt_input_exit); it worked on the branch ',
  );
  // It is not seen any more, until it is resumed.
  expect((await orc('a', 'list', '--json')).json().data).toEqual([]);
  expect(fs.readdirSync(path.join(folder, '.git/orc/board.git/agent-hooks'))).toEqual(['asked.json']);
  await hook('session-start', 'session-start-resume');
  expect((await orc('a', 'list', '--json')).json().data).toMatchObject([{ id: self }]);
});

test('an agent that keeps its name keeps its tasks through clear, and where it is told so', async () => {
  const { orc, folder } = await orcWithBoard();
  const id = await addTask(orc, 'Task');
  await orc('t', 'claim', id, 'ann');
  const hook = hooksIn(folder, { env: { ...process.env, ORC_AGENT: 'ann' } });
  expect(contextOf(await hook('session-start', 'session-start-startup'))).toContain('You are ann:');
  // `orc work` sees to the task that it gave.
  const given = { ...process.env, ORC_AGENT: 'ann', ORC_TASK: id, ORC_CLAIM_TOKEN: '3' };
  expect((await hooksIn(folder, { env: given })('stop', 'stop')).answer).toBe(null);
  await hooksIn(folder, { env: given })('session-end', 'session-end-other');
  await hook('session-end', 'session-end-clear');
  await hook('session-end', 'session-end-resume');
  await hook('session-end', 'session-end-other', {}, '--keep');
  git(folder, 'config', 'orc.handOver', 'false');
  await hook('session-end', 'session-end-logout');
  expect(await heldBy(orc, 'ann')).toEqual([id]);
  expect((await hook('stop', 'stop-active')).answer).toBe(null);
  expect((await hook('stop', 'stop', {}, '--quiet')).answer).toBe(null);
  git(folder, 'config', 'orc.stopReminder', 'false');
  expect((await hook('stop', 'stop')).answer).toBe(null);
  git(folder, 'config', 'orc.stopReminder', 'true');
  expect((await hook('stop', 'gemini-after-agent')).answer).toMatchObject({ decision: 'deny' });
  git(folder, 'config', 'orc.handOver', 'true');
  await hook('session-end', 'gemini-session-end');
  expect(await heldBy(orc, 'ann')).toEqual([]);
  expect((await orc('a', 'list', '--json')).json().data).toMatchObject([{ id: 'ann', status: 'active' }]);
});

test('an edit of what somebody else has locked is refused, in the words of the agent', async () => {
  const { orc, folder } = await orcWithBoard();
  const hook = hooksIn(folder);
  expect((await hook(...edit)).answer).toBe(null);
  await orc('l', 'acquire', 'path:src/**', 'bob', '--ttl', '5m');
  const { answer } = await hook(...edit);
  expect(answer?.hookSpecificOutput).toMatchObject({ hookEventName: 'PreToolUse', permissionDecision: 'deny' });
  expect(answer?.hookSpecificOutput?.permissionDecisionReason).toMatch(/^`src\/cart\.ts` is locked by `bob` until /);
  expect((await hook('pre-tool-use', 'gemini-before-tool-replace')).answer).toMatchObject({ decision: 'deny' });
  expect((await hook('pre-tool-use', 'codex-pre-tool-use-apply-patch')).answer).not.toBe(null);
  for (const free of ['pre-tool-use-notebook-edit', 'pre-tool-use-read', 'pre-tool-use-bash'])
    expect((await hook('pre-tool-use', free)).answer).toBe(null);
  expect((await hook(...edit, {}, '--agent', 'bob')).answer).toBe(null);
  expect((await hook(...edit, { session_id: 7 })).answer).not.toBe(null);
  await orc('config', 'set', 'edit_locks', 'off', '--shared');
  expect((await hook(...edit)).answer).toBe(null);
  expect((await orc('l', 'list', '--json')).json().data).toHaveLength(1);
});

test('nobody is locked out by its own parallel calls', async () => {
  const { orc, folder } = await orcWithBoard();
  await orc('config', 'set', 'edit_locks', 'take', '--shared');
  const hook = hooksIn(folder);
  await hook('session-start', 'session-start-startup');
  const both = await Promise.all([hook(...edit), hook(...edit)]);
  expect(both.map(({ answer }) => answer)).toEqual([null, null]);
  expect((await orc('l', 'list')).out).toMatch(new RegExp(`^path:src/cart.ts: held by ${self} [^\n]*\n$`));
});

test('where the board says so, a file is locked for whoever edits it, and freed when the session ends', async () => {
  const world = worldWithoutWaiting();
  const { orc, folder } = await orcWithBoard({ world });
  await orc('config', 'set', 'edit_locks', 'take', '--shared');
  const hook = hooksIn(folder, { world });
  const version = async () => (await orc('status', '--json')).json().version ?? 0;
  const locks = async () => (await orc('l', 'list')).out;
  await hook('session-start', 'session-start-startup');
  expect((await hook(...edit)).answer).toBe(null);
  expect(await locks()).toBe(`path:src/cart.ts: held by ${self} (10m left) - being edited\n`);
  const before = await version();
  await hook(...edit);
  await hook('pre-tool-use', 'pre-tool-use-bash');
  expect(await version()).toBe(before);
  const other = { session_id: 'another' };
  expect((await hook(...edit, other)).answer?.hookSpecificOutput?.permissionDecisionReason).toContain(`\`${self}\``);
  // Any event keeps it, when a third of its time has gone.
  world.pass(8 * 60_000);
  await hook('pre-tool-use', 'pre-tool-use-read');
  world.pass(8 * 60_000);
  expect((await hook(...edit, other)).answer).not.toBe(null);
  await orc('l', 'acquire', 'deploy', self, '--ttl', '1h');
  await hook('session-end', 'session-end-clear', {}, '--keep');
  expect(await locks()).toMatch(/^deploy: held by [^\n]*\n$/);
});

test('what others lock elsewhere is known within seconds; an upstream that is away holds nobody up', async () => {
  const world = worldWithoutWaiting();
  const remote = makeBareRemote();
  const [here, there] = [makeClone(remote), makeClone(remote)];
  const [orc, bob] = [orcIn(here, { world }), orcIn(there, { world })];
  const hook = hooksIn(here, { world });
  await bob('ws', 'create', 'build');
  // The clone was made before there was a board, and has not heard of it.
  expect((await hook('session-start', 'session-start-startup')).answer).toBe(null);
  expect(fs.existsSync(path.join(here, '.git/orc'))).toBe(false);
  git(here, 'fetch', '--quiet');
  expect((await hook(...edit)).answer).toBe(null);
  expect(fs.existsSync(path.join(here, '.git/orc'))).toBe(false);
  expect(await selfIn(here)).toBe(self);
  await addTask(orc, 'Task');
  await orc('t', 'next', '--any', self);
  await bob('l', 'acquire', 'path:src/cart.ts', 'bob', '--ttl', '2h');
  world.pass(16_000);
  expect((await hook(...edit)).answer).not.toBe(null);
  await bob('l', 'acquire', 'path:notes/*', 'bob', '--ttl', '2h');
  const notebook = ['pre-tool-use', 'pre-tool-use-notebook-edit'] as const;
  expect((await hook(...notebook)).answer).toBe(null);
  world.pass(16_000);
  expect((await hook(...notebook)).answer).not.toBe(null);

  fs.renameSync(remote, `${remote}-away`);
  world.pass(25 * 60_000);
  expect((await hook(...edit)).answer).not.toBe(null);
  // It does not ask again for a while: what it would renew can wait.
  const started: string[] = [];
  const counting = { ...world, onStart: (args: readonly string[]) => void started.push(args.join(' ')) };
  expect((await hooksIn(here, { world: counting })(...edit)).answer).not.toBe(null);
  expect(started.filter((args) => /fetch|push|ls-remote/.test(args))).toEqual([]);
  expect((await hook('stop', 'stop-active')).answer).toBe(null);
  expect(contextOf(await hook('session-start', 'session-start-clear'))).toContain('\nYours:\n');
  await hook('session-end', 'session-end-other');
  fs.renameSync(`${remote}-away`, remote);
  // What it gave back at its end was kept, and goes with the next round.
  await orc('sync');
  await bob('sync');
  expect(await heldBy(bob, self)).toEqual([]);
});

test('in a linked work tree an agent is called as its commands are, wherever it walks', async () => {
  const { folder } = await orcWithBoard();
  git(folder, 'commit', '--quiet', '--allow-empty', '-m', 'x');
  const linked = path.join(makeTempDir(), 'feature-x');
  git(folder, 'worktree', 'add', '--quiet', linked);
  expect(await selfIn(linked)).toBe('feature-x');
  expect(contextOf(await hooksIn(folder)('session-start', 'session-start-compact'))).toContain('You are feature-x:');
});

test('the folder of the event counts before that of the process, and a folder that was named before both', async () => {
  const { folder } = await orcWithBoard();
  const elsewhere = makeTempDir();
  const input = agentEvent('session-start-startup', folder);
  expect((await orcIn(elsewhere, { input })('hook', 'session-start')).out).not.toBe('');
  expect((await orcIn(folder, { input })('-C', elsewhere, 'hook', 'session-start')).out).toBe('');
  const gone = agentEvent('session-start-startup', path.join(elsewhere, 'gone'));
  const env = { ...process.env, CLAUDE_PROJECT_DIR: folder };
  expect((await orcIn(elsewhere, { input: gone, env })('hook', 'session-start')).out).not.toBe('');
});
