export * from './model-spec.ts'
export { openTrainer, type TrainerOptions } from './trainer.ts'
export type { TrainingSource } from './training-source.ts'
