import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { getConfig, listConfig, setConfig } from '../../src/app/board-config.ts';
import { openOrc } from '../../src/app/orc.ts';
import { openElsewhere, openNewBoard, openSharedBoard } from '../support/boards.ts';
import { git } from '../support/git-fixtures.ts';

describe('where settings come from', () => {
  test('the template sets all of the board; an agent has a default', async () => {
    const orc = await openNewBoard();
    const found = await listConfig(orc);
    expect(found.map(({ key, value, source }) => `${key}=${value} (${source})`)).toEqual([
      'agent=system (default)',
      'publish=each (orc.yaml)',
      'lease=30m (orc.yaml)',
      'lock_ttl=1m (orc.yaml)',
      'clock_skew=5s (orc.yaml)',
      'max_attempts=3 (orc.yaml)',
      'board_md=true (orc.yaml)',
      'manual_edits=allow (orc.yaml)',
      'edit_locks=check (orc.yaml)',
      'runChecks=false (default)',
      'carry=true (default)',
      'stopReminder=true (default)',
      'handOver=true (default)',
    ]);
    for (const { description } of found) expect(description).not.toBe('');
  });

  test('the clone is above the board, the process above the clone; each is named', async () => {
    const { orc, clone } = await openSharedBoard();
    git(clone, 'config', 'orc.publish', 'claims');
    git(clone, 'config', 'orc.agent', 'ann');
    const again = await openOrc({ cwd: clone });
    expect(await getConfig(again, 'publish')).toMatchObject({ value: 'claims', source: 'git config', from: 'local' });
    expect(await getConfig(again, 'agent')).toMatchObject({ value: 'ann', source: 'git config' });
    const env = { ...process.env, ORC_PUBLISH: 'sync' };
    const process_ = await openOrc({ cwd: clone, env });
    expect(await getConfig(process_, 'publish')).toMatchObject({
      value: 'sync',
      source: 'environment',
      from: 'ORC_PUBLISH',
    });
    expect(await getConfig(orc, 'lease')).toMatchObject({ value: '30m', source: 'orc.yaml' });
    await again.close();
    await process_.close();
  });

  test('what a clone alone has to say is shown with where it stands, and set by git', async () => {
    const { orc, clone } = await openSharedBoard();
    git(clone, 'config', 'orc.runChecks', 'yes');
    git(clone, 'config', 'orc.handOver', 'off');
    git(clone, 'config', 'orc.stopReminder', 'perhaps');
    git(clone, 'config', 'orc.carry', 'true');
    const env = { ...process.env, ORC_CARRY: '0' };
    await using again = await openOrc({ cwd: clone, env });
    const found = (await listConfig(again)).slice(-4);
    expect(found.map(({ key, value, source, from }) => [key, value, source, from])).toEqual([
      ['runChecks', true, 'git config', 'local'],
      ['carry', false, 'environment', 'ORC_CARRY'],
      ['stopReminder', 'perhaps', 'git config', 'local'],
      ['handOver', false, 'git config', 'local'],
    ]);
    for (const shared of [true, false])
      await expect(setConfig(orc, 'runChecks', 'true', { shared })).rejects.toMatchObject({
        code: 'invalid-argument',
        hint: expect.stringContaining('git config orc.runChecks true'),
      });
  });

  test('a value of orc.yaml that is not allowed counts as not there', async () => {
    const { orc, remote, clone } = await openSharedBoard();
    await orc.sync();
    git(clone, 'worktree', 'add', '--quiet', '-b', 'hand', '../hand', 'origin/orc');
    const hand = path.join(clone, '../hand');
    fs.writeFileSync(path.join(hand, 'orc.yaml'), 'format: 1\nlease: soon\nboard_md: false\n');
    git(hand, 'commit', '--quiet', '-am', 'by hand');
    git(hand, 'push', '--quiet', 'origin', 'HEAD:orc');
    const elsewhere = await openElsewhere(remote);
    expect(await getConfig(elsewhere, 'lease')).toMatchObject({ value: '30m', source: 'default' });
    expect(await getConfig(elsewhere, 'board_md')).toMatchObject({ value: false, source: 'orc.yaml' });
    expect(await getConfig(elsewhere, 'publish')).toMatchObject({ value: 'each', source: 'default' });
  });

  test('an unknown key is refused with those that there are', async () => {
    const orc = await openNewBoard();
    await expect(getConfig(orc, 'colour')).rejects.toMatchObject({
      code: 'invalid-argument',
      hint: /agent, publish, lease/,
    });
    await expect(setConfig(orc, 'colour', 'red')).rejects.toMatchObject({ code: 'invalid-argument' });
  });
});

