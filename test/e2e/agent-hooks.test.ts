/** The built command as a coding agent calls it: by its standard input, its output and its exit code. */
import { expect, test } from 'vitest';
import { agentEvent } from '../support/agent-events.ts';
import { git } from '../support/git-fixtures.ts';
import { runOrc } from '../support/run-orc.ts';
import { makeTempDir } from '../support/temp-dir.ts';

test('hooks answer, and never end with 2', async () => {
  const cwd = makeTempDir();
  git(cwd, 'init', '--quiet');
  const hook = (words: string, stdin: string) => runOrc(['hook', ...words.split(' ')], { cwd, stdin });
  const edit = agentEvent('pre-tool-use-edit', cwd);
  expect(await hook('pre-tool-use', edit)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  await runOrc(['ws', 'create', 'build'], { cwd });
  const start = await hook('session-start', agentEvent('session-start-startup', cwd));
  expect(start).toMatchObject({ exitCode: 0, stderr: '' });
  expect(start.json<{ hookSpecificOutput: object }>().hookSpecificOutput).toMatchObject({
    hookEventName: 'SessionStart',
  });
  await runOrc(['l', 'acquire', 'path:src/*', 'bob', '--ttl', '1h'], { cwd });
  // What is written may be long.
  const long = agentEvent('pre-tool-use-edit', cwd, {
    tool_input: { file_path: 'src/cart.ts', new_string: 'x'.repeat(3_000_000) },
  });
  const denied = await hook('pre-tool-use', long);
  expect(denied).toMatchObject({ exitCode: 0, stderr: '' });
  expect(denied.stdout).toContain('"permissionDecision":"deny"');
  for (const words of ['pre-tool-use', 'stop --bogus', 'nonsense'])
    expect(await hook(words, '{')).toMatchObject({ exitCode: 1, stdout: '' });
  expect(await hook('stop', '')).toMatchObject({ exitCode: 0, stdout: '' });
});
