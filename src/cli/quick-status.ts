/**
 * `orc status` where nothing is out of the ordinary: the same lines and the same document as the command's, with a part of the
 * program: from the snapshot with a tenth of it, from the files with a third. Whatever cannot be answered as it stands, an error
 * included, is left to the whole command.
 */
import type { BoardGlance } from '../app/board-glance.ts';
import { readStatus, statusText } from '../app/status.ts';
import { findSurroundings, type Surroundings } from '../app/surroundings.ts';
import { realWorld, type World } from '../app/world.ts';
import { escapeJson, escapeText } from './escape.ts';

export interface QuickIo {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly isTty: boolean;
  readonly world?: World | undefined;
}

/** `null`: it cannot tell. */
export type GlanceSource = (surroundings: Surroundings, world: World) => Promise<BoardGlance | null>;

/** What the command would print; `null`: let it answer. @param words after the program's name */
export async function quickStatus(
  words: readonly string[],
  io: QuickIo,
  glanceAt: GlanceSource,
): Promise<string | null> {
  const [noun, ...options] = words;
  if ((noun !== 'status' && noun !== 's') || options.some((option) => option !== '--json')) return null;
  const world = io.world ?? realWorld;
  try {
    const glance = await glanceAt(findSurroundings({ cwd: io.cwd, env: io.env }), world);
    if (glance === null) return null;
    const report = await readStatus(glance);
    if (options.length === 0) return `${escapeText(statusText(report, world.clock.now()))}\n`;
    const document = { data: report, published: null, version: report.version };
    return `${escapeJson(JSON.stringify(document, null, io.isTty ? 2 : 0))}\n`;
  } catch {
    return null;
  }
}
