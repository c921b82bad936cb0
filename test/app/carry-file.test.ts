import fs from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fileCarryMemory, isCarryingWanted, readUnable } from '../../src/app/carry-file.ts';
import { makeTempDir } from '../support/temp-dir.ts';

test('the environment goes before the configuration, and by default operations are carried', () => {
  expect(isCarryingWanted(undefined, null)).toBe(true);
  expect(isCarryingWanted('', 'off')).toBe(false);
  expect(isCarryingWanted('1', 'false')).toBe(true);
  expect(isCarryingWanted('no', 'true')).toBe(false);
  for (const ask of [() => isCarryingWanted('perhaps', null), () => isCarryingWanted(undefined, 'perhaps')])
    expect(ask).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
});

test('an upstream that takes no deposits is remembered across processes, for a while', () => {
  const folder = makeTempDir();
  let now = 1_000;
  const memory = fileCarryMemory(folder, () => now);
  expect(memory.unable()).toBeNull();
  memory.noteUnable('hook declined', 500);
  expect(fileCarryMemory(folder, () => now).unable()).toBe('hook declined');
  expect(readUnable(folder, now)).toEqual({ reason: 'hook declined', until: 1_500 });
  now = 1_500;
  expect([memory.unable(), fileCarryMemory(folder, () => now).unable(), readUnable(folder, now)]).toEqual([
    null,
    null,
    null,
  ]);
});

test('what cannot be read or written stops nothing', () => {
  const folder = makeTempDir();
  fs.writeFileSync(join(folder, 'inbox.json'), '{');
  expect(readUnable(folder, 0)).toBeNull();
  const memory = fileCarryMemory(join(folder, 'not', 'there'), () => 0);
  memory.noteUnable('no', 10);
  expect(memory.unable()).toBe('no');
});
