/** What only a process of its own can show: streams that break, signals, exit codes as a shell sees them. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { buildCommandForTests, start } from '../support/built-command.ts';
import { orcIn, orcWithBoard } from '../support/command-line.ts';
import { git, installHook, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const command = buildCommandForTests();
const node = process.execPath;

function run(cwd: string, words: readonly string[], input = '') {
  return start(node, [command.file, ...words], { cwd, input }).ended;
}

test('answers on standard output, errors on standard error, exit codes', async () => {
  const { folder } = await orcWithBoard();
  expect(await run(folder, ['--version'])).toEqual({ code: 0, out: '0.0.0-test\n', err: '' });
  expect(await run(folder, ['ws', 'list'])).toMatchObject({ code: 0, err: '' });
  const refused = await run(folder, ['ws', 'create', 'build']);
  expect(refused).toMatchObject({ code: 3, out: '' });
  expect(refused.err).toMatch(/^error: workstream "build" already exists\nhint: /);
  expect((await run(folder, ['t', 'next', 'build', 'agent-1'])).code).toBe(4);
  expect((await run(folder, ['nosuch'])).code).toBe(2);
});

test('standard input is read to its end', async () => {
  const { orc, folder } = await orcWithBoard();
  const text = `${'línea\n'.repeat(20_000)}end`;
  expect((await run(folder, ['kb', 'write', 'long', '-'], text)).code).toBe(0);
  expect((await orc('kb', 'read', 'long')).out).toBe(text);
  // More than a pipe holds: all of it arrives.
  expect((await run(folder, ['kb', 'read', 'long'])).out).toBe(text);
});

test('a folder that was removed under the process is no repository; with -C another one is worked in', async () => {
  const { folder } = await orcWithBoard();
  const gone = `cd "$(mktemp -d)" && rmdir "$PWD" && exec "$@"`;
  const words = ['-c', gone, 'sh', node, command.file];
  const lost = await start('sh', [...words, 'status', '--json'], { cwd: folder }).ended;
  expect([lost.code, JSON.parse(lost.err).error.code]).toEqual([1, 'no-repository']);
  const elsewhere = await start('sh', [...words, '-C', folder, 'ws', 'create', 'from-nowhere'], { cwd: folder }).ended;
  expect(elsewhere).toMatchObject({ code: 0, err: '' });
  // Whoever changed folders without a shell left PWD as it was: that one is another board's.
  const stale = `from="$PWD"; ${gone.replace('exec', 'exec env PWD="$from"')}`;
  const misled = await start('sh', ['-c', stale, ...words.slice(2), 'status', '--json'], { cwd: folder }).ended;
  expect(misled).toMatchObject({ code: 1, out: '', err: expect.stringContaining('"no-repository"') });
});

test('a reader that goes away is no error', async () => {
  const { orc, folder } = await orcWithBoard();
  for (let n = 0; n < 5; n++) await orc('emit', 'agent-1', 'measured', `text=${'x'.repeat(60_000)}`);
  const script = `{ "$1" "$2" events --last 100; echo "exit $?" >&2; } | head -1`;
  const ended = await start('sh', ['-c', script, 'sh', node, command.file], { cwd: folder }).ended;
  expect(ended.err).toBe('exit 0\n');
  expect(ended.out).toMatch(/^\[\d\d:\d\d:\d\d\] system: board_created\n$/);
});

test('a watcher whose reader goes away ends, and so does one that is interrupted: neither failed', async () => {
  const { orc, folder } = await orcWithBoard();
  for (let n = 0; n < 5; n++) await orc('emit', 'agent-1', 'measured', `text=${'x'.repeat(60_000)}`);
  const script = `{ "$1" "$2" watch --json --since 0; echo "exit $?" >&2; } | head -1`;
  const cut = await start('sh', ['-c', script, 'sh', node, command.file], { cwd: folder }).ended;
  expect(cut.err).toBe('exit 0\n');
  expect(JSON.parse(cut.out)).toMatchObject({ data: { n: 1, action: 'board_created' }, published: true, version: 1 });

  const watching = start(node, [command.file, 'watch'], { cwd: folder });
  await vi.waitUntil(() => watching.printed().includes('--- Live ---'), { timeout: 10_000, interval: 20 });
  await orc('emit', 'agent-1', 'deployed');
  await vi.waitUntil(() => watching.printed().includes('deployed'), { timeout: 10_000, interval: 20 });
  watching.interrupt();
  expect(await watching.ended).toMatchObject({ code: 0, err: '' });
});

test('Ctrl-C while a push hangs: nothing is done later behind its back', { timeout: 30_000 }, async () => {
  const remote = makeBareRemote();
  const clone = makeClone(remote);
  const orc = orcIn(clone);
  await orc('ws', 'create', 'build');
  const reached = path.join(remote, 'reached');
  const gate = path.join(remote, 'gate');
  // It hangs until the gate is there; after a test that failed it ends by itself.
  const hang = `n=0; while [ ! -e '${gate}' ] && [ $n -lt 400 ]; do sleep 0.05; n=$((n+1)); done`;
  installHook(remote, 'pre-receive', `: > '${reached}'; ${hang}; exit 1`);

  const started = start(node, [command.file, 't', 'add', 'build', 'Task'], { cwd: clone });
  await vi.waitUntil(() => existsSync(reached), { timeout: 20_000, interval: 20 });
  started.interrupt();
  const ended = await started.ended;
  expect(ended).toMatchObject({ code: 130, out: '' });
  expect(ended.err).toMatch(/^interrupted\nhint: it may have arrived: --op [0-9a-f]{32} asks what became of it\n$/);
  // The push that was given up ends, refused.
  writeFileSync(gate, '');

  expect(readdirSync(path.join(clone, '.git/orc/board.git/queue'))).toEqual([]);
  installHook(remote, 'pre-receive', 'exit 0');
  expect((await orc('sync')).out).toMatch(/^Synced: 0 published/);
  expect((await orc('t', 'list')).out).toBe('No tasks.\n');
  expect(git(remote, 'log', '--format=%s', 'orc')).not.toContain('task.add');
});

test.skipIf(process.platform === 'win32')(
  'Ctrl-C while the upstream does not answer: nobody goes on asking it',
  { timeout: 30_000 },
  async () => {
    const folder = makeClone(makeBareRemote());
    await orcIn(folder)('ws', 'create', 'build');
    const asked = path.join(folder, 'asked');
    // It hangs as a connection does; after a test that failed it ends by itself.
    const hang = 'n=0; while [ $n -lt 400 ]; do sleep 0.05; n=$((n+1)); done';
    const ssh = path.join(folder, 'ssh.sh');
    writeFileSync(ssh, `trap ': > "${asked}.told"; exit' TERM; : > "${asked}"; ${hang}`);
    git(folder, 'config', 'core.sshCommand', `sh ${ssh}`);
    git(folder, 'remote', 'set-url', 'origin', 'ssh://example.invalid/board.git');
    const started = start(node, [command.file, 'sync'], { cwd: folder });
    await vi.waitUntil(() => existsSync(asked), { timeout: 20_000, interval: 20 });
    started.interrupt();
    expect(await started.ended).toMatchObject({ code: 130, err: 'interrupted\n' });
    await vi.waitUntil(() => existsSync(`${asked}.told`), { timeout: 5_000, interval: 20 });
  },
);

test.skipIf(process.platform === 'win32')(
  'Ctrl-C while an editor has the terminal is for the editor: what it writes counts',
  { timeout: 30_000 },
  async () => {
    const { orc, folder } = await orcWithBoard();
    const begun = path.join(folder, 'begun');
    const gate = path.join(folder, 'gate');
    const waits = `n=0; while [ ! -e "${gate}" ] && [ $n -lt 400 ]; do sleep 0.05; n=$((n+1)); done`;
    const editor = path.join(folder, 'editor.sh');
    // Also for the shell that takes its words apart.
    writeFileSync(editor, `kill -INT $PPID; : > "${begun}"; ${waits}; echo written > "$1"`);
    const words = ['VISUAL=', `EDITOR=sh ${editor}`, node, command.file, 'kb', 'write', 'topic', '--editor'];
    // What env starts takes its place.
    const writing = start('env', words, { cwd: folder });
    await vi.waitUntil(() => existsSync(begun), { timeout: 20_000, interval: 20 });
    writing.interrupt();
    await orc('kb', 'list');
    writing.interrupt();
    writeFileSync(gate, '');
    expect(await writing.ended).toMatchObject({ code: 0, err: '' });
    expect((await orc('kb', 'read', 'topic')).out).toBe('written\n');
  },
);

test.skipIf(process.platform === 'win32')(
  'a worker whose terminal is closed hands its task back, and its command ends; it may be told twice',
  { timeout: 30_000 },
  async () => {
    const { orc, folder } = await orcWithBoard();
    await orc('t', 'add', 'build', 'Task');
    const begun = path.join(folder, 'begun');
    const script = `trap 'echo told > "$0.told"; exit' TERM; echo > "$0"; n=0; while [ $n -lt 400 ]; do sleep 0.05; n=$((n+1)); done`;
    const words = ['work', 'build', '--agent', 'agent-1', '--json', '--', 'sh', '-c', script, begun];
    const worker = start(node, [command.file, ...words], { cwd: folder });
    await vi.waitUntil(() => existsSync(begun), { timeout: 20_000, interval: 20 });
    worker.signal('SIGHUP');
    worker.signal('SIGHUP');
    const { code, out } = await worker.ended;
    expect([code, existsSync(`${begun}.told`)]).toEqual([130, true]);
    expect(out).toContain('"event":"released"');
    expect((await orc('t', 'list')).out).toMatch(/^\[pending\] /);
  },
);

test('Ctrl-C in the middle of the demo: its folder is thrown away all the same', { timeout: 30_000 }, async () => {
  const folder = makeTempDir();
  const words = ['-c', 'TMPDIR=$PWD exec "$@"', 'sh', node, command.file, 'demo'];
  const started = start('sh', words, { cwd: folder });
  await vi.waitUntil(() => started.printed().includes('orc init'), { timeout: 20_000, interval: 20 });
  expect(readdirSync(folder)).toEqual([expect.stringContaining('orc-demo-')]);
  started.interrupt();
  expect(await started.ended).toMatchObject({ code: 130, err: 'interrupted\n' });
  expect(readdirSync(folder)).toEqual([]);
});
