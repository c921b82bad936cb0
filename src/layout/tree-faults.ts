/** What can be wrong with a file before it is opened: its name, its mode, a name beside it that differs by case alone. */
import type { Board } from '../core/board.ts';
import { compareMessages } from '../core/messages.ts';
import { faultInName, faultInPath, foldName } from '../core/names.ts';
import type { Message } from '../core/records.ts';
import { compareText, type Fault } from './faults.ts';
import { type Place, pathOf } from './paths.ts';

const plainFile = '100644';
const faultOfMode: Readonly<Record<string, string>> = {
  '100755': 'is executable',
  '120000': 'is a symbolic link',
  '160000': 'is a submodule',
};
const helpers: ReadonlySet<string> = new Set(['.gitkeep', '.keep', '.gitignore', '.gitattributes']);

/**
 * Why a listed file (`isListed`) is set aside unread, or `null`. Files of others' (a LICENSE at the root, a picture
 * beside knowledge) are left alone as long as their names harm nobody.
 */
export function faultInEntry(path: string, place: Place, mode: string): Fault | null {
  const isForeign = place.kind === 'unknown';
  if (mode !== plainFile && !(isForeign && mode === '100755')) {
    return fault(path, place, `${faultOfMode[mode] ?? `has mode ${mode}`}, no plain file`);
  }
  if (!isForeign) return null;
  const components = path.split('/');
  const name = components.at(-1) ?? '';
  if (helpers.has(name)) return null;
  if (components.length === 1) {
    const dotless = /^\.(?!git$)/i.test(name) ? name.slice(1) : name;
    const inName = faultInName(dotless);
    return inName === null ? null : fault(path, place, `has a name that ${inName}`);
  }
  const inPath = faultInPath(path.replace(/^(locks\/).*$/, '$1x'));
  if (inPath !== null) return fault(path, place, `has a name that ${inPath}`);
  if (components[0] === 'knowledge' && !path.includes('.md')) return null;
  return fault(path, place, 'has a name that no file in this folder has');
}

/** Names that differ by case alone are one file on some systems. Both are kept; the later one is named. */
export function findTwins(board: Board): Fault[] {
  const twins: Fault[] = [];
  const compare = (names: Iterable<string>, toPath: (name: string) => string): void => {
    const firstByFold = new Map<string, string>();
    for (const name of [...names].sort(compareText)) {
      const folded = foldName(name);
      const first = firstByFold.get(folded);
      if (first === undefined) firstByFold.set(folded, name);
      else
        twins.push({
          path: toPath(name),
          reason: `has a name that differs from "${first}" by case alone`,
          kind: 'twin',
        });
    }
  };
  const agents = [...board.agents.loaded()].filter(({ status }) => status === 'active').map(({ id }) => id);
  const resources = [...board.locks.loaded()].map(({ resource }) => resource);
  const workstreams = [...board.workstreams.loaded()].map(({ name }) => name);
  const owners = new Map(
    [...board.messages.loaded()]
      .sort(compareMessages)
      .reverse()
      .map((each) => [each.to, each]),
  );
  compare(agents, (name) => `agents/${name}.json`);
  compare(workstreams, (name) => `workstreams/${name}.json`);
  compare(resources, (resource) => pathOf('locks', { resource, shared: false, holders: [] }));
  compare(owners.keys(), (name) => pathOf('messages', owners.get(name) as Message));
  compare(board.topics, (topic) => `knowledge/${topic}.md`);
  return twins;
}

function fault(path: string, place: Place, reason: string): Fault {
  const isBlocking = place.kind === 'state' || place.kind === 'settings';
  return isBlocking ? { path, reason, kind: 'blocking' } : { path, reason };
}
