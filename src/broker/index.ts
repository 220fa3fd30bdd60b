export * from './broker.ts'
export { openBroker } from './open-broker.ts'
