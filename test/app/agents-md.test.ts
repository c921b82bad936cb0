import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { removeAgentsMd, writeAgentsMd } from '../../src/app/agents-md.ts';
import { makeFolder, readFolder } from '../support/boards.ts';

const start = '<!-- orc:start -->';
const end = '<!-- orc:end -->';

test('makes the file where there is none, and leaves it alone the second time', async () => {
  const dir = makeFolder({});
  expect(await writeAgentsMd(dir)).toBe('written');
  const { 'AGENTS.md': text = '', ...others } = readFolder(dir);
  expect(others).toEqual({});
  expect(text.startsWith(`${start}\n`)).toBe(true);
  expect(text.endsWith(`\n${end}\n`)).toBe(true);
  expect(text).toContain('orc t next');
  expect(/[^\x20-\x7e\n]/.test(text)).toBe(false);
  expect(await writeAgentsMd(dir)).toBe('unchanged');
});

test('what others wrote stays byte for byte, before and behind, whatever bytes they are', async () => {
  const dir = makeFolder({});
  const file = path.join(dir, 'AGENTS.md');
  const before = Buffer.from([...Buffer.from('# Rules\n\tbe kind \xff\n', 'latin1'), 0x0a]);
  const behind = Buffer.from('\nno newline at the end: \xfe', 'latin1');
  fs.writeFileSync(file, Buffer.concat([before, Buffer.from(`${start}\nold words\n${end}`), behind]), { mode: 0o640 });
  expect(await writeAgentsMd(dir)).toBe('written');
  const after = fs.readFileSync(file);
  expect(after.subarray(0, before.length)).toEqual(before);
  expect(after.subarray(after.length - behind.length)).toEqual(behind);
  expect(after.toString('latin1')).not.toContain('old words');
  expect(fs.statSync(file).mode & 0o777).toBe(0o640);
  expect(await writeAgentsMd(dir)).toBe('unchanged');
});

