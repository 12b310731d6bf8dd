/** A promise that others open, or fail. */
export function gate() {
  let open!: () => void;
  let fail!: (error: unknown) => void;
  const passed = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  passed.catch(() => undefined);
  return { passed, open, fail };
}
