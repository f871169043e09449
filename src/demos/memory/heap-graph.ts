/** Reads what DevTools show of a heap snapshot: objects by constructor, and the path of references that holds one. */
import { text } from 'node:stream/consumers';
import { getHeapSnapshot } from 'node:v8';

/** https://github.com/v8/v8/blob/main/src/profiler/heap-snapshot-generator.cc */
interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[], ...unknown[]];
      readonly edge_fields: readonly string[];
      readonly edge_types: readonly [readonly string[], ...unknown[]];
    };
  };
  readonly nodes: readonly number[];
  readonly edges: readonly number[];
  readonly strings: readonly string[];
}

export interface ConstructorSize {
  readonly count: number;
  readonly bytes: number;
}

interface Reached {
  /** The node from which the breadth-first search came; -1 for the root. */
  readonly from: number;
  readonly edge: number;
}

/** The objects of this thread that are reachable now. */
export class HeapGraph {
  readonly #snapshot: Snapshot;
  readonly #nodeFields: number;
  readonly #edgeFields: number;

  private constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    this.#nodeFields = snapshot.snapshot.meta.node_fields.length;
    this.#edgeFields = snapshot.snapshot.meta.edge_fields.length;
  }

  /** Takes a snapshot, which collects garbage first. */
  static async take(): Promise<HeapGraph> {
    return new HeapGraph(JSON.parse(await text(getHeapSnapshot())) as Snapshot);
  }

  /** How many objects of each constructor there are, and their own size. */
  byConstructor(): Map<string, ConstructorSize> {
    const sizes = new Map<string, { count: number; bytes: number }>();
    for (let node = 0; node < this.#snapshot.nodes.length; node += this.#nodeFields) {
      const name = this.#constructorOf(node);
      const size = sizes.get(name) ?? { count: 0, bytes: 0 };
      sizes.set(name, size);
      size.count += 1;
      size.bytes += this.#field(node, 'self_size');
    }
    return sizes;
  }

  /**
   * The shortest path of strong references from a root to the newest object of a constructor.
   *
   * @returns one step per reference: `_events: Object`; empty if there is no such object
   */
  pathTo(constructor: string): string[] {
    const reached = this.#reachFromRoot();
    const target = [...reached.keys()]
      .filter((node) => this.#constructorOf(node) === constructor)
      .toSorted((a, b) => this.#field(b, 'id') - this.#field(a, 'id'))[0];
    const path: string[] = [];
    for (let node = target; node !== undefined && node >= 0;) {
      const step = reached.get(node);
      // Roots have names of V8's own, which tell little.
      if (step !== undefined && step.from >= 0 && this.#typeOf(node) !== 'synthetic') {
        path.unshift(`${this.#edgeName(step.edge)}: ${this.#constructorOf(node)}`);
      }
      node = step?.from;
    }
    // It begins with how V8 finds the variables of a module.
    const start = path.findIndex((step) => !/^(?:\d+|context): |: \(closure\)$/.test(step));
    return start === -1 ? path : path.slice(start);
  }

  #reachFromRoot(): Map<number, Reached> {
    const firstEdges = this.#firstEdges();
    const reached = new Map<number, Reached>([[0, { from: -1, edge: -1 }]]);
    // A Map may grow while it is iterated: it is the queue of the search as well.
    for (const node of reached.keys()) {
      const first = firstEdges.get(node) ?? 0;
      const end = first + this.#field(node, 'edge_count') * this.#edgeFields;
      for (let edge = first; edge < end; edge += this.#edgeFields) {
        const to = this.#snapshot.edges[edge + 2] ?? 0;
        if (this.#edgeType(edge) !== 'weak' && !reached.has(to)) reached.set(to, { from: node, edge });
      }
    }
    return reached;
  }

  /** Edges are in the order of their nodes. */
  #firstEdges(): Map<number, number> {
    const first = new Map<number, number>();
    let edge = 0;
    for (let node = 0; node < this.#snapshot.nodes.length; node += this.#nodeFields) {
      first.set(node, edge);
      edge += this.#field(node, 'edge_count') * this.#edgeFields;
    }
    return first;
  }

  #field(node: number, name: string): number {
    const index = this.#snapshot.snapshot.meta.node_fields.indexOf(name);
    return this.#snapshot.nodes[node + index] ?? 0;
  }

  #typeOf(node: number): string {
    return this.#snapshot.snapshot.meta.node_types[0][this.#field(node, 'type')] ?? '';
  }

  #constructorOf(node: number): string {
    const type = this.#typeOf(node);
    const isNamed = type === 'object' || type === 'native';
    return isNamed ? (this.#snapshot.strings[this.#field(node, 'name')] ?? '') : `(${type})`;
  }

  #edgeType(edge: number): string {
    return this.#snapshot.snapshot.meta.edge_types[0][this.#snapshot.edges[edge] ?? 0] ?? '';
  }

  #edgeName(edge: number): string {
    const name = this.#snapshot.edges[edge + 1] ?? 0;
    const isIndex = ['element', 'hidden'].includes(this.#edgeType(edge));
    return isIndex ? `[${name}]` : (this.#snapshot.strings[name] ?? '');
  }
}
