export { buildServer, type ServerOptions } from './build-server.ts'
export { apiError } from './errors.ts'
export { listen, type ListenOptions } from './listen.ts'
export { routes } from './routes.ts'
