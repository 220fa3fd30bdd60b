/** Who may import whom: the one place that says so. ARCHITECTURE.md shows it; `imports.test.ts` holds it. */

/** Rooms of `src/` in their order; each may import the listed rooms, through their `index.ts`. */
export const rooms = {
  core: [],
  kernels: ['core'],
  log: ['core', 'kernels'],
  broker: ['core', 'kernels', 'log'],
  sql: ['core'],
  lake: ['core', 'sql'],
  features: ['core', 'kernels', 'log', 'sql', 'lake'],
  models: ['core', 'kernels'],
  registry: ['core', 'log', 'models'],
  ingest: ['core', 'kernels', 'log', 'sql'],
  stream: ['core', 'kernels', 'log', 'lake'],
  training: ['core', 'kernels', 'log', 'sql', 'lake', 'features', 'models', 'registry'],
  serving: ['core', 'kernels', 'log', 'features', 'models', 'registry'],
  app: [
    'core',
    'kernels',
    'log',
    'broker',
    'sql',
    'lake',
    'features',
    'models',
    'registry',
    'ingest',
    'stream',
    'training',
    'serving',
  ],
  api: ['core', 'app'],
  cli: ['core', 'log', 'app', 'api'],
  testing: [
    'core',
    'kernels',
    'log',
    'broker',
    'sql',
    'lake',
    'features',
    'models',
    'registry',
    'ingest',
    'stream',
    'training',
    'serving',
    'app',
  ],
} as const satisfies Record<string, readonly string[]>

export type Room = keyof typeof rooms
export const roomNames = Object.keys(rooms) as Room[]
