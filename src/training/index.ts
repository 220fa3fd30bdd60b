export * from './model-spec.ts'
export { trainingError } from './errors.ts'
export { openTrainer, type TrainerOptions } from './trainer.ts'
export type { TrainingSource } from './training-source.ts'
