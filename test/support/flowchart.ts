/** Reads the flowcharts that orc draws, by a grammar that is stricter than Mermaid's: whatever is not in it fails. */
export interface ReadFlowchart {
  /** Labels by node, entities decoded; lines apart. */
  readonly nodes: ReadonlyMap<
    string,
    { readonly lines: readonly string[]; readonly style: string; readonly group: string }
  >;
  readonly edges: readonly {
    readonly from: string;
    readonly to: string;
    readonly arrow: string;
    readonly label: string | null;
  }[];
  readonly critical: readonly string[];
}

const plain = String.raw`(?:[\p{L}\p{N}\p{M} .,/_-]|#\d+;)*`;
const label = `"(${plain}(?:<br/>${plain})*)"`;
const node = new RegExp(String.raw`^ {4}(t[0-9a-z]+)\[${label}\]:::([a-z_]+)$`, 'u');
const group = new RegExp(String.raw`^ {2}subgraph w\d+\[${label}\]$`, 'u');
const edge = new RegExp(String.raw`^ {2}(t[0-9a-z]+) (-->|-\.-)(?:\|${label}\|)? (t[0-9a-z]+)$`, 'u');
const styling = /^ {2}classDef [a-z_]+ [a-z0-9#:, -]+$/;

/** @throws Error naming the first line that is none of these */
export function readFlowchart(text: string): ReadFlowchart {
  const [first, ...lines] = text.replace(/\n$/, '').split('\n');
  if (first !== 'flowchart LR') throw new Error(`no flowchart: ${first}`);
  const nodes = new Map<string, { lines: string[]; style: string; group: string }>();
  const edges: ReadFlowchart['edges'][number][] = [];
  const critical: string[] = [];
  let inside: string | null = null;
  for (const line of lines) {
    const asNode = node.exec(line);
    const asGroup = group.exec(line);
    const asEdge = edge.exec(line);
    if (asGroup !== null && inside === null) inside = decode(asGroup[1] ?? '');
    else if (line === '  end' && inside !== null) inside = null;
    else if (asNode !== null && inside !== null) {
      const [, id = '', words = '', style = ''] = asNode;
      if (nodes.has(id)) throw new Error(`${id} is there twice`);
      nodes.set(id, { lines: words.split('<br/>').map(decode), style, group: inside });
    } else if (asEdge !== null && inside === null) {
      const [, from = '', arrow = '', words, to = ''] = asEdge;
      if (!nodes.has(from) || !nodes.has(to)) throw new Error(`an edge of an unknown node: ${line}`);
      edges.push({ from, to, arrow, label: words === undefined ? null : decode(words) });
    } else if (/^ {2}class t[0-9a-z,]+ critical$/.test(line)) critical.push(...(line.split(' ')[3] ?? '').split(','));
    else if (!styling.test(line)) throw new Error(`not understood: ${line}`);
  }
  return { nodes, edges, critical };
}

function decode(text: string): string {
  return text.replace(/#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
}
