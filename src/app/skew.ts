import type { Board } from '../core/board.ts';
import type { BoardGlance } from './board-glance.ts';

/** How far clocks may differ: those of one machine do not. */
export function skewOf(orc: Pick<BoardGlance, 'connection'>, board: Board): number {
  const { kind } = orc.connection.config.upstream;
  return kind === 'host' || kind === 'none' ? 0 : board.settings.clock_skew_ms;
}
