/** The addresses of what can be read as a resource. Pure. */

export type Place =
  | { readonly what: 'board' | 'board.md' }
  | { readonly what: 'task' | 'brief'; readonly workstream: string; readonly id: string }
  | { readonly what: 'knowledge'; readonly topic: string };

export const boardUri = 'orc://board';
export const boardMdUri = 'orc://board.md';
export const taskTemplate = 'orc://task/{workstream}/{id}';
export const briefTemplate = 'orc://brief/{workstream}/{id}';
/** A topic may hold slashes. */
export const knowledgeTemplate = 'orc://knowledge/{+topic}';

export function uriOf(place: Place): string {
  switch (place.what) {
    case 'board':
      return boardUri;
    case 'board.md':
      return boardMdUri;
    case 'knowledge':
      return `orc://knowledge/${place.topic.split('/').map(encodeURIComponent).join('/')}`;
    default:
      return `orc://${place.what}/${encodeURIComponent(place.workstream)}/${place.id}`;
  }
}

/** `null` for what is no address of ours. */
export function placeOf(uri: string): Place | null {
  if (uri === boardUri) return { what: 'board' };
  if (uri === boardMdUri) return { what: 'board.md' };
  const [, what, rest] = /^orc:\/\/(task|brief|knowledge)\/(.+)$/.exec(uri) ?? [];
  if (what === undefined || rest === undefined) return null;
  const parts = decodeAll(rest.split('/'));
  if (parts === null) return null;
  if (what === 'knowledge') return { what, topic: parts.join('/') };
  const [workstream, id, ...more] = parts;
  if (workstream === undefined || id === undefined || more.length > 0) return null;
  return { what: what as 'task' | 'brief', workstream, id };
}

function decodeAll(parts: readonly string[]): string[] | null {
  try {
    return parts.map(decodeURIComponent);
  } catch {
    return null;
  }
}
