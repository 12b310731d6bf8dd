/**
 * What few commands need, loaded by those alone: charts, a web server and labs take a second of a processor to load, and
 * `migrate` or `block` are typed when time counts, on machines that are busy.
 */
export function onDemand<Args extends unknown[]>(
  load: () => Promise<(...args: Args) => Promise<void> | void>,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    const act = await load();
    await act(...args);
  };
}
