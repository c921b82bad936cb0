/** What a hook on the server says of pushes: honest ones pass, whatever was asked; others are refused, each with its code. */
import { describe, expect, test } from 'vitest';
import { playBoard } from '../checker/played-board.ts';
import type { Chain } from '../support/checker/types.ts';
import { judgeChain } from '../support/judged-chain.ts';

/** Goes on behind what `config.set` of the random requests brings: texts of nobody's making, which have to be refused. */
async function expectHonest(chain: Chain, cut: number): Promise<number> {
  const batchOf = (index: number): string | undefined =>
    /\nOrc-Batch: (\S+)/.exec(chain.commits[index]?.message ?? '')?.[1];
  // not in the middle of a batch
  const after = (index: number): number =>
    index > 0 && batchOf(index) !== undefined && batchOf(index) === batchOf(index - 1) ? after(index + 1) : index;
  let from = after(cut);
  for (;;) {
    const verdict = await judgeChain(chain, from);
    if (verdict.outcome === 'honest') return from;
    const { commit, refusal } = verdict;
    const message = commit?.commit.message ?? '';
    expect({ message, refusal }).toEqual({
      message: expect.stringContaining('"kind":"config.set"'),
      refusal: expect.objectContaining({ code: 'wrong-result', message: expect.stringContaining('orc.yaml') }),
    });
    from = after(chain.commits.findIndex(({ oid }) => oid === commit?.oid) + 1);
  }
}

describe('boards that three clients make at random pass', () => {
  test.each([11, 13])('seed %i', async (seed) => {
    const { chain } = await playBoard(seed, 120);
    for (const cut of [0, Math.floor(chain.commits.length / 2)]) await expectHonest(chain, cut);
  });

  test.each([32])('with clocks that are off, seed %i', async (seed) => {
    const { chain } = await playBoard(seed, 120, 3_600_000);
    await expectHonest(chain, 1);
  });
});
