import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runAccepted } from '../support/board-builder.ts';
import { Branch, openTree } from '../support/board-files.ts';

const folder = new URL('../../.orc-template/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

describe('the template', () => {
  it('holds the settings, a README and nothing that a new board does not need', () => {
    expect(readdirSync(folder).sort()).toEqual(['README.md', 'knowledge', 'orc.yaml', 'templates']);
  });

  it('begins a board that reads without a fault', async () => {
    const branch = new Branch();
    const args = {
      board: 'b0a4d000b0a4d000',
      settings: read('orc.yaml'),
      files: [{ path: 'README.md', text: read('README.md') }],
    };
    await branch.commit(runAccepted(branch.board.clone(), 'board.init', args));
    expect(await openTree(branch.tree)).toMatchObject({ faults: [], writeBlock: null });
  });
});
