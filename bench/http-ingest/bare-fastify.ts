/** The programs that stand beside ours in this folder: a server that stores nothing, and who sends a file to it. */
import { fileURLToPath } from 'node:url'

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export const BARE_FASTIFY = here('bare-fastify-child.ts')
export const BARE_SENDER = here('bare-sender-child.ts')
