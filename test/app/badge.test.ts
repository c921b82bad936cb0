import { expect, test } from 'vitest';
import { makeBadge } from '../../src/app/badge.ts';
import { addTask, orcIn } from '../support/command-line.ts';
import { git, makeBareRemote, makeClone } from '../support/git-fixtures.ts';

const source = (url: string, branch = 'orc') => makeBadge({ url, branch, workstream: 'build', field: 'done' })?.source;

test.each([
  ['https://github.com/o/r.git', 'https://raw.githubusercontent.com/o/r/orc/state.json'],
  ['git@github.com:o/r.git', 'https://raw.githubusercontent.com/o/r/orc/state.json'],
  ['ssh://git@github.com:22/o/r', 'https://raw.githubusercontent.com/o/r/orc/state.json'],
  ['https://user:s3cret@gitlab.example.org/a/b/c.git', 'https://gitlab.example.org/a/b/c/-/raw/orc/state.json'],
  ['https://codeberg.org/o/r', 'https://codeberg.org/o/r/raw/branch/orc/state.json'],
  ['git@bitbucket.org:o/r.git', 'https://bitbucket.org/o/r/raw/orc/state.json'],
  ['/srv/git/r.git', undefined],
  ['file:///srv/git/r.git', undefined],
  ['C:\\git\\r', undefined],
  ['', undefined],
])('%s', (url, expected) => {
  expect(source(url)).toBe(expected);
});

test('what is asked of shields.io, with names that mean something in an address or in Markdown', () => {
  const made = makeBadge({
    url: 'https://github.com/o/r',
    branch: 'team/orc',
    workstream: 'a&b]x',
    field: 'in_progress',
  });
  const asked = new URL(made?.image ?? '');
  expect(Object.fromEntries(asked.searchParams)).toEqual({
    label: 'a&b]x',
    suffix: ' in progress',
    query: '$.workstreams["a&b]x"].in_progress',
    url: 'https://raw.githubusercontent.com/o/r/team/orc/state.json',
  });
  expect(made?.markdown).toBe(`![a&b\\]x](${made?.image})`);
  expect(made?.image).not.toMatch(/[()\s]/);
  const whole = makeBadge({ url: 'https://github.com/o/r', branch: 'orc', workstream: null, field: 'pending' });
  expect(new URL(whole?.image ?? '').searchParams.get('query')).toBe('$.version');
});

test('orc badge: of the clone’s remote; refused for a folder, an unknown workstream, an unknown field', async () => {
  const clone = makeClone(makeBareRemote());
  const orc = orcIn(clone);
  await orc('ws', 'create', 'build');
  await addTask(orc, 'One');
  const folder = await orc('badge', '--json');
  expect([folder.code, folder.error().code]).toEqual([1, 'unsupported']);
  git(clone, 'remote', 'set-url', 'origin', 'https://github.com/o/r.git');
  expect((await orc('badge', 'build')).out).toMatch(
    /^!\[build\]\(https:\/\/img\.shields\.io\/badge\/dynamic\/json\?label=build&[^\s()]*\)\n$/,
  );
  expect((await orc('badge', '--json')).json().data).toEqual({
    markdown: expect.any(String),
    image: expect.any(String),
    source: 'https://raw.githubusercontent.com/o/r/orc/state.json',
  });
  expect((await orc('badge', 'nonsense', '--json')).error().code).toBe('not-found');
  expect((await orc('badge', 'build', '--field', 'x', '--json')).error().code).toBe('invalid-argument');
});
