export { buildServer, type ServerOptions } from './build-server.ts'
export { checkListenAddress } from './guards.ts'
export { listen, type ListenOptions } from './listen.ts'
export type * from './answers.ts'
