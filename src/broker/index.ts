export { parseListeners } from './parse-listeners.ts'
export * from './broker.ts'
export { openBroker } from './open-broker.ts'
