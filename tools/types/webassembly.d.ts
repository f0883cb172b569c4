/** What the core uses of WebAssembly. TypeScript has these types only together with the whole DOM, which the core must not see. */
declare global {
  namespace WebAssembly {
    class Module {
      constructor(bytes: ArrayBufferView<ArrayBuffer> | ArrayBuffer);
    }
    class Instance {
      constructor(module: Module, imports?: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
      readonly exports: Readonly<Record<string, unknown>>;
    }
    class Memory {
      constructor(descriptor: { readonly initial: number; readonly maximum?: number });
      readonly buffer: ArrayBuffer;
      /** By pages of 64 KiB; detaches the old buffer. */
      grow(pages: number): number;
    }
    class Global {
      value: number;
    }
    function validate(bytes: ArrayBufferView<ArrayBuffer> | ArrayBuffer): boolean;
  }
}

export {};
