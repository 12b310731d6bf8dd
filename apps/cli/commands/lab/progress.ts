/** Progress for people: what repeats itself is said once. */

/** Passes on what is not the same as the time before; `title` was said already. */
export function once(say: (detail: string) => void, title?: string): (detail: string) => void {
  let last = title;
  return (detail) => {
    if (detail === last) return;
    last = detail;
    say(detail);
  };
}
