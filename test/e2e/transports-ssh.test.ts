/** What only ssh has: its command, keys and known hosts. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openOrc } from '../../src/index.ts';
import { git } from '../support/git-fixtures.ts';
import { runOrc } from '../support/run-orc.ts';
import { beginBoard, describeServer } from '../support/servers/in-tests.ts';
import { getTool } from '../support/servers/tools.ts';
import { makeTempDir } from '../support/temp-dir.ts';

describeServer('ssh', 'the command', (server, place) => {
  test('that the clone alone has is used for joining, fetching and pushing', async () => {
    const here = place();
    const { orc } = await beginBoard(here);
    const task = await orc.addTask('w', { title: 'One' });
    await orc.close();
    const folder = makeTempDir();
    const cwd = path.join(folder, 'repo');
    git('/', 'init', '--quiet', cwd);
    git(cwd, 'remote', 'add', 'origin', here.url);
    git(cwd, 'config', 'core.sshCommand', `echo used >> '${folder}/uses'; ${server().sshCommand}`);
    const { GIT_SSH_COMMAND: _, ...env } = here.env;
    await using joined = await openOrc({ cwd, env });
    expect((await joined.getNextTask('w', 'agent-1'))?.id).toBe(task.id);
    expect((await joined.sync()).reachable).toBe(true);
    // At least a fetch to join, a push, and what the sync asks.
    expect(readFileSync(path.join(folder, 'uses'), 'utf8').split('used').length - 1).toBeGreaterThanOrEqual(3);
  });

  test('a host that is not known, a key that is not let in: told in one line, nothing is asked, what was asked waits', async () => {
    const here = place();
    const { clone: cwd, orc } = await beginBoard(here);
    await orc.close();
    const folder = makeTempDir();
    const emptyHosts = path.join(folder, 'known_hosts');
    writeFileSync(emptyHosts, '');
    const otherKey = path.join(folder, 'key');
    execFileSync(getTool('ssh-keygen'), ['-q', '-t', 'ed25519', '-N', '', '-f', otherKey]);
    const cases = [
      {
        command: server().sshCommand.replace(/UserKnownHostsFile='[^']*'/, `UserKnownHostsFile='${emptyHosts}'`),
        words: /Host key verification failed/,
      },
      {
        command: server().sshCommand.replace(/-i '[^']*'/, `-i '${otherKey}'`),
        words: /Permission denied \(publickey\)/,
      },
    ];
    for (const { command, words } of cases) {
      const env = { ...here.env, GIT_SSH_COMMAND: command };
      const added = await runOrc(['t', 'add', 'w', 'Task'], { cwd, env });
      expect(added.exitCode).toBe(5);
      expect(added.stderr).toMatch(/^not published: [^\n]+ — queued; orc sync publishes it\n$/);
      expect(added.stderr).toMatch(words);
      const claimed = await runOrc(
        ['t', 'next', 'w', 'agent-1', '--require-published', '--timeout', '500ms', '--json'],
        { cwd, env },
      );
      expect([claimed.exitCode, claimed.errorCode()]).toEqual([5, 'not-published']);
    }
    const synced = await runOrc(['sync'], { cwd, env: here.env });
    expect(synced.stdout).toMatch(/^Synced: [234] published, 0 rejected, 0 waiting/);
  });
});
