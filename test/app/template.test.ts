import { expect, test } from 'vitest';
import { makeFolder, openNewBoard } from '../support/boards.ts';

const settings = 'format: 1\n';

test('knowledge of a template is read as a board has it, with title, tags and the files that it binds', async () => {
  const template = makeFolder({
    'orc.yaml': settings,
    'knowledge/api/auth.md':
      '---\ntitle: How we sign in\ntags: [api]\npaths: ["src/auth/**"]\nupdated_by: eve\nversion: 40\n---\nTokens.\n',
    'knowledge/plain.md': '# Plain\n\n---\n',
  });
  const orc = await openNewBoard({ create: { upstream: 'none', template } });
  expect(await orc.knowledge('api/auth')).toMatchObject({
    title: 'How we sign in',
    tags: ['api'],
    paths: ['src/auth/**'],
    content: 'Tokens.\n',
    updated_by: 'system',
    version: 1,
  });
  expect(await orc.knowledge('plain')).toMatchObject({ title: null, tags: [], paths: [], content: '# Plain\n\n---\n' });
});

test('knowledge of a template that cannot be read is told by its file, and no board is begun', async () => {
  const template = makeFolder({ 'orc.yaml': settings, 'knowledge/a.md': '---\ntags: one\n---\n' });
  await expect(openNewBoard({ create: { upstream: 'none', template } })).rejects.toMatchObject({
    code: 'invalid-argument',
    message: expect.stringMatching(/a\.md has front matter in which tags must be a list of names$/),
  });
});
