export * from './registry.ts'
export { registryError } from './errors.ts'
export { openRegistry, type RegistryOptions } from './open-registry.ts'
export { REGISTRY_STEPS, type RegistryStep } from './entry-writer.ts'
