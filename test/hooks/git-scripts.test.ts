/** The scripts that write into messages, run as they are by the shells that are here. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { projectRoot } from '../support/bundle.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const candidates = [['sh'], ['bash', '--posix'], ['busybox', 'sh']];
const shells = candidates.filter(([program = '', ...rest]) => spawnSync(program, [...rest, '-c', ':']).status === 0);
const trailer = 'Orc-Task: build/1a2b3c4d\n';

describe.each(shells.map((shell) => ({ shell, name: shell.join(' ') })))('$name', ({ shell }) => {
  let top: string;
  beforeEach(() => {
    top = path.join(makeTempDir(), 'repository');
    execFileSync('git', ['init', '--quiet', top]);
    mkdirSync(path.join(top, '.git/orc/board.git/holds/main'), { recursive: true });
    cpSync(path.join(projectRoot, 'hooks/git'), path.join(top, '.git/orc/hooks'), { recursive: true });
    hold('1a2b3c4d', 'ann\tbuild/1a2b3c4d');
  });

  function hold(id: string, text: string, session = 'main'): void {
    const folder = path.join(top, '.git/orc/board.git/holds', session);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, `task-${id}.txt`), `${text}\n`);
  }

  function run(hook: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
    const [program = '', ...rest] = shell;
    const ran = spawnSync(program, [...rest, `.git/orc/hooks/${hook}`, ...args], {
      cwd: top,
      env: { ...process.env, GIT_EDITOR: ':', ...env },
      encoding: 'utf8',
    });
    expect({ status: ran.status, out: ran.stdout, err: ran.stderr }).toEqual({ status: 0, out: '', err: '' });
  }

  function prepare(message: string, source = 'message', env: NodeJS.ProcessEnv = {}): string {
    const file = path.join(top, '.git/COMMIT_EDITMSG');
    writeFileSync(file, message);
    run('prepare-commit-msg', ['.git/COMMIT_EDITMSG', ...(source === '' ? [] : [source])], env);
    return readFileSync(file, 'utf8');
  }

  test('a message gets a paragraph of its own for the trailer, or the trailer joins those that are there', () => {
    expect(prepare('Subject\n')).toBe(`Subject\n\n${trailer}`);
    expect(prepare('Subject')).toBe(`Subject\n\n${trailer}`);
    expect(prepare('fix: subject\n')).toBe(`fix: subject\n\n${trailer}`);
    expect(prepare('Subject\n\nBody\nof lines\n')).toBe(`Subject\n\nBody\nof lines\n\n${trailer}`);
    expect(prepare('Subject\n\nBody\n\n')).toBe(`Subject\n\nBody\n\n${trailer}`);
    expect(prepare('Subject\n\nSigned-off-by: A <a@b.c>\n')).toBe(`Subject\n\nSigned-off-by: A <a@b.c>\n${trailer}`);
    expect(prepare('Subject\n\nA-b: c\n  more of it\nD: e')).toBe(`Subject\n\nA-b: c\n  more of it\nD: e\n${trailer}`);
    expect(prepare('Subject\n\nNote: text\nthat goes on\n')).toBe(`Subject\n\nNote: text\nthat goes on\n\n${trailer}`);
    expect(prepare('Subject\n\nA: b\n\n')).toBe(`Subject\n\nA: b\n${trailer}\n`);
    expect(prepare('#12 is fixed\n')).toBe(`#12 is fixed\n\n${trailer}`);
    expect(prepare('back\\slash  $HOME `x` %s\n')).toBe(`back\\slash  $HOME \`x\` %s\n\n${trailer}`);
  });

  test('it is there once, and a task that is named already stays', () => {
    const once = prepare('Subject\n');
    expect(prepare(once)).toBe(once);
    expect(prepare(once, 'commit')).toBe(once);
    expect(prepare('Subject\n\nOrc-Task: other/ffff0000\n')).toBe('Subject\n\nOrc-Task: other/ffff0000\n');
  });

  test('lines that git put there for the editor stay behind it', () => {
    const hints = '# Please enter the commit message\n#\n# Changes to be committed:\n#\tmodified: a\n';
    const cut =
      '# ------------------------ >8 ------------------------\n# Do not modify\ndiff --git a/a b/a\n+Orc-Task: x\n';
    const editor = { GIT_EDITOR: 'vi' };
    expect(prepare(`\n${hints}`, '', editor)).toBe(`\n\n${trailer}\n${hints}`);
    expect(prepare(`\n${hints}${cut}`, '', editor)).toBe(`\n\n${trailer}\n${hints}${cut}`);
    expect(prepare(`Subject\n\nBody\n\n${hints}`, 'commit', editor)).toBe(`Subject\n\nBody\n\n${trailer}\n${hints}`);
    expect(prepare(`Subject\n\n${hints}${cut}`, 'message', editor)).toBe(`Subject\n\n${trailer}\n${hints}${cut}`);
    expect(prepare(`Subject\n\nA: b\n\n${hints}`, 'commit', editor)).toBe(`Subject\n\nA: b\n${trailer}\n${hints}`);
    expect(prepare(`Subject\n\n${trailer}\n${hints}`, 'commit', editor)).toBe(`Subject\n\n${trailer}\n${hints}`);
  });

  test('merges, squashes, rebases and cherry-picks are left alone, and so is an empty message', () => {
    expect(prepare('Merge\n', 'merge')).toBe('Merge\n');
    expect(prepare('Squash\n', 'squash')).toBe('Squash\n');
    expect(prepare('')).toBe('');
    expect(prepare('\n \n')).toBe('\n \n');
    mkdirSync(path.join(top, '.git/rebase-merge'));
    expect(prepare('Subject\n')).toBe('Subject\n');
    execFileSync('rmdir', [path.join(top, '.git/rebase-merge')]);
    expect(prepare('Subject\n')).toBe(`Subject\n\n${trailer}`);
  });

  test('which task it is: what orc work says, else the one that this agent holds in this session', () => {
    const given = { ORC_TASK: '00112233', ORC_WORKSTREAM: 'docs' };
    expect(prepare('S\n', 'message', given)).toBe('S\n\nOrc-Task: docs/00112233\n');
    expect(prepare('S\n', 'message', { ORC_TASK: 'a\nb' })).toBe('S\n');
    expect(prepare('S\n', 'message', { ORC_AGENT: 'ann' })).toBe(`S\n\n${trailer}`);
    expect(prepare('S\n', 'message', { ORC_AGENT: 'bob' })).toBe('S\n');
    expect(prepare('S\n', 'message', { ORC_SESSION: 's2' })).toBe('S\n');
    hold('aaaa0000', 'bob\tsocial media/aaaa0000', 's2');
    expect(prepare('S\n', 'message', { ORC_SESSION: 's2' })).toBe('S\n\nOrc-Task: social media/aaaa0000\n');
    hold('bbbb0000', 'eve\tbuild/bbbb0000', 's2');
    expect(prepare('S\n', 'message', { ORC_SESSION: 's2' })).toBe('S\n');
    expect(prepare('S\n', 'message', { ORC_SESSION: 's2', ORC_AGENT: 'eve' })).toBe('S\n\nOrc-Task: build/bbbb0000\n');
  });

  test('a session is found whatever it is called', () => {
    for (const name of ['claude:1', 'a b/c', "it's+1", 'plain_-.~!*()']) {
      hold('cccc0000', 'ann\tbuild/cccc0000', encodeURIComponent(name));
      expect(prepare('S\n', 'message', { ORC_SESSION: name })).toBe('S\n\nOrc-Task: build/cccc0000\n');
    }
  });

  test('git may begin its own lines with another character', () => {
    const file = path.join(top, '.git/COMMIT_EDITMSG');
    const message = `\n\n${trailer}\n; Please enter the commit message\n;\n`;
    const editor = { GIT_EDITOR: 'vi' };
    writeFileSync(file, message);
    run('commit-msg', ['.git/COMMIT_EDITMSG'], editor);
    expect(readFileSync(file, 'utf8')).toBe(message);
    execFileSync('git', ['-C', top, 'config', 'core.commentChar', ';']);
    run('commit-msg', ['.git/COMMIT_EDITMSG'], editor);
    expect(readFileSync(file, 'utf8')).toBe('');
    writeFileSync(file, `- an item\n\n${trailer}`);
    run('commit-msg', ['.git/COMMIT_EDITMSG'], editor);
    expect(readFileSync(file, 'utf8')).toBe(`- an item\n\n${trailer}`);
  });

  test('a message with nothing but the trailer is emptied, so that git gives up', () => {
    const file = path.join(top, '.git/COMMIT_EDITMSG');
    const checked = (message: string, env: NodeJS.ProcessEnv = {}): string => {
      writeFileSync(file, message);
      run('commit-msg', ['.git/COMMIT_EDITMSG'], env);
      return readFileSync(file, 'utf8');
    };
    expect(checked(`\n\n${trailer}\n# hint\n`)).toBe('');
    expect(checked(`\n\n${trailer}`, { GIT_EDITOR: 'vi' })).toBe('');
    expect(checked(trailer)).toBe(trailer);
    expect(checked(`Subject\n\n${trailer}# hint\n`)).toBe(`Subject\n\n${trailer}# hint\n`);
    expect(checked('')).toBe('');
  });

  test('post-commit appends a line for each task to the spool of the board, and nothing without one', () => {
    const spool = path.join(top, '.git/orc/board.git/commits.spool');
    mkdirSync(path.join(top, '.git/orc/board.git/refs'), { recursive: true });
    const commit = 'ab'.repeat(20);
    mkdirSync(path.join(top, '.git/refs/heads/a'), { recursive: true });
    writeFileSync(path.join(top, '.git/HEAD'), 'ref: refs/heads/a/b\n');
    writeFileSync(path.join(top, '.git/refs/heads/a/b'), `${commit}\n`);
    const file = path.join(top, '.git/COMMIT_EDITMSG');
    writeFileSync(file, 'Subject\n');
    run('post-commit', []);
    writeFileSync(file, `Subject\n\n${trailer}Orc-Task: docs/00112233\n`);
    run('post-commit', []);
    run('post-commit', [], { ORC_AGENT: 'eve' });
    run('post-commit', [], { ORC_BOARD: '/elsewhere' });
    expect(readFileSync(spool, 'utf8').split('\n')).toEqual([
      `commit\t${commit}\t1a2b3c4d\tann`,
      `commit\t${commit}\t00112233\t`,
      `commit\t${commit}\t1a2b3c4d\teve`,
      `commit\t${commit}\t00112233\teve`,
      '',
    ]);
  });
});
