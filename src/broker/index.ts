export * from './broker.ts'
export { defaultBrokerLimits } from './broker-limits.ts'
export { brokerError } from './errors.ts'
export { openBroker } from './open-broker.ts'
