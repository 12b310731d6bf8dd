/**
 * A lab plan: a topology with nothing left to decide. It is what mininet/lab.py executes, word for word, so it
 * is plain JSON: every namespace, interface, address, file and command is written out.
 */
import type { NetworkDescription } from '../../controller/network/description.ts';

export interface LabPlan {
  readonly name: string;
  /** Everything that the lab writes is below it, and it is emptied when the lab starts. */
  readonly runDirectory: string;
  readonly management: ManagementPlan;
  /** The nodes' names, as hosts(5) has them. */
  readonly hosts: string;
  /** `auto`: netem where the kernel has it. */
  readonly delay: 'auto' | 'user-space';
  readonly nodes: readonly NodePlan[];
  readonly links: readonly LinkPlan[];
  readonly guests: readonly GuestPlan[];
  /** What a controller in the machine's own network namespace is to be told. */
  readonly network: NetworkDescription;
}

/** The network that controller and command line reach hosts and edges by; it carries no guest's traffic. */
export interface ManagementPlan {
  readonly node: string;
  /** `198.18.0.0/24` */
  readonly prefix: string;
  /** The lab's only interface in the machine's own network namespace. */
  readonly rootInterface: string;
  /** `198.18.0.1/24` */
  readonly rootAddress: string;
}

export type NodeKind = 'host' | 'edge' | 'router' | 'client' | 'attacker' | 'name-server' | 'management';

export interface NodePlan {
  readonly name: string;
  readonly kind: NodeKind;
  /** Directories that the node has to itself: `source` is mounted on `mount`. */
  readonly directories: readonly { readonly mount: string; readonly source: string }[];
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Run one after the other, in the node. Each ends; daemons detach themselves when they are ready. */
  readonly start: readonly StepPlan[];
}

export interface StepPlan {
  /** For people: `start libvirtd`. */
  readonly what: string;
  readonly argv: readonly string[];
}

export interface LinkPlan {
  readonly a: LinkEnd;
  readonly b: LinkEnd;
  readonly shape?: LinkShape;
}

export interface LinkEnd {
  readonly node: string;
  readonly interface: string;
  readonly mac: string;
}

/** Of each direction. */
export interface LinkShape {
  readonly delayUs: number;
  readonly bitsPerSecond?: number;
  /** Frames that may be on their way at a time; more are dropped. */
  readonly queuePackets: number;
}

export interface GuestPlan {
  readonly name: string;
  readonly host: string;
  /** The domain's XML, as the lab's nodes and the machine see it. */
  readonly domainFile: string;
  /** On each host, what the guest wrote to its serial console there. */
  readonly consoleFiles: Readonly<Record<string, string>>;
}
