/** Chains with damage: commits taken out, doubled, turned around, and written anew with other trees and messages. */
import { createHash } from 'node:crypto';
import { objectsOf, readChain } from '../support/checker/chain.ts';
import { TreeReader } from '../support/checker/objects.ts';
import type { Chain, ChainCommit, GitObject, ObjectSource } from '../support/checker/types.ts';

/** A commit to be: its parent is the one before it, unless it says otherwise. */
export interface Draft {
  readonly commit: ChainCommit;
  readonly tree: string;
  readonly message: string;
  /** Further parents, beside the one before. */
  readonly others?: readonly string[];
}

export type Edit = (text: string) => string | null;

export class Forge {
  private readonly made = new Map<string, GitObject>();
  readonly drafts: Draft[];
  private readonly objects: ObjectSource;
  private readonly reader: TreeReader;

  constructor(chain: Chain) {
    this.objects = { read: (oid) => this.made.get(oid) ?? chain.objects.read(oid) };
    this.reader = new TreeReader(this.objects);
    this.drafts = chain.commits.map((commit) => ({ commit, tree: commit.tree, message: commit.message }));
  }

  /** The text of a file in a draft's tree. */
  read(draft: Draft, path: string): string {
    const entry = this.reader.at(draft.tree, path);
    if (entry === null) throw new Error(`there is no ${path}`);
    return Buffer.from(this.reader.blob(entry.oid)).toString();
  }

  paths(draft: Draft): string[] {
    return this.reader.files(draft.tree).map(({ path }) => path);
  }

  /** The same draft with one file changed; `edit` is given '' where there is none, and gives `null` to remove it. */
  withFile(draft: Draft, path: string, edit: Edit): Draft {
    const isThere = this.reader.at(draft.tree, path) !== null;
    const text = edit(isThere ? this.read(draft, path) : '');
    return { ...draft, tree: this.treeWith(draft.tree, path.split('/'), text) ?? this.write('tree', Buffer.alloc(0)) };
  }

  /** The same draft, with another file of a name that the top has already: in front of that one. */
  withTwin(draft: Draft, name: string, text: string): Draft {
    const { bytes } = this.objects.read(draft.tree) as GitObject;
    const at = Buffer.from(bytes).indexOf(` ${name}\0`) - '100644'.length;
    const oid = Buffer.from(this.write('blob', Buffer.from(text)), 'hex');
    const twin = Buffer.concat([Buffer.from(`100644 ${name}\0`), oid]);
    return { ...draft, tree: this.write('tree', Buffer.concat([bytes.slice(0, at), twin, bytes.slice(at)])) };
  }

  /** The same draft with a folder in which there is nothing; its name is greater than all that stand there. */
  withEmptyFolder(draft: Draft, name: string): Draft {
    return this.withLast(draft, name, this.write('tree', Buffer.alloc(0)));
  }

  /** The same draft with one folder more, in which there are a thousand million files: of ten objects. */
  withCrowd(draft: Draft, name: string): Draft {
    let entry = { mode: '100644', oid: this.write('blob', Buffer.from('x')) };
    for (let level = 0; level < 9; level++) {
      const { mode, oid } = entry;
      const entries = Array.from('0123456789', (each) => [Buffer.from(`${mode} ${each}\0`), Buffer.from(oid, 'hex')]);
      entry = { mode: '40000', oid: this.write('tree', Buffer.concat(entries.flat())) };
    }
    return this.withLast(draft, name, entry.oid);
  }

  /** The chain of the drafts as they are now. */
  chain(): Chain {
    let parent: string | null = null;
    for (const { commit, tree, message, others = [] } of this.drafts) {
      const parents: string[] = [...(parent === null ? [] : [parent]), ...others];
      const { author: a, committer: c } = commit;
      const head = [
        `tree ${tree}`,
        ...parents.map((oid) => `parent ${oid}`),
        `author ${a.name} <${a.email}> ${a.time} ${a.zone}`,
        `committer ${c.name} <${c.email}> ${c.time} ${c.zone}`,
      ];
      parent = this.write('commit', Buffer.from(`${head.join('\n')}\n\n${message}`));
    }
    const source = this.objects;
    return parent === null ? { commits: [], objects: objectsOf(new Map()) } : readChain(source, parent);
  }

  private withLast(draft: Draft, name: string, folder: string): Draft {
    const { bytes } = this.objects.read(draft.tree) as GitObject;
    const more = Buffer.concat([Buffer.from(`40000 ${name}\0`), Buffer.from(folder, 'hex')]);
    return { ...draft, tree: this.write('tree', Buffer.concat([bytes, more])) };
  }

  private treeWith(tree: string | null, path: readonly string[], text: string | null): string | null {
    const [name = '', ...rest] = path;
    const entries = new Map(tree === null ? [] : this.reader.tree(tree));
    if (rest.length > 0) {
      const folder = this.treeWith(entries.get(name)?.oid ?? null, rest, text);
      if (folder === null) entries.delete(name);
      else entries.set(name, { mode: '40000', oid: folder });
    } else if (text === null) entries.delete(name);
    else entries.set(name, { mode: '100644', oid: this.write('blob', Buffer.from(text)) });
    if (entries.size === 0) return null;
    const isBefore = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
    const sortName = ([each, { mode }]: readonly [string, { mode: string }]): string =>
      mode === '40000' ? `${each}/` : each;
    const sorted = [...entries].sort((a, b) => isBefore(sortName(a), sortName(b)));
    return this.write(
      'tree',
      Buffer.concat(
        sorted.map(([each, { mode, oid }]) =>
          Buffer.concat([Buffer.from(`${mode} ${each}\0`), Buffer.from(oid, 'hex')]),
        ),
      ),
    );
  }

  private write(type: GitObject['type'], bytes: Buffer): string {
    const oid = createHash('sha1').update(`${type} ${bytes.length}\0`).update(bytes).digest('hex');
    this.made.set(oid, { type, bytes });
    return oid;
  }
}
