import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OrcError } from '../../src/errors.ts';
import {
  errnoOf,
  fsyncFolder,
  removeFile,
  removeTemporaries,
  temporaryName,
  writeFileAtomically,
} from '../../src/git/atomic-file.ts';
import { bundleScript } from '../support/bundle.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'orc-atomic-'));
  file = path.join(folder, 'record.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('writeFileAtomically', () => {
  it('creates and replaces, and leaves nothing else behind', async () => {
    await writeFileAtomically(file, Buffer.from('one'));
    await writeFileAtomically(file, Buffer.from('two'));
    expect(readFileSync(file, 'utf8')).toBe('two');
    expect(readdirSync(folder)).toEqual(['record.json']);
  });

  it('gives the file the wanted permissions', async () => {
    await writeFileAtomically(file, new Uint8Array(), { mode: 0o600 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('keeps the old content, and no temporary file, when the new one cannot be put in place', async () => {
    mkdirSync(path.join(file, 'occupied'), { recursive: true });
    await expect(writeFileAtomically(file, Buffer.from('x'))).rejects.toMatchObject({ code: 'io' });
    expect(readdirSync(folder)).toEqual(['record.json']);
    await expect(writeFileAtomically(path.join(folder, 'no/file'), Buffer.from('x'))).rejects.toMatchObject({
      code: 'io',
      details: { errno: 'ENOENT' },
    });
  });

  it('never shows half a file to readers while it is rewritten by many', async () => {
    const texts = Array.from({ length: 8 }, (_, index) => String(index).repeat(20_000));
    await writeFileAtomically(file, Buffer.from(texts[0] ?? ''));
    let isDone = false;
    const writers = Promise.all(texts.map((text) => writeFileAtomically(file, Buffer.from(text)))).then(() => {
      isDone = true;
    });
    while (!isDone) {
      expect(texts).toContain(readFileSync(file, 'utf8'));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writers;
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('leaves the old or the new content after a kill at any moment', () => {
    const script = bundleScript(
      'durable-writer',
      `import { writeFileAtomically } from './src/git/atomic-file.ts';
       const [file, delay] = process.argv.slice(2);
       setTimeout(() => process.kill(process.pid, 'SIGKILL'), Number(delay));
       for (let n = 0; ; n++) await writeFileAtomically(file, Buffer.from(String(n % 10).repeat(50_000)));`,
      folder,
    );
    writeFileSync(file, '0'.repeat(50_000));
    for (let run = 0; run < 8; run++) {
      expect(() => execFileSync(process.execPath, [script, file, String(5 + run * 3)])).toThrow();
      expect(readFileSync(file, 'utf8')).toMatch(/^(\d)\1{49999}$/);
    }
  });
});

describe('removeFile', () => {
  it('tells whether there was a file', async () => {
    writeFileSync(file, 'x');
    expect(await removeFile(file)).toBe(true);
    expect(await removeFile(file)).toBe(false);
    await expect(removeFile(folder)).rejects.toMatchObject({ code: 'io' });
  });
});

describe('removeTemporaries', () => {
  it('takes what crashed writers left, and spares the young, the foreign and the folders', async () => {
    const [old, young] = [temporaryName(file), temporaryName(file)];
    for (const name of [old, young, file, `${file}.tmp-x`]) writeFileSync(name, 'x');
    for (const name of [old, file, `${file}.tmp-x`]) utimesSync(name, 1_000, 1_000);
    expect(await removeTemporaries(folder, 60_000)).toBe(1);
    expect(existsSync(old)).toBe(false);
    expect(readdirSync(folder)).toHaveLength(3);
    expect(await removeTemporaries(path.join(folder, 'none'), 0)).toBe(0);
  });
});

describe('fsyncFolder', () => {
  it('works, and tells a folder that is not there', async () => {
    await fsyncFolder(folder);
    await expect(fsyncFolder(path.join(folder, 'none'))).rejects.toMatchObject({ code: 'io' });
  });
});

describe('errnoOf', () => {
  it('knows file-system errors from others', () => {
    expect(errnoOf(Object.assign(new Error('x'), { code: 'EEXIST' }))).toBe('EEXIST');
    expect(errnoOf(new OrcError('io', 'x'))).toBeNull();
    expect(errnoOf('ENOENT')).toBeNull();
  });
});
