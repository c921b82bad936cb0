/** Flowcharts in Mermaid. What stands on the board is text of strangers: nothing in it may end its label or add to the chart. */

export interface Diagram {
  /** Drawn as boxes around their nodes; nodes without a group stand outside. */
  readonly groups: readonly { readonly title: string; readonly nodes: readonly DiagramNode[] }[];
  readonly edges: readonly DiagramEdge[];
}

export interface DiagramNode {
  /** Hexadecimal digits, as in a task's id. */
  readonly id: string;
  /** Lines of the label, as they are on the board. */
  readonly lines: readonly string[];
  /** One of `nodeStyles`. */
  readonly style: NodeStyle;
  readonly isCritical?: boolean;
}

export interface DiagramEdge {
  readonly from: string;
  readonly to: string;
  /** `waits`: an arrow; `apart`: a dotted line. */
  readonly kind: 'waits' | 'apart';
  readonly label?: string;
}

export const nodeStyles = {
  pending: 'fill:#eef4ff,stroke:#5b7db1,color:#10203a',
  start: 'fill:#dff5e1,stroke:#2e7d32,color:#10301a',
  in_progress: 'fill:#fff4d6,stroke:#b7791f,color:#3a2a05',
  blocked: 'fill:#fde4e4,stroke:#b83232,color:#3d0f0f',
  done: 'fill:#e9ecef,stroke:#6c757d,color:#343a40',
  failed: 'fill:#f8d7da,stroke:#842029,color:#42101a',
  cancelled: 'fill:#f1f1f1,stroke:#999999,color:#666666,stroke-dasharray:4 3',
} as const;
export type NodeStyle = keyof typeof nodeStyles;

/** Characters of one line of a label; the rest is left out. */
const longestLine = 60;

export function renderFlowchart({ groups, edges }: Diagram): string {
  const nodes = groups.flatMap((group) => group.nodes);
  const known = new Set(nodes.map(({ id }) => id));
  const styles = [...new Set(nodes.map(({ style }) => style))].sort();
  const critical = nodes.filter(({ isCritical }) => isCritical === true).map(({ id }) => nodeId(id));
  return [
    'flowchart LR',
    ...groups.flatMap(({ title, nodes: own }, index) => [
      `  subgraph w${index}[${quoted([title])}]`,
      ...own.map(({ id, lines, style }) => `    ${nodeId(id)}[${quoted(lines)}]:::${style}`),
      '  end',
    ]),
    ...edges.filter(({ from, to }) => known.has(from) && known.has(to)).map((edge) => `  ${edgeLine(edge)}`),
    ...styles.map((style) => `  classDef ${style} ${nodeStyles[style]}`),
    ...(critical.length === 0
      ? []
      : ['  classDef critical stroke-width:4px', `  class ${critical.join(',')} critical`]),
    '',
  ].join('\n');
}

function edgeLine({ from, to, kind, label }: DiagramEdge): string {
  const words = label === undefined ? '' : `|${quoted([label])}|`;
  return `${nodeId(from)} ${kind === 'waits' ? '-->' : '-.-'}${words} ${nodeId(to)}`;
}

/** A letter first: digits alone, or a word such as `end`, would be read as something else. */
function nodeId(id: string): string {
  return `t${id.replace(/[^0-9a-z]/gi, '')}`;
}

/** A label in quotes. `<br/>` is the only markup in it, and ours. */
function quoted(lines: readonly string[]): string {
  return `"${lines.map(labelText).join('<br/>')}"`;
}

/**
 * Text for a label: letters, digits and a few harmless signs as they are, everything else as `#` and its number, which
 * Mermaid shows as the character and takes for nothing else. Characters that cannot be seen are left out.
 */
export function labelText(text: string): string {
  const cut = [...text.replace(/[\p{Z}\s]+/gu, ' ').trim()];
  const shown = cut.length <= longestLine ? cut : [...cut.slice(0, longestLine - 1), '…'];
  return shown
    .map((character) => {
      if (/^[\p{L}\p{N}\p{M} .,/_-]$/u.test(character)) return character;
      return /^[\p{C}]$/u.test(character) ? '' : `#${character.codePointAt(0)};`;
    })
    .join('');
}
