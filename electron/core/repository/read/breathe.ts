/** Lets timers, input and cancellation in: long loops over memory call this every few milliseconds of work. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** For loops over small things: `due` is true once in so many calls. */
export function breather(every = 20_000): { due(): boolean } {
  let count = 0;
  return {
    due() {
      count = (count + 1) % every;
      return count === 0;
    },
  };
}
