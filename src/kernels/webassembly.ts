/** The part of the WebAssembly JavaScript API that the kernels use; TypeScript ships its types only with the browser's. */
interface WebAssemblyMemory {
  readonly buffer: ArrayBuffer
}
export interface WebAssemblyModule {
  readonly [Symbol.toStringTag]: string
}
interface WebAssemblyApi {
  readonly Memory: new (pages: { initial: number; maximum: number }) => WebAssemblyMemory
  readonly Module: new (bytes: Uint8Array) => WebAssemblyModule
  readonly Instance: new (
    module: WebAssemblyModule,
    imports: { env: { memory: WebAssemblyMemory } },
  ) => { readonly exports: unknown }
}

export const webAssembly = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly
