/** Lets timers, input and cancellation in: long loops over memory call this every few milliseconds of work. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
