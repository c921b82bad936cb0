/** One run through all commands with `--json`: each answers with one document of the shape that docs/cli.md names. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { orcIn } from '../support/command-line.ts';
import { git, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { allCommands } from './reference.ts';
import { fieldsOf } from './shapes.ts';

test('every command has a JSON answer of the shape that is documented', { timeout: 60_000 }, async () => {
  const commands = new Map(
    (await allCommands()).map(({ path: command, spec }) => [command.slice('orc '.length), spec]),
  );
  const remote = makeBareRemote();
  const folder = makeClone(remote);
  const orc = orcIn(folder, { input: 'from standard input', boundedStdin: async () => '{}' });
  const seen = new Set<string>();

  async function run(command: string, words: readonly string[] = [], code = 0) {
    const spec = commands.get(command);
    expect(spec, command).toBeDefined();
    const ran = await orc(...command.split(' '), ...words, '--json');
    expect({ command, code: ran.code, err: ran.err }).toEqual({ command, code, err: '' });
    expect(ran.out.split('\n')).toHaveLength(2);
    const document = ran.json();
    expect(Object.keys(document)).toEqual(expect.arrayContaining(['data', 'published', 'version']));
    checkShape(command, spec?.data ?? '', document.data);
    seen.add(command);
    return document.data;
  }

  await run('init');
  await run('ws create', ['build', 'Build things', '1']);
  await run('ws list');
  await run('ws show', ['build']);
  await run('ws update', ['build', '--priority', '2']);
  await run('ws pause', ['build']);
  await run('ws resume', ['build']);
  await orc('ws', 'create', 'old');
  await run('ws archive', ['old']);
  const first = (await run('t add', ['build', 'First'])).id as string;
  const second = (await run('t add', ['build', 'Second'])).id as string;
  await run('t edit', [second, '--title', 'Another']);
  await run('t note', [second, 'a note']);
  await run('t next', ['build', 'agent-1']);
  await run('t renew', [first, 'agent-1']);
  await run('t complete', [first, 'Done']);
  await run('t claim', [second, 'agent-1']);
  await run('t release', [second]);
  await run('t fail', [second, 'no']);
  await run('t block', [second, 'wait']);
  await run('t unblock', [second]);
  await run('t cancel', [second]);
  // With nothing to do, it is one line. What comes after -- is the command's.
  await run('work', ['build', '--agent', 'agent-1', '--once', '--json', '--', 'true'], 4);
  await run('t reopen', [second]);
  await run('hooks install');
  await run('hooks status');
  await run('hooks uninstall');
  await run('t list', ['build']);
  await run('t show', [first]);
  await run('t tree');
  await run('t graph');
  await run('t link', [first, 'a'.repeat(40)]);
  await run('a register', ['agent-1', 'worker']);
  await run('a heartbeat', ['agent-1']);
  await run('a list');
  await run('l acquire', ['deploy', 'agent-1']);
  await run('l renew', ['deploy', 'agent-1']);
  await run('l list');
  await run('l check', ['deploy', 'agent-1']);
  await run('l release', ['deploy', 'agent-1']);
  await orc('l', 'acquire', 'deploy', 'agent-1');
  await run('l break', ['deploy', 'agent-2', '--reason', 'x']);
  const mail = await run('msg send', ['agent-1', 'hello']);
  await run('msg inbox', ['agent-1']);
  await run('msg ack', [mail.id, '--agent', 'agent-1']);
  await run('a retire', ['agent-1']);
  await run('kb write', ['notes', '-']);
  await run('kb append', ['notes', 'more']);
  await run('kb read', ['notes']);
  await run('kb list');
  await run('kb search', ['standard', 'input']);
  await orc('kb', 'write', 'notes', 'text', '--path', 'src/**');
  await run('kb for', ['src/app.ts']);
  await run('kb history', ['notes']);
  await run('undo', [String((await orc('history', '--last', '1', '--json')).json().data.entries[0].version)]);
  await run('emit', ['agent-1', 'deployed', 'service=api']);
  await run('events');
  await run('watch', ['--since', '0', '--count', '1']);
  await run('status');
  await run('history', ['task', first]);
  await run('completion', ['bash']);
  await run('config list');
  await run('config get', ['publish']);
  await run('config set', ['lease', '1h', '--shared']);
  await run('plan');
  await run('brief', ['build']);
  await run('prime', ['agent-1']);
  await run('hook', ['session-start']);
  await run('collect');
  await run('cycle open');
  await run('cycle show');
  await run('cycle collect', ['1']);
  await run('cycle list');
  writeFileSync(path.join(folder, 'batch.jsonl'), '{"op":"task.add","workstream":"build","title":"x"}\n');
  await run('batch', ['batch.jsonl']);
  await run('export', ['out']);
  await run('compact', ['--before', '1m', '--dry-run']);

  git(folder, 'remote', 'set-url', 'origin', 'https://github.com/owner/name.git');
  await run('badge', ['build']);

  // Something to find under `rejected`, twice.
  git(folder, 'remote', 'set-url', 'origin', '/nonexistent/remote.git');
  await orc('kb', 'write', 'twice', 'mine', '--base', '0');
  await orc('kb', 'write', 'thrice', 'mine', '--base', '0');
  const other = orcIn(makeClone(remote));
  await other('kb', 'write', 'twice', 'theirs');
  await other('kb', 'write', 'thrice', 'theirs');
  git(folder, 'remote', 'set-url', 'origin', remote);
  await run('sync');
  const rejected = (await run('rejected list')) as { op: string }[];
  expect(rejected).toHaveLength(2);
  await run('rejected show', [rejected[0]?.op as string]);
  await run('rejected drop', [rejected[0]?.op as string]);
  await run('kb delete', ['thrice']);
  await run('rejected retry', [rejected[1]?.op as string]);

  const fresh = makeTempDir();
  git(fresh, 'init', '--quiet');
  await run('import', [path.join(folder, 'out'), '-C', fresh]);

  // The demo runs the built command: test/app has it. The server's standard output is the protocol's: test/e2e/mcp.test.ts.
  expect([...commands.keys()].filter((command) => !seen.has(command))).toEqual(['mcp', 'demo']);
});

function checkShape(command: string, shape: string, data: unknown): void {
  const fields = fieldsOf(shape);
  if (shape.endsWith('[]')) expect(data, command).toBeInstanceOf(Array);
  if (fields === null) return;
  const record = Array.isArray(data) ? data[0] : data;
  if (record === null && shape.endsWith('| null')) return;
  const names = fields.filter((field) => field !== '…');
  const found = Object.keys(record as object);
  if (fields.includes('…'))
    expect(found, command).toEqual(expect.arrayContaining(names.filter((name) => name !== 'op')));
  else expect({ command, fields: found.sort() }).toEqual({ command, fields: [...names].sort() });
}
