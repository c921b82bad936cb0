/** A repository that belongs to somebody else: what its configuration, or a store in it, names as a program is never run. */
import { chownSync, existsSync, lstatSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { realWorld } from '../../src/app/connect.ts';
import { openOrc } from '../../src/app/orc.ts';
import { glanceAtFiles } from '../../src/app/read-board-glance.ts';
import { findSurroundings } from '../../src/app/surroundings.ts';
import { git, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

function giveAway(folder: string): void {
  chownSync(folder, 12_345, 12_345);
  for (const name of readdirSync(folder)) {
    const inner = path.join(folder, name);
    if (lstatSync(inner).isDirectory()) giveAway(inner);
    else chownSync(inner, 12_345, 12_345);
  }
}

describe.runIf(process.getuid?.() === 0)('a repository that belongs to somebody else', () => {
  test('is refused before what it names is run, until it is trusted', async () => {
    const clone = makeClone(makeBareRemote());
    const marker = path.join(makeTempDir(), 'ran');
    git(clone, 'remote', 'set-url', 'origin', 'ssh://host.invalid/x.git');
    git(clone, 'config', 'core.sshCommand', `touch '${marker}'; false`);
    giveAway(clone);
    await expect(openOrc({ cwd: clone })).rejects.toMatchObject({ code: 'no-repository' });
    await expect(openOrc({ cwd: clone, create: { upstream: 'host' } })).rejects.toMatchObject({
      code: 'no-repository',
    });
    expect(existsSync(marker)).toBe(false);
    const env = { ...process.env, GIT_CONFIG_GLOBAL: path.join(makeTempDir(), 'trusting') };
    writeFileSync(env.GIT_CONFIG_GLOBAL, `[safe]\n\tdirectory = ${clone}\n`);
    await expect(openOrc({ cwd: clone, env })).rejects.toMatchObject({ code: 'unreachable' });
    expect(existsSync(marker)).toBe(true);
  });

  test('is refused with a board in it, whatever little it says', async () => {
    const clone = makeClone(makeBareRemote());
    await (await openOrc({ cwd: clone, create: true })).close();
    giveAway(clone);
    const { env } = process;
    expect(await glanceAtFiles(findSurroundings({ cwd: clone, env }), realWorld)).toBeNull();
    await expect(openOrc({ cwd: clone })).rejects.toMatchObject({ code: 'no-repository' });
    writeFileSync(path.join(clone, '.git/config'), '');
    await expect(openOrc({ cwd: clone })).rejects.toMatchObject({ code: 'no-repository' });
  });
});
