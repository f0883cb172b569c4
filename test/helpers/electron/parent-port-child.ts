// Gives a process of plain Node what Electron gives a utility process: the port to who started it.
Object.assign(process, {
  parentPort: {
    postMessage: (message: object) => process.send?.(message),
    on: (event: 'message', listener: (event: { readonly data: unknown }) => void) => process.on(event, (data: unknown) => listener({ data })),
  },
});
