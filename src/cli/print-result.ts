/** Prints a command's answer, and says what became of it where it is not published. */
import type { Call } from './call.ts';
import type { CommandResult, CommandSpec } from './command.ts';
import { escapeJson, escapeText } from './escape.ts';
import { exitCodes } from './exit-codes.ts';
import type { Look } from './look.ts';

/** @returns the exit code */
export async function printResult(spec: CommandSpec, result: CommandResult, call: Call, look: Look): Promise<number> {
  const { published, reason = null, state } = result;
  const isUnwanted = published === false && reason !== null;
  if (result.told === true) return result.exitCode ?? exitCodes.done;
  if (call.globals.json) {
    call.io.stdout(`${toJson({ ...result, data: spec.toJson?.(result.data) ?? result.data }, look.isTty)}\n`);
  } else {
    // What is not known to have happened is not shown as if it had.
    const lines = state === 'unknown' ? [] : spec.view(result, look, call);
    const more = publishedLine(result, call, look);
    const raw = state === 'unknown' ? '' : (spec.raw?.(result, look) ?? '');
    call.io.stdout(raw + [...lines, ...more].map((line) => `${line}\n`).join(''));
    await sayUnpublished(result, call);
  }
  if (result.exitCode !== undefined) return result.exitCode;
  return isUnwanted ? exitCodes.notPublished : exitCodes.done;
}

function toJson({ data, published, version, state, op, reason }: CommandResult, isTty: boolean): string {
  const document = { data: data ?? null, published, version, state, op, ...(reason ? { reason } : {}) };
  return escapeJson(JSON.stringify(document, null, isTty ? 2 : 0));
}

/** On a terminal only: whoever reads the lines by program knows the original's. */
function publishedLine({ published, version }: CommandResult, call: Call, look: Look): string[] {
  if (!look.isTty || published !== true || call.orc === null) return [];
  return [look.style('dim', look.line(`published to ${call.orc.connection.transport.label}, version ${version}`))];
}

async function sayUnpublished({ published, reason = null, state, op }: CommandResult, call: Call): Promise<void> {
  if (published === true || (published === null && reason === null)) return;
  const why = escapeText(reason ?? '');
  if (published === null) call.note(`decided without the upstream: ${why}`);
  else if (state === 'unknown') call.note(`not published: ${why} — it may have arrived: ask again with --op ${op}`);
  else if (reason !== null) call.note(`not published: ${why} — queued; orc sync publishes it`);
  else call.note(`queued (publish: ${await (await call.open()).publishMode()})`);
}