test('is added at the end, after an empty line', async () => {
  for (const text of ['# Rules', '# Rules\n', '# Rules\n\n']) {
    const dir = makeFolder({ 'AGENTS.md': text });
    await writeAgentsMd(dir);
    expect(readFolder(dir)['AGENTS.md']).toMatch(/^# Rules\n\n\n?<!-- orc:start -->\n/);
  }
});

test('keeps the line ends of Windows', async () => {
  const dir = makeFolder({ 'AGENTS.md': '# Rules\r\nbe kind\r\n', 'CLAUDE.md': 'Hello\r\n' });
  await writeAgentsMd(dir);
  const files = readFolder(dir);
  expect(files['AGENTS.md']?.replaceAll('\r\n', '')).not.toContain('\n');
  expect(files['CLAUDE.md']).toBe(`Hello\r\n\r\n${start}\r\n@AGENTS.md\r\n${end}\r\n`);
  expect(await writeAgentsMd(dir)).toBe('unchanged');
});

test('a CLAUDE.md that is there takes it in, once', async () => {
  const dir = makeFolder({ 'CLAUDE.md': 'Hello' });
  await writeAgentsMd(dir);
  expect(readFolder(dir)['CLAUDE.md']).toBe(`Hello\n\n${start}\n@AGENTS.md\n${end}`);
  expect(await writeAgentsMd(dir)).toBe('unchanged');
  const other = makeFolder({ 'CLAUDE.md': 'See\n@./AGENTS.md\nand more' });
  await writeAgentsMd(other);
  expect(readFolder(other)['CLAUDE.md']).toBe('See\n@./AGENTS.md\nand more');
});

test('one file that is the other by a link stays one', async () => {
  const dir = makeFolder({ 'AGENTS.md': '# Rules\n' });
  fs.symlinkSync('AGENTS.md', path.join(dir, 'CLAUDE.md'));
  await writeAgentsMd(dir);
  expect(fs.lstatSync(path.join(dir, 'CLAUDE.md')).isSymbolicLink()).toBe(true);
  expect(readFolder(dir)['AGENTS.md']).not.toContain('@AGENTS.md');
});

test('a link out of the work tree is not followed', async () => {
  const outside = makeFolder({ profile: 'mine\n' });
  const dir = makeFolder({});
  fs.symlinkSync(path.join(outside, 'profile'), path.join(dir, 'AGENTS.md'));
  await expect(writeAgentsMd(dir)).rejects.toMatchObject({ code: 'conflict' });
  expect(readFolder(outside)).toEqual({ profile: 'mine\n' });
});

test('markers that do not make a pair are left for their owner', async () => {
  for (const text of [`${start}\n`, `${end}\n${start}\n`, `${start}\n${end}\n${start}\n${end}\n`]) {
    const dir = makeFolder({ 'AGENTS.md': text });
    await expect(writeAgentsMd(dir)).rejects.toMatchObject({ code: 'conflict' });
    await expect(removeAgentsMd(dir)).rejects.toMatchObject({ code: 'conflict' });
    expect(readFolder(dir)).toEqual({ 'AGENTS.md': text });
  }
});

test('what was taken out leaves the files byte for byte as they were', async () => {
  const bom = '\ufeff';
  const texts = [
    '',
    '\n',
    '\n\n',
    'a',
    'a\n',
    'a\n\n',
    'a\n\n\n',
    'a\r\n',
    'a\r\nb',
    'a\r\n\r\n',
    'a\r',
    bom,
    `${bom}a`,
    'a\r\nb\n',
  ];
  for (const text of texts) {
    const before = { 'AGENTS.md': text, 'CLAUDE.md': text };
    const dir = makeFolder(before);
    await writeAgentsMd(dir);
    const written = readFolder(dir);
    expect(written).not.toEqual(before);
    expect(await writeAgentsMd(dir)).toBe('unchanged');
    expect(await removeAgentsMd(dir)).toBe('removed');
    expect(readFolder(dir), JSON.stringify(text)).toEqual(before);
    expect(await removeAgentsMd(dir)).toBe('unchanged');
    // Refreshed in between, it is the same.
    const old = written['AGENTS.md']?.replace('## Working', '## Old words') ?? '';
    fs.writeFileSync(path.join(dir, 'AGENTS.md'), old);
    await writeAgentsMd(dir);
    expect(readFolder(dir)['AGENTS.md']).toBe(written['AGENTS.md']);
    await removeAgentsMd(dir);
    expect(readFolder(dir)).toEqual(before);
  }
});

test('a file that was made is gone again; what was put around the block stays', async () => {
  const dir = makeFolder({});
  await writeAgentsMd(dir);
  await removeAgentsMd(dir);
  expect(readFolder(dir)).toEqual({});
  await writeAgentsMd(dir);
  const file = path.join(dir, 'AGENTS.md');
  fs.writeFileSync(file, `${fs.readFileSync(file, 'utf8')}mine\n`);
  await removeAgentsMd(dir);
  expect(readFolder(dir)).toEqual({ 'AGENTS.md': 'mine\n' });
});

test('a line that somebody else wrote to include it stays, and so does a link', async () => {
  const dir = makeFolder({ 'CLAUDE.md': '@AGENTS.md\n', 'AGENTS.md': '# Rules\n' });
  await writeAgentsMd(dir);
  await removeAgentsMd(dir);
  expect(readFolder(dir)).toEqual({ 'CLAUDE.md': '@AGENTS.md\n', 'AGENTS.md': '# Rules\n' });
  const linked = makeFolder({ 'CLAUDE.md': '# Rules\n' });
  fs.symlinkSync('CLAUDE.md', path.join(linked, 'AGENTS.md'));
  await writeAgentsMd(linked);
  expect(await removeAgentsMd(linked)).toBe('removed');
  expect(fs.readFileSync(path.join(linked, 'CLAUDE.md'), 'utf8')).toBe('# Rules\n');
  expect(fs.lstatSync(path.join(linked, 'AGENTS.md')).isSymbolicLink()).toBe(true);
});
