/** The part of the WebAssembly JavaScript API that the kernels use; TypeScript ships its types only with the browser's. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

interface WebAssemblyMemory {
  readonly buffer: ArrayBuffer
}
/** A memory that several threads work on at once. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer
}
export interface WebAssemblyModule {
  readonly [Symbol.toStringTag]: string
}
interface WebAssemblyApi {
  readonly Memory: {
    new (pages: { initial: number; maximum: number; shared: true }): SharedMemory
    new (pages: { initial: number; maximum: number }): WebAssemblyMemory
  }
  readonly Module: new (bytes: Uint8Array) => WebAssemblyModule
  readonly Instance: new (
    module: WebAssemblyModule,
    imports: { env: { memory: WebAssemblyMemory | SharedMemory } },
  ) => { readonly exports: unknown }
}

export const webAssembly = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly

/** Bytes of a page of memory, and the most pages of one memory (4 GiB). */
export const PAGE = 65_536
export const MAX_PAGES = 65_536

const opened = new Map<string, WebAssemblyModule | undefined>()

/** The module `build/<name>.wasm`, compiled once; undefined when it was not built or the processor has no SIMD. */
export function openModule(name: string): WebAssemblyModule | undefined {
  if (!opened.has(name)) {
    try {
      const file = fileURLToPath(new URL(`build/${name}.wasm`, import.meta.url))
      opened.set(name, new webAssembly.Module(readFileSync(file)))
    } catch {
      // The reference gives the same answers.
      opened.set(name, undefined)
    }
  }
  return opened.get(name)
}
