/** `orc mcp` as it ships: the kit's own client over real pipes, two servers on two clones of one remote. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { expect, onTestFinished, test } from 'vitest';
import { projectRoot } from '../support/bundle.ts';
import { makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { callTool } from '../support/mcp-client.ts';
import { orcCommand, runOrc } from '../support/run-orc.ts';
import { Transcript } from './mcp-session.ts';

const page = path.join(projectRoot, 'docs/mcp-session.md');
const environment = (env: NodeJS.ProcessEnv = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ ...process.env, ORC_TIMEOUT: '', ...env }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );

async function connect(cwd: string, agent: string, ...options: string[]) {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [orcCommand, 'mcp', ...options],
    cwd,
    env: environment({ ORC_AGENT: agent }),
    stderr: 'pipe',
  });
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  onTestFinished(() => client.close());
  await client.listTools();
  return { client, transport };
}

async function twoClones() {
  const remote = makeBareRemote();
  const [left, right] = [makeClone(remote), makeClone(remote)];
  const orc = async (...words: string[]) =>
    (await runOrc([...words, '--json'], { cwd: left })).json<{ data: { id: string } }>();
  await orc('ws', 'create', 'shop', 'The web shop');
  const { data: first } = await orc(
    't',
    'add',
    'shop',
    'Sign in with a token',
    'Sessions end after an hour.',
    '--path',
    'src/auth/**',
  );
  const { data: second } = await orc('t', 'add', 'shop', 'Describe how to sign in', '--depends-on', first.id);
  return { left, right, first: first.id, second: second.id };
}

test('two agents on two clones share a board by their tools; docs/mcp-session.md tells how', async () => {
  const { left, right, first, second } = await twoClones();
  const transcript = new Transcript();
  const [ann, bob] = await Promise.all([connect(left, 'ann', '--tools', 'all'), connect(right, 'bob')]);
  const speaking =
    (name: string, { client }: { client: Client }) =>
    async (tool: string, args: Record<string, unknown> = {}) => {
      const told = await callTool(client, tool, args);
      transcript.called(name, tool, args, told);
      return told;
    };
  const asAnn = speaking('ann', ann);
  const asBob = speaking('bob', bob);
  transcript.say(intro);

  transcript.say('## ann registers, and takes a task');
  expect((await asAnn('agent_register', { capabilities: ['typescript'] })).structured.published).toBe(true);
  expect((await asAnn('task_next', { workstream: 'shop' })).structured.data).toMatchObject({ id: first });
  expect((await asAnn('brief')).text).toContain('Sessions end after an hour.');
  await asAnn('lock_acquire', { resource: 'path:src/auth/**', reason: 'new session store' });

  transcript.say('## bob is told what ann holds');
  const status = await asBob('status');
  expect(status.text).toContain(`shop/${first}: Sign in with a token -> ann`);
  expect(status.text).toContain('path:src/auth/**: held by ann');
  const refused = await asBob('lock_acquire', { resource: 'path:src/auth/token.ts' });
  expect(refused).toMatchObject({
    isError: true,
    structured: { error: { code: 'lock-held', details: { by: 'ann' } } },
  });
  expect(refused.text).toContain('held by ann');
  expect((await asBob('task_claim', { id: first })).structured.error.code).toBe('already-claimed');
  expect((await asBob('task_next')).structured.data).toBeNull();

  transcript.say('## ann writes down what she found out, and completes the task');
  const updated = new Promise<string>((resolve) => {
    bob.client.setNotificationHandler('notifications/resources/updated', ({ params }) => resolve(params.uri));
  });
  const uri = `orc://task/shop/${first}`;
  await bob.client.subscribeResource({ uri });
  await asAnn('knowledge_write', {
    topic: 'auth/tokens',
    content: 'Tokens are kept for an hour, in `src/auth/store.ts`.',
    paths: ['src/auth/**'],
  });
  await asAnn('lock_release', { resource: 'path:src/auth/**' });
  await asAnn('task_complete', { id: first, result: 'Signing in works with a token; see auth/tokens.' });
  expect(await updated).toBe(uri);
  transcript.heard('bob', `\`notifications/resources/updated\` for \`${uri}\`, to which he had subscribed.`);

  transcript.say('## bob goes on from there');
  expect((await asBob('task_next')).structured.data).toMatchObject({ id: second });
  expect((await asBob('knowledge_search', { words: 'tokens hour' })).structured.data).toMatchObject([
    { topic: 'auth/tokens' },
  ]);
  expect((await asBob('brief')).text).toContain('Signing in works with a token');

  transcript.say('## bob goes away in the middle');
  await bob.client.close();
  transcript.say("bob's client is closed: his server hands his task back before it ends.");
  const after = await asAnn('task_show', { id: second });
  expect(after.structured.data).toMatchObject({ status: 'pending', assigned_to: null });
  expect(after.text).toContain('handed back: the client of bob went away');

  const rendered = transcript.render();
  if (process.env.UPDATE_DOCS) writeFileSync(page, rendered);
  expect(existsSync(page) ? readFileSync(page, 'utf8') : '').toBe(rendered);
});

/** A server with which a test speaks line by line. */
function startRaw(cwd: string, agent: string) {
  const child = spawn(process.execPath, [orcCommand, 'mcp'], {
    cwd,
    env: environment({ ORC_AGENT: agent }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let rest = '';
  let err = '';
  let next = 1;
  const waiting = new Map<number, (result: unknown) => void>();
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk;
  });
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const [...whole] = (rest + chunk).split('\n');
    rest = whole.pop() ?? '';
    for (const line of whole) {
      lines.push(line);
      const { id, result, error } = JSON.parse(line) as { id?: number; result?: unknown; error?: unknown };
      if (id !== undefined) waiting.get(id)?.(result ?? error);
    }
  });
  const write = (text: string): void => void child.stdin.write(`${text}\n`);
  const ask = (method: string, params: object): Promise<unknown> => {
    const id = next++;
    const answer = new Promise((resolve) => waiting.set(id, resolve));
    write(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return answer;
  };
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    child: child as ChildProcess & { stdin: NodeJS.WritableStream },
    lines,
    ask,
    write,
    ended,
    errors: () => err,
  };
}

