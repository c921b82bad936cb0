/** Boards that are not what the operations make of them, each found under its own rule: trees, messages, batches, tokens. */
import { beforeAll, describe, expect, test } from 'vitest';
import { checkBoard } from '../support/checker/check.ts';
import { broken, change, Damage, tail } from './damage.ts';
import type { Draft } from './forge.ts';
import { tellStory } from './story.ts';

let damage: Damage;
beforeAll(async () => {
  damage = new Damage(await tellStory());
});

describe('5: the model', () => {
  test.each([
    ['a record', 'tasks/open/0/0/00000004.json', (text: string) => text.replace('Second', 'second')],
    ['the order of fields', 'workstreams/w.json', (text: string) => text.replace(/( {2}"name": "w",\n)(.*\n)/, '$2$1')],
    ['a count', 'state.json', (text: string) => text.replace('"pending": 2', '"pending": 3')],
    ['the page for people', 'BOARD.md', (text: string) => text.replace('Next', 'NEXT')],
    ['a file that is nobody’s', 'tasks/open/note.txt', () => 'hello'],
    ['a file that is gone', 'orc.yaml', () => null],
    ['a past event', tail, (text: string) => text.replace('board_created', 'board_creared')],
    ['a byte that is no text', 'locks/deploy.json', (text: string) => `${text}\0`],
  ])('%s differs', (_what, path, edit) => {
    const input = damage.withChain((drafts, forge, at) => {
      change(drafts, at('batch one'), (draft) => forge.withFile(draft, path, edit));
    });
    expect(broken(input)).toContain(5);
    expect(broken({ chain: input.chain })).toContain(5);
  });

  test.each([
    ['subject', /^.*/, 'task.complete'],
    ['body', 'It works', 'It hardly works'],
    ['time', /Orc-At: 2026/, 'Orc-At: 2025'],
    ['result', /Orc-Result: .*/, 'Orc-Result: {"task":"00000004"}'],
    ['task', /Orc-Task: .*\n/, ''],
    ['spelling', '"agent":"bob","args"', '"agent": "bob","args"'],
  ])('a message with another %s', (_what, from, to) => {
    const input = damage.withChain((drafts, _, at) => {
      change(drafts, at('complete'), (draft) => ({ ...draft, message: draft.message.replace(from, to) }));
    });
    expect(broken(input)).toContain(5);
  });

  test('a text that is not the one that the message names', () => {
    const input = damage.withChain((drafts, _, at) => {
      change(drafts, at('second'), (draft) => ({
        ...draft,
        message: draft.message.replace(/"\$blob":"..../, '"$blob":"0000'),
      }));
    });
    expect(broken(input)).toContain(5);
  });

  test('an operation whose precondition does not hold', () => {
    const input = damage.withChain((drafts, _, at) => {
      // completed before it was taken over: its proof is not yet one
      const [complete] = drafts.splice(at('complete'), 1) as [Draft];
      drafts.splice(at('takeover'), 0, complete);
    });
    expect(broken(input)).toContain(5);
  });

  test('half a batch', () => {
    const input = damage.withChain((drafts, _, at) => void drafts.splice(at('batch two'), 1));
    const { violations } = checkBoard(input);
    expect(violations).toContainEqual(
      expect.objectContaining({ rule: 5, message: expect.stringContaining('without place 2 of 3') }),
    );
  });

  test('a batch with something in between', () => {
    const input = damage.withChain((drafts, _, at) => {
      const [next] = drafts.splice(at('next'), 1) as [Draft];
      drafts.splice(at('batch two'), 0, next);
    });
    const { violations } = checkBoard(input);
    expect(violations).toContainEqual(
      expect.objectContaining({ rule: 5, message: expect.stringContaining('in pieces') }),
    );
  });

  test('one fault is told where it is, and not again in every commit behind it', () => {
    const input = damage.withChain((drafts, forge) => {
      for (const at of drafts.keys())
        if (at >= 3)
          change(drafts, at, (draft) =>
            forge.withFile(draft, 'workstreams/w.json', (text) =>
              text.replace('"description": ""', '"description": "x"'),
            ),
          );
    });
    expect(checkBoard(input).violations.filter(({ rule }) => rule === 5)).toHaveLength(1);
  });
});

describe('6: tokens and holders', () => {
  const first = 'tasks/open/0/0/00000003.json';

  test('a token that was given before', () => {
    const input = damage.withChain((drafts, forge, at) => {
      change(drafts, at('takeover'), (draft) =>
        forge.withFile(draft, first, (text) => text.replace('"token": 6', '"token": 5')),
      );
    });
    expect(broken(input)).toContain(6);
  });

  test('a token that does not rise when the lock has been away', () => {
    const input = damage.withChain((drafts, forge, at) => {
      const record = forge.read(drafts[at('lock')] as Draft, 'locks/deploy.json');
      for (const name of ['batch one', 'batch two'])
        change(drafts, at(name), (draft) => forge.withFile(draft, 'locks/deploy.json', () => null));
      change(drafts, at('next'), (draft) =>
        forge.withFile(draft, 'locks/deploy.json', () => record.replace(/"id": ".*"/, `"id": "${damage.id('next')}"`)),
      );
    });
    const { violations } = checkBoard(input);
    expect(violations).toContainEqual(
      expect.objectContaining({ rule: 6, message: expect.stringContaining('has token 8 after 8') }),
    );
  });

  test('a claim on what somebody holds', () => {
    const input = damage.withChain((drafts, _, at) => {
      change(drafts, at('takeover'), (draft) => ({
        ...draft,
        message: draft.message.replace(/(Orc-At: .*:)02/, '$100'),
      }));
    });
    const { violations } = checkBoard(input);
    expect(violations).toContainEqual(
      expect.objectContaining({ rule: 6, message: expect.stringContaining('before its time was up') }),
    );
  });

  test('two holders of an exclusive lock', () => {
    const input = damage.withChain((drafts, forge, at) => {
      change(drafts, at('shared'), (draft) =>
        forge.withFile(draft, 'locks/deploy.json', (text) => {
          const lock = JSON.parse(text);
          const more = { ...lock.holders[0], agent: 'ada', id: damage.id('shared'), token: 9 };
          return `${JSON.stringify({ ...lock, holders: [...lock.holders, more] }, null, 2)}\n`;
        }),
      );
    });
    expect(broken(input)).toContain(6);
  });

  test('two locks on the same files', () => {
    const input = damage.withChain((drafts, forge, at) => {
      change(drafts, at('next'), (draft) => {
        const lock = JSON.parse(forge.read(draft, 'locks/path%3Asrc%2F%2A%2A.json'));
        const other = { ...lock.holders[0], agent: 'bob', id: damage.id('next'), token: 13 };
        const text = `${JSON.stringify({ resource: 'path:src/app.ts', shared: false, holders: [other] }, null, 2)}\n`;
        return forge.withFile(draft, 'locks/path%3Asrc%2Fapp.ts.json', () => text);
      });
    });
    const { violations } = checkBoard(input);
    expect(violations).toContainEqual(
      expect.objectContaining({ rule: 6, message: expect.stringContaining('beside path:src/**') }),
    );
  });

  test.each([
    ['an outdated token', 'claim'],
    ['no token at all', null],
  ])('work with %s', (_what, proof) => {
    const input = damage.withChain((drafts, _, at) => {
      const claim = proof === null ? '' : `,"claim":"${damage.id(proof)}"`;
      change(drafts, at('complete'), (draft) => ({
        ...draft,
        message: draft.message.replace(/,"claim":"[^"]*"/, claim),
      }));
    });
    expect(broken(input)).toContain(6);
    expect(broken(input)).toContain(5);
  });

  test('work by somebody else', () => {
    const input = damage.withChain((drafts, _, at) => {
      change(drafts, at('complete'), (draft) => ({ ...draft, message: draft.message.replaceAll('bob', 'ada') }));
    });
    expect(broken(input)).toContain(6);
  });
});
