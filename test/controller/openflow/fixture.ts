/** What `ovs-ofctl` sent for a command, recorded by test/ovs/openflow/golden.test.ts. */
export interface Fixture {
  readonly command: string;
  readonly messages: readonly {
    readonly hex: string;
    /** How `ovs-ofctl ofp-print` reads it, without type, version and transaction id. */
    readonly printed: string;
    readonly json: unknown;
  }[];
}