const hello = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } };

test('a broken client does no harm: lines that are none, SIGTERM, a closed pipe, SIGKILL', async () => {
  const { left, right, first } = await twoClones();
  const one = startRaw(left, 'ann');
  for (const line of [
    '',
    '{',
    'null',
    '[]',
    '{"jsonrpc":"2.0"}',
    '\u0000\u0007',
    '{"jsonrpc":"1.0","id":9,"method":"x"}',
  ])
    one.write(line);
  expect(await one.ask('initialize', hello)).toMatchObject({
    serverInfo: { name: 'orc' },
    instructions: expect.stringContaining('"ann"'),
  });
  const faults = one.lines.map((line) => JSON.parse(line)).filter(({ id }) => id === null);
  expect(faults.map(({ error }) => error.code)).toEqual([-32700, -32600, -32600, -32700]);
  one.write('{"jsonrpc":"2.0","method":"notifications/initialized"}');
  expect(await one.ask('no/such/method', {})).toMatchObject({ code: -32601 });
  expect(await one.ask('tools/call', { name: 'nothing', arguments: {} })).toMatchObject({ code: -32602 });
  expect(await one.ask('tools/call', { name: 'task_next', arguments: [] })).toMatchObject({ code: expect.any(Number) });
  expect(await one.ask('tools/call', { name: 'task_next', arguments: {} })).toMatchObject({
    structuredContent: { data: { id: first, assigned_to: 'ann' }, published: true },
  });
  // Nothing but the protocol on standard output.
  for (const line of one.lines) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' });
  expect(one.errors()).toContain('orc mcp: serving as ann: 12 tools');
  one.child.kill('SIGTERM');
  await one.ended;
  expect(one.errors()).toContain(`orc mcp: handed back: ${first}`);

  const two = startRaw(right, 'bob');
  await two.ask('initialize', hello);
  // The claim is under way when the pipe is closed: it is waited for, and handed back.
  void two.ask('tools/call', { name: 'task_claim', arguments: { id: first } });
  two.child.stdin.end();
  expect(await two.ended).toBe(0);
  const show = async () =>
    (await runOrc(['t', 'show', first, '--json', '--fresh'], { cwd: left })).json<{
      data: { status: string; claim: { lease_until: string } | null };
    }>().data;
  expect(await show()).toMatchObject({ status: 'pending' });

  const three = startRaw(right, 'bob');
  await three.ask('initialize', hello);
  await three.ask('tools/call', { name: 'task_claim', arguments: { id: first } });
  three.child.kill('SIGKILL');
  await three.ended;
  const { status, claim } = await show();
  expect(status).toBe('in_progress');
  // It runs out by itself.
  expect(Date.parse(claim?.lease_until ?? '') - Date.now()).toBeLessThan(30 * 60_000);
});

test('where it cannot serve it says why, and ends', async () => {
  const { left } = await twoClones();
  const wrong = await runOrc(['mcp', '--tools', 'task_nxt', '--json'], { cwd: left });
  expect([wrong.exitCode, wrong.stdout, wrong.errorCode()]).toEqual([2, '', 'invalid-argument']);
  const nowhere = await runOrc(['mcp', '--json'], { cwd: '/' });
  expect([nowhere.exitCode, nowhere.stdout, nowhere.errorCode()]).toEqual([1, '', 'no-repository']);
});

const intro = `# A session

What two agents, ann and bob, say to two servers (\`orc mcp\`) on two clones of one repository, and what they are told. The page is written from
a real session by \`UPDATE_DOCS=1 npx vitest run test/e2e/mcp.test.ts\`, and that test fails where a session comes out otherwise; ids are
replaced, and times are rounded. The board has a workstream, \`shop\`, with two tasks, of which the second waits for the first. ann's server was started
with \`--tools all\`, bob's has the default set. How to set it up: [mcp.md](mcp.md).`;
