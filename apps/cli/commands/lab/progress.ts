/** Progress for people: what repeats itself is said once. */

/** Passes on what is not the same as the time before. */
export function once(say: (detail: string) => void): (detail: string) => void {
  let last: string | undefined;
  return (detail) => {
    if (detail === last) return;
    last = detail;
    say(detail);
  };
}
