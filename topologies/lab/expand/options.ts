/**
 * What a plan depends on besides the topology: the machine, and who uses it.
 */
import type { Accelerator } from '../domain-xml.ts';
import type { LabPlan } from '../plan.ts';

export interface ExpandOptions {
  readonly image: GuestImage;
  readonly accelerator: Accelerator;
  /** The parent of run directories. */
  readonly runRoot?: string;
  /**
   * `secure`: br-int forwards nothing until a controller programs it. `standalone`: it is a plain learning
   * switch, for a lab without a controller.
   */
  readonly failMode?: 'secure' | 'standalone';
  readonly delay?: LabPlan['delay'];
  /** `define`: libvirt knows the guests, and someone else starts them. */
  readonly guests?: 'start' | 'define';
}

export interface GuestImage {
  readonly kernel: string;
  readonly initrd: string;
  /** The library that QEMU needs under software emulation. */
  readonly flushTlb: string;
}
