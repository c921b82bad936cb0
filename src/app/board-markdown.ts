/** BOARD.md as it would be for the board that is known here, also where the board keeps none. */
import { boardMd } from '../layout/board-md.ts';
import type { OrcCore } from './orc-core.ts';

export async function readBoardMarkdown(orc: OrcCore): Promise<string> {
  const { read, tail } = await orc.head();
  return boardMd(read.board, tail);
}
