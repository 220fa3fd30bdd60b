export * from './registry.ts'
export { registryError } from './errors.ts'