describe('setting', () => {
  test('for everybody: in orc.yaml on the board, with its comments, and effective', async () => {
    const { orc, remote } = await openSharedBoard();
    const before = (await orc.head()).read.board.settingsText;
    expect(await setConfig(orc, 'lease', '2h', { shared: true })).toMatchObject({ value: '2h', published: true });
    const elsewhere = await openElsewhere(remote);
    const { board } = (await elsewhere.head()).read;
    expect(board.settings.lease_ms).toBe(2 * 3_600_000);
    expect(board.settingsText).toBe(before.replace('lease: 30m', 'lease: 2h'));
    expect(await getConfig(elsewhere, 'lease')).toMatchObject({ value: '2h', source: 'orc.yaml' });
  });

  test('two who set different things at once both have their way', async () => {
    const { orc, remote } = await openSharedBoard();
    const elsewhere = await openElsewhere(remote);
    await Promise.all([
      setConfig(orc, 'lease', '2h', { shared: true }),
      setConfig(elsewhere, 'max_attempts', '7', { shared: true }),
    ]);
    const { settings } = (await orc.head({ fresh: true })).read.board;
    expect(settings).toMatchObject({ lease_ms: 7_200_000, max_attempts: 7 });
  });

  test('for this clone: in its git configuration, and effective', async () => {
    const { orc, clone } = await openSharedBoard();
    expect(await setConfig(orc, 'publish', 'sync')).toMatchObject({
      source: 'git config',
      from: 'local',
      published: null,
    });
    await setConfig(orc, 'agent', 'ann');
    expect(git(clone, 'config', 'orc.publish')).toBe('sync');
    const again = await openOrc({ cwd: clone });
    const { published, state } = await again.perform('workstream.create', { name: 'press' });
    expect([published, state]).toEqual([false, 'queued']);
    expect((await again.getEvents({ last: 1 }))[0]?.agent).toBe('ann');
    const env = { ...process.env, ORC_PUBLISH: 'each' };
    const urgent = await openOrc({ cwd: clone, env });
    expect((await urgent.perform('workstream.create', { name: 'radio' })).published).toBe(true);
    await again.close();
    await urgent.close();
  });

  test('an agent belongs to its work tree where git keeps configuration for each', async () => {
    const { clone } = await openSharedBoard();
    git(clone, 'commit', '--quiet', '--allow-empty', '-m', 'begin');
    git(clone, 'config', 'extensions.worktreeConfig', 'true');
    git(clone, 'worktree', 'add', '--quiet', '../second');
    const second = path.join(clone, '../second');
    const orc = await openOrc({ cwd: second });
    expect(await setConfig(orc, 'agent', 'bea')).toMatchObject({ from: 'worktree' });
    expect(git(second, 'config', 'orc.agent')).toBe('bea');
    expect(() => git(clone, 'config', 'orc.agent')).toThrow();
    await orc.close();
  });

  test('what is not allowed, or not there, is refused, and nothing is written', async () => {
    const { orc, clone } = await openSharedBoard();
    const before = [(await orc.head()).commit, fs.readFileSync(path.join(clone, '.git/config'), 'utf8')];
    const wrong: [string, string, boolean][] = [
      ['lease', 'soon', true],
      ['lease', '1h', false],
      ['agent', 'ann', true],
      ['agent', '../x', false],
      ['publish', 'maybe', false],
      ['publish', 'maybe', true],
    ];
    for (const [key, value, shared] of wrong) {
      await expect(setConfig(orc, key, value, { shared })).rejects.toMatchObject({ code: 'invalid-argument' });
    }
    expect([(await orc.head()).commit, fs.readFileSync(path.join(clone, '.git/config'), 'utf8')]).toEqual(before);
  });

  test('a wrong value in the configuration is named by the next mutation', async () => {
    const { clone } = await openSharedBoard();
    git(clone, 'config', 'orc.publish', 'maybe');
    const orc = await openOrc({ cwd: clone });
    await expect(orc.createWorkstream('press')).rejects.toMatchObject({
      code: 'invalid-argument',
      message: /git config orc\.publish/,
    });
    await orc.close();
  });
});
